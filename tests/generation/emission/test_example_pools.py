"""Examples by what they mean: where they stood, what falls back on what, what is never used."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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
from turnwise.conversations import Conversation, Turn
from turnwise.generated import LabelledConversation
from turnwise.generation.emission.pools import MOST_CHARACTERS, Pools


def pools(*logs: LabelledConversation, **settings) -> Pools:
    return Pools.gather(logs, TAXONOMY, **settings)


def test_an_utterance_knows_where_it_stood():
    said = talk("a", ("one", FIND, "A?"), ("two", FIND, "B?"), ("three", PAY, ""))
    gathered = pools(said)
    one, two = sorted(gathered.pool(FIND).utterances, key=lambda each: each.source)
    (three,) = gathered.pool(PAY).utterances
    assert (one.position, one.before, one.after) == ("opening", None, FIND)
    assert (two.position, two.before, two.after) == ("continuing", FIND, PAY)
    assert (three.position, three.before, three.after) == ("switching", FIND, None)
    assert (two.asked, two.answer, two.source) == ("A?", "B?", "a#2")


def test_single_turns_tell_no_position_and_keep_their_answer():
    gathered = pools(talk("a", ("one", FIND, "A?")), talk("b", ("two", FIND, "")))
    assert not gathered.positions
    assert {each.position for each in gathered.pool(FIND).utterances} == {"unknown"}
    assert {each.answer for each in gathered.pool(FIND).utterances} == {"A?", ""}


def test_a_turn_behind_one_without_labels_stood_nobody_knows_where():
    conversation = Conversation("a", (Turn("customer", "hm"), Turn("customer", "the fee")))
    logs = LabelledConversation(conversation, {1: {"area": "Fees", "intent": "PAY"}})
    assert pools(logs).pool(PAY).utterances[0].position == "unknown"


def test_a_state_falls_back_on_its_intent_then_on_the_taxonomy_then_on_nothing():
    gathered = pools(*talks())
    elsewhere = gathered.pool(("Fees", "RENEW"))
    assert elsewhere.backed_off
    assert elsewhere.utterances == gathered.pool(RENEW).utterances
    (given_,) = gathered.pool(JOIN).utterances
    assert (given_.source, given_.position) == ("taxonomy:intent/JOIN", "unknown")
    assert gathered.lacking([FIND, JOIN, MOVE]) == (MOVE,)


def test_the_same_text_is_one_distinct_example_however_it_is_written():
    gathered = pools(talk("a", ("Yes!", FIND, "A"), ("yes", FIND, "B"), ("no", FIND, "")))
    assert len(gathered.pool(FIND)) == 3
    assert len(gathered.pool(FIND).distinct) == 2


def test_nothing_to_avoid_is_kept_neither_said_nor_answered():
    said = talk("a", ("Find Emma!", FIND, "Not this."), ("and Faust", FIND, "Fine."))
    gathered = pools(said, avoid=["find emma", "not this"])
    (kept,) = gathered.pool(FIND).utterances
    assert (kept.text, kept.asked) == ("and Faust", "")
    assert gathered.avoided("FIND EMMA")


def test_labels_that_the_taxonomy_lacks_are_passed_over():
    conversation = Conversation("a", (Turn("customer", "hm"),))
    logs = LabelledConversation(conversation, {0: {"intent": "UNHEARD"}})
    assert pools(logs).states == ()


def test_overlong_turns_are_counted_and_no_examples():
    gathered = pools(talk("a", ("x" * (MOST_CHARACTERS + 1), FIND, "A"), ("one", FIND, "")))
    assert gathered.too_long == 1
    assert len(gathered.pool(FIND)) == 1


def test_a_conversation_of_the_logs_is_recognized_whatever_its_marks():
    first = talks()[0]
    gathered = pools(*talks())
    assert gathered.copied([text.upper() for text in texts_of(first)])
    assert not gathered.copied(texts_of(first)[:1])


@given(order=st.permutations(range(12)), kept=st.integers(1, 6))
def test_what_is_kept_of_a_state_does_not_hang_on_the_order_of_the_logs(order, kept):
    logs = talks(12)
    one = Pools.gather(logs, TAXONOMY, per_state=kept)
    other = Pools.gather((logs[place] for place in order), TAXONOMY, per_state=kept)
    for state in one.states:
        assert one.pool(state).utterances == other.pool(state).utterances
        assert len(one.pool(state)) <= kept


def test_nothing_is_no_copy_of_a_conversation_in_which_nothing_was_said():
    silent = LabelledConversation(Conversation("silent", (Turn("customer", " "),)), {})
    assert not pools(*talks(), silent).copied([])
