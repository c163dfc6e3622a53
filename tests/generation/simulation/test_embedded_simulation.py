"""Simulated talks without a language model: what is said, by whom, and where it ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generation.repair_logs import TAXONOMY, repair_logs
from tests.labelling.conftest import WordEncoder
from turnwise.conversations import Turn, merge_turns
from turnwise.errors import ConfigError, GenerationError
from turnwise.generated import GeneratedTurn
from turnwise.generation.asking import Tally
from turnwise.generation.emission.pools import Pools
from turnwise.generation.simulation import (
    DEFAULT_MIX,
    MOVES,
    Exchanges,
    compare_labels,
    embedded_players,
    mix_of,
    seed_queries,
    simulate,
)
from turnwise.generation.simulation.cues import kind_of, kinds_near
from turnwise.generation.simulation.embedded import EmbeddedController
from turnwise.generation.simulation.players import Answer
from turnwise.generation.simulation.scene import OPENING, Scene
from turnwise.llm import Background

MANY = 150


@pytest.fixture(scope="module")
def made(exchanges, seeds):
    return list(simulate(embedded_players(exchanges), seeds, range(MANY)))


def test_each_opens_with_a_seed_query_and_its_labels(made, seeds):
    by_source = {seed.source: seed for seed in seeds}
    for one in made:
        opening = one.turns[0]
        seed = by_source[opening.sources[0]]
        assert (opening.made, opening.text, opening.labels) == (OPENING, seed.text, seed.labels)


def test_both_sides_take_turns_and_the_talk_ends_as_its_outcome_says(made):
    ends = {"resolved": "end", "handed_over": "ask for an agent"}
    assert {one.outcome for one in made} <= {*ends, "turn_limit"}
    assert sum(one.outcome == "resolved" for one in made) > MANY / 2
    for one in made:
        assert len(merge_turns(one.conversation().turns)) == len(one.turns)
        if one.outcome in ends:
            assert one.customer[-1].made == ends[one.outcome]


def test_every_move_is_made_and_every_customer_turn_tells_its_seed_query(made, seeds):
    sources = {seed.source for seed in seeds}
    assert {turn.made for one in made for turn in one.customer} == {OPENING, *MOVES}
    assert all(turn.sources[0] in sources for one in made for turn in one.customer)


def test_a_change_of_intent_brings_the_labels_of_its_seed_query_and_small_talk_keeps_them(made):
    keeping = {"chit-chat", "frustration", "ask for an agent", "end"}
    for one in made:
        for before, turn in pairwise(one.customer):
            if turn.made == "intent change":
                assert turn.labels != before.labels
            if turn.made in keeping:
                assert turn.labels == before.labels


def test_nobody_says_the_same_answer_twice_in_a_row(made):
    for one in made:
        said = [turn.text for turn in one.turns if turn.role == "agent"]
        assert all(a != b for a, b in pairwise(said))


def test_a_conversation_hangs_on_its_seed_and_number_alone(exchanges, seeds, made):
    players = embedded_players(exchanges)
    assert list(simulate(players, seeds, [7, 3])) == [made[7], made[3]]
    again = list(simulate(players, seeds, range(20), at_once=1))
    assert again == made[:20]
    assert list(simulate(players, seeds, range(20), seed=1)) != again


def test_another_order_of_the_logs_makes_the_same_conversations(logs, made):
    shuffled = logs[::-1]
    players = embedded_players(Exchanges(Pools.gather(shuffled, TAXONOMY)))
    assert list(simulate(players, seed_queries(shuffled, "product"), range(30))) == made[:30]


def test_who_never_ends_is_stopped_at_the_limit_and_counted(exchanges, seeds):
    endless = mix_of({"end": 0, "ask for an agent": 0, "follow-up": 5})
    tally = Tally()
    made = list(
        simulate(
            embedded_players(exchanges), seeds, range(20), mix=endless, most_turns=5, tally=tally
        )
    )
    stopped = [one for one in made if one.outcome == "turn_limit"]
    assert len(stopped) == tally.outcomes["turn_limit"] > 0
    assert all(len(one.customer) == 5 for one in stopped)


def test_a_mix_under_which_nothing_fits_drops_and_says_so(exchanges, seeds):
    nothing = mix_of({move: float(move == "ask for an agent") for move in MOVES})
    tally = Tally()
    assert not list(
        simulate(embedded_players(exchanges), seeds, range(5), mix=nothing, tally=tally)
    )
    assert [(one.reason, one.count) for one in tally.reasons] == [
        ("controller: no move of the mix fits", 5)
    ]


def test_wishes_of_another_market_are_never_mixed_in():
    both = [*repair_logs(8, "DE"), *repair_logs(8, "US")]
    logs = [
        replace(one, conversation=replace(talk, id=f"{place} {talk.market}"))
        for place, one in enumerate(both)
        for talk in (one.conversation,)
    ]
    players = embedded_players(Exchanges(Pools.gather(logs, TAXONOMY)))
    for one in simulate(players, seed_queries(logs, "product"), range(40)):
        assert {turn.sources[0].split("#")[0][-2:] for turn in one.customer} == {one.market}


def test_one_conversation_is_enough_to_play_with():
    logs = repair_logs(1)
    players = embedded_players(Exchanges(Pools.gather(logs, TAXONOMY)))
    made = list(simulate(players, seed_queries(logs, "product"), range(10)))
    assert len(made) == 10
    assert "intent change" not in {turn.made for one in made for turn in one.turns}


def test_logs_without_agents_are_played_with_phrases(logs):
    silent = [
        replace(
            one,
            conversation=replace(
                one.conversation,
                turns=tuple(turn for turn in one.conversation.turns if turn.role == "customer"),
            ),
            labels={place // 2: labels for place, labels in one.labels.items()},
        )
        for one in logs
    ]
    players = embedded_players(Exchanges(Pools.gather(silent, TAXONOMY)))
    made = list(simulate(players, seed_queries(silent, "product"), range(20)))
    assert all(turn.made == "phrase" for one in made for turn in one.turns if turn.role == "agent")


def test_no_seed_query_and_no_turn_are_refused(exchanges, seeds):
    players = embedded_players(exchanges)
    with pytest.raises(GenerationError, match="seed query"):
        list(simulate(players, [], range(3)))
    with pytest.raises(GenerationError, match="at least one turn"):
        list(simulate(players, seeds, range(3), most_turns=0))


def test_a_mix_names_moves_and_weights_from_0():
    assert mix_of({}) == DEFAULT_MIX
    with pytest.raises(ConfigError, match="no move 'sing'"):
        mix_of({"sing": 1})
    with pytest.raises(ConfigError, match=r"moves\.end"):
        mix_of({"end": -1})


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("that's all, thanks", "end"),
        ("No that is all I need.", "end"),
        ("that's all i see on the screen", "follow-up"),
        ("can you put me through to a real person", "ask for an agent"),
        ("this is ridiculous", "frustration"),
        ("what do you mean by fitting", "clarification"),
        ("haha thanks!", "chit-chat"),
        ("the front wheel of it", "follow-up"),
    ],
)
def test_words_tell_the_move_that_a_turn_of_the_logs_makes(text, move):
    assert kind_of(text) == move


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ("i am all set", "end"),
        ("am i all set?", "follow-up"),
        ("put me through to a human", "ask for an agent"),
        ("the saddle of the bike", "follow-up"),
    ],
)
def test_an_encoder_tells_the_move_by_the_nearest_phrase(text, move):
    assert kinds_near([text], WordEncoder()) == [move]


def test_an_encoder_finds_more_turns_of_a_kind(logs):
    ends = [
        replace(
            one,
            conversation=replace(
                one.conversation,
                turns=(*one.conversation.turns[:-1], Turn("customer", "ok that solved it")),
            ),
        )
        for one in logs
    ]
    pools = Pools.gather(ends, TAXONOMY)
    plain, encoded = Exchanges(pools), Exchanges(pools, WordEncoder())
    assert not [one for one in plain.all if one.kind == "end"]
    assert {one.said.text for one in encoded.all if one.kind == "end"} == {"ok that solved it"}


class TestController:
    """Which moves fit."""

    @staticmethod
    def moves(seeds, *answers: Answer, made: tuple[str, ...] = ()) -> set[str]:
        customer = GeneratedTurn("customer", seeds[0].text, seeds[0].labels)
        turns = tuple(
            turn for one in answers for turn in (customer, GeneratedTurn("agent", one.text))
        )
        scene = Scene(0, 0, seeds[0], seeds[0], turns=turns, moves=made, answers=answers)
        with Background() as place:
            return set(place.submit(EmbeddedController().feasible(scene)).result())

    def test_nobody_ends_before_the_wish_is_settled(self, seeds):
        assert "end" not in self.moves(seeds, Answer("We look into it now."))
        assert "end" in self.moves(seeds, Answer("That is done now.", settled=True))

    def test_a_settled_matter_with_a_reference_number_is_left_alone(self, seeds):
        answer = Answer("All done, your number is R-7744120.", settled=True)
        assert self.moves(seeds, answer) == {"end", "intent change"}

    def test_frustration_needs_a_reason(self, seeds):
        assert "frustration" not in self.moves(seeds, Answer("What colour is it?"))
        assert "frustration" in self.moves(seeds, Answer("We can't do that.", helpful=False))

    def test_who_is_not_helped_over_several_turns_asks_for_a_person(self, seeds):
        useless = Answer("Say that again.", helpful=False)
        assert "ask for an agent" not in self.moves(seeds, Answer("What colour is it?"))
        again = self.moves(seeds, useless, useless, useless, made=("follow-up", "follow-up"))
        assert {"ask for an agent", "frustration"} <= again
        assert "follow-up" not in again


def test_labels_given_afterwards_are_compared_with_those_intended(made):
    given = {
        (one.id, place): {**turn.labels, "wish": "PRICE"}
        for one in made
        for place, turn in enumerate(one.turns)
        if turn.role == "customer" and turn.made != "chit-chat"
    }
    found = compare_labels(made, given)
    turns = sum(len(one.customer) for one in made)
    assert found.dimensions["product"].turns == turns
    assert found.dimensions["product"].share == 1
    priced = sum(turn.labels["wish"] == "PRICE" for one in made for turn in one.customer)
    assert 0 < found.dimensions["wish"].agreed <= priced
    assert found.moves["chit-chat"]["wish"].given == 0
    assert found.moves["chit-chat"]["wish"].share == 0


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(MOVES), st.floats(0, 10)), st.integers(0, 10**6))
def test_only_moves_with_a_weight_are_made(exchanges, seeds, weights, seed):
    mix = mix_of(weights)
    players = embedded_players(exchanges)
    for one in simulate(players, seeds, range(3), seed=seed, mix=mix, most_turns=6):
        assert all(mix[turn.made] > 0 for turn in one.customer[1:])


def test_who_says_a_wish_again_repeats_a_sentence_of_it_at_most(exchanges, seeds):
    """Also where nobody in the logs put it otherwise, as here: the words are unheard of."""
    long = "zorbs came in green. please send the blue ones instead of them"
    short = "zorbs came in green instead of blue"
    for text in (long, short):
        rare = [replace(seeds[0], text=text, source="rare#0")]
        players = embedded_players(exchanges)
        talks = simulate(players, rare, range(MANY), mix=mix_of({"rambling": 50}))
        again = [turn for one in talks for turn in one.customer if turn.made == "rambling"]
        assert again
        assert all(text not in turn.text for turn in again)
        assert all(turn.labels == seeds[0].labels for turn in again)
