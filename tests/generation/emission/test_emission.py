"""Chains become labelled conversations: every turn as its state says, none a copy of the logs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.generation.emission.library_talks import (
    FIND,
    JOIN,
    MOVE,
    PAY,
    RENEW,
    TAXONOMY,
    talk,
    talks,
    texts_of,
)
from turnwise.errors import GenerationError
from turnwise.generated import State
from turnwise.generation.chains import ChainSampler, UniformSampler, estimate_chains
from turnwise.generation.emission import Pools, emit
from turnwise.generation.emission.words import plain

METHODS = ("random", "hmm", "embedded")
LOGS = talks()


@pytest.fixture(scope="module")
def pools() -> Pools:
    return Pools.gather(LOGS, TAXONOMY)


@pytest.fixture(scope="module")
def chains() -> list[tuple[State, ...]]:
    statistics = estimate_chains(LOGS, TAXONOMY.dimension_names, intent="intent")
    sampler = ChainSampler(statistics)
    return [sampler.chain(0, number) for number in range(80)]


def states_of(one) -> list[State]:
    return [
        tuple(turn.labels.get(name, "") for name in TAXONOMY.dimension_names)
        for turn in one.customer
    ]


@pytest.mark.parametrize("method", METHODS)
def test_each_turn_carries_the_labels_of_its_state(pools, chains, method):
    emission = emit(chains, pools, method)
    made = {one.id: one for one in emission}
    short = 0
    for number, chain in enumerate(chains):
        if (name := f"{method}-0-{number}") in made:
            states = states_of(made[name])
            assert states == list(chain[: len(states)])
            short += len(states) < len(chain)
    assert short == emission.shortened
    assert len(made) + sum(one.count for one in emission.dropped if "copy" in one.reason) == 80


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_makes_the_same_whatever_else_is_made(pools, chains, method):
    whole = list(emit(chains, pools, method, 5))
    again = list(emit(chains[40:], pools, method, 5, first=40))
    assert [one for one in whole if int(one.id.rsplit("-", 1)[1]) >= 40] == again
    assert whole != list(emit(chains, pools, method, 6))


@pytest.mark.parametrize("method", METHODS)
def test_no_conversation_is_a_copy_of_one_of_the_logs(pools, method):
    real = {tuple(map(plain, texts_of(one))) for one in LOGS}
    made = list(emit([(PAY, PAY)] * 200, pools, method))
    assert made
    assert not real & {tuple(plain(turn.text) for turn in one.customer) for one in made}


def test_what_could_only_be_copied_is_dropped_and_counted():
    pools = Pools.gather([talk("a", ("one", FIND, ""), ("two", PAY, ""))], TAXONOMY)
    emission = emit([(FIND, PAY)], pools, "hmm")
    assert list(emission) == []
    assert [(one.count, "copy" in one.reason) for one in emission.dropped] == [(1, True)]


@pytest.mark.parametrize("method", METHODS)
def test_a_state_without_an_example_drops_its_chain_and_says_so(pools, method):
    emission = emit([(FIND, MOVE), (), (FIND, JOIN)], pools, method)
    (made,) = emission
    assert made.customer[1].sources == ("taxonomy:intent/JOIN",)
    told = {one.reason: one.count for one in emission.dropped}
    assert told == {"no example of Loans · MOVE": 1, "a chain of no state": 1}


def test_examples_stand_where_they_stood(pools):
    made = list(emit([(RENEW, RENEW, PAY, PAY)] * 30, pools, "embedded"))
    firsts = {one.customer[0].text for one in made}
    assert all(text.startswith("I want to renew") for text in firsts)
    seconds = {plain(one.customer[1].text) for one in made}
    assert seconds <= {"that's right", "yes exactly"}
    assert all("pay my fee" in one.customer[2].text for one in made)
    assert all(plain(one.customer[3].text) in ("yes", "by card yes") for one in made)


def test_no_two_turns_come_from_one_conversation_while_there_are_others(pools):
    for one in emit([(FIND, FIND, PAY, PAY)] * 20, pools, "embedded"):
        sources = [turn.sources[0].partition("#")[0] for turn in one.customer]
        assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("method", METHODS)
def test_answers_follow_the_utterance_that_they_followed_in_the_logs(pools, chains, method):
    said = {one.conversation.id: one.conversation.turns for one in LOGS}
    for one in emit(chains, pools, method):
        for turn in one.turns:
            source, _, index = turn.sources[0].partition("#")
            if turn.role == "agent":
                assert said[source][int(index)].text == turn.text
                assert turn.labels == {}


def test_where_no_agent_spoke_nobody_answers():
    logs = [
        talk("a", ("one", FIND, ""), ("two", PAY, "")),
        talk("b", ("three", FIND, ""), ("four", PAY, "")),
    ]
    made = list(emit([(FIND, FIND, PAY)] * 5, Pools.gather(logs, TAXONOMY), "embedded"))
    assert {turn.role for one in made for turn in one.turns} == {"customer"}


def test_single_turns_are_enough():
    logs = [
        talk(f"{one.conversation.id}.{place}", (text, state, ""))
        for one in LOGS
        for place, (text, state) in enumerate(zip(texts_of(one), _states(one), strict=True))
    ]
    made = list(emit([(FIND, FIND, PAY)] * 10, Pools.gather(logs, TAXONOMY), "embedded"))
    assert [states_of(one) for one in made] == [[FIND, FIND, PAY]] * 10


def _states(one) -> Sequence[State]:
    return [tuple(labels.values()) for labels in one.labels.values()]


class Blind:
    """Reads the first label from everything."""

    def __init__(self) -> None:
        self.asked = 0

    def probabilities(self, examples):
        self.asked += len(examples)
        found = {}
        for one in TAXONOMY.dimensions:
            found[one.name] = np.zeros((len(examples), len(one.names)), np.float32)
            found[one.name][:, 0] = 1
        return found


def test_an_adapted_turn_stands_as_it_was_where_another_label_is_read_from_it(pools, chains):
    reader = Blind()
    emission = emit(chains, pools, "embedded", reader=reader)
    for one in emission:
        for turn in one.customer:
            if turn.rules:
                assert (turn.labels["area"], turn.labels["intent"]) == FIND
                assert turn.made == "adapted"
    (undone,) = (one for one in emission.dropped if "another label" in one.reason)
    assert 0 < undone.count <= reader.asked


def test_nothing_to_avoid_is_ever_said(chains):
    avoid = [text for one in LOGS[:8] for text in texts_of(one)]
    avoid.append("I want to pay my fee of 12 euros.")  # what "Thanks. I also ..." may become
    pools = Pools.gather(LOGS, TAXONOMY, avoid=avoid)
    banned = set(map(plain, avoid))
    for method in METHODS:
        made = list(emit(chains, pools, method))
        assert made
        assert not banned & {plain(turn.text) for one in made for turn in one.turns}


def test_market_and_locale_are_those_that_were_said(pools, chains):
    one = next(iter(emit(chains, pools, "hmm", market="nl", locale="nl-NL")))
    assert (one.id, one.market, one.locale) == ("hmm-nl-0-0", "nl", "nl-NL")


def test_chains_of_another_taxonomy_and_unknown_methods_are_refused(pools):
    with pytest.raises(GenerationError, match="another taxonomy"):
        list(emit([(("FIND",),)], pools, "hmm"))
    with pytest.raises(GenerationError, match="Known: random, hmm, embedded"):
        emit([], pools, "markov")


def test_uniform_chains_serve_random(pools):
    sampler = UniformSampler(estimate_chains(LOGS, TAXONOMY.dimension_names, intent="intent"))
    made = list(emit((sampler.chain(0, at) for at in range(30)), pools, "random"))
    assert {state for one in made for state in states_of(one)} == {FIND, RENEW, PAY}


REPEATED_CHAIN = (FIND, FIND, PAY, PAY, FIND, FIND, PAY, PAY, FIND, FIND)


@pytest.mark.parametrize("method", METHODS)
def test_nobody_says_the_same_twice(pools, method):
    for one in emit([REPEATED_CHAIN] * 40, pools, method):
        said = [plain(turn.text) for turn in one.customer]
        assert len(set(said)) == len(said)


@pytest.mark.parametrize("method", METHODS)
def test_sources_do_not_meet_wherever_a_fresh_one_is_left(method):
    """Of twenty that stood right, nearly all are of a talk that is used; one elsewhere is not."""
    told = [(f"find number {place}", FIND, "") for place in range(30)]
    logs = [talk("long", *told), talk("other", ("find me another", FIND, ""), ("pay", PAY, ""))]
    for one in emit([(FIND, FIND)] * 30, Pools.gather(logs, TAXONOMY), method):
        assert {turn.sources[0].partition("#")[0] for turn in one.customer} == {"long", "other"}


@pytest.mark.parametrize("method", METHODS)
def test_a_conversation_ends_where_nothing_is_left_to_say(method):
    logs = [
        talk("a", ("find this", FIND, ""), ("pay now", PAY, "")),
        talk("b", ("find that", FIND, ""), ("Find this!", FIND, ""), ("pay later", PAY, "")),
    ]
    emission = emit([(FIND, FIND, FIND, PAY)] * 10, Pools.gather(logs, TAXONOMY), method)
    made = list(emission)
    assert len(made) == 10
    assert {tuple(states_of(one)) for one in made} == {(FIND, FIND)}
    assert emission.shortened == 10


@pytest.mark.parametrize("method", METHODS)
def test_an_answer_is_given_once_while_the_same_words_had_another(method):
    logs = [
        talk("a", ("find it", FIND, "Which one?"), ("pay now", PAY, "By card?")),
        talk("b", ("look it up", FIND, "Which one?"), ("pay it", PAY, "By card?")),
        talk("c", ("Find it!", FIND, "Who wrote it?"), ("pay it all", PAY, "In cash?")),
        talk("d", ("Look it up.", FIND, "Who wrote it?"), ("pay half", PAY, "In cash?")),
    ]
    for one in emit([(FIND, FIND)] * 40, Pools.gather(logs, TAXONOMY), method):
        answers = [turn.text for turn in one.turns if turn.role == "agent"]
        assert sorted(answers) == ["Which one?", "Who wrote it?"]


def test_an_example_whose_answer_was_given_is_chosen_last():
    logs = [talk(f"t{n}", (f"find book {n}", FIND, f"Answer {n % 2}")) for n in range(10)]
    logs = [*logs, talk("u", ("pay", PAY, "Paid"), ("pay more", PAY, "Paid"))]
    for one in emit([(FIND, FIND)] * 40, Pools.gather(logs, TAXONOMY), "embedded"):
        assert one.turns[1].text != one.turns[3].text
