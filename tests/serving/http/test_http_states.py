"""Dialogue states: kept within bounds, apart by key, and true to the taxonomy that serves."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.serving.decision import DialogueState, Question
from turnwise.serving.http.states import Kept, States
from turnwise.serving.reading import known_state
from turnwise.taxonomy import Dimension, Label, Taxonomy

LABELS = tuple(Label(name, (name,)) for name in "ABC")
TAXONOMY = Taxonomy("t", (Dimension("intent", LABELS), Dimension("issue", LABELS)))

names = st.sampled_from(["A", "B", "C", "gone"])
ranked = st.lists(st.tuples(names, st.floats(0, 1)), max_size=4).map(tuple)
dimensions = st.sampled_from(["intent", "issue", "nowhere"])
questions = st.builds(Question, st.text(max_size=5), dimensions, ranked)
states = st.builds(
    DialogueState,
    st.lists(questions, max_size=4).map(tuple),
    st.booleans(),
    st.dictionaries(dimensions, ranked, max_size=3),
    st.integers(0, 5),
)


def asked(text: str) -> DialogueState:
    return DialogueState((Question(text, "intent", (("A", 0.5), ("B", 0.4))),), True)


def first(state: DialogueState) -> Kept:
    """After the first turn of a conversation."""
    return Kept(0, DialogueState(), state)


def test_a_turn_that_is_sent_again_is_decided_as_the_first_time():
    kept, conversation = States(10), ("key", "c")
    kept.put(conversation, Kept(2, asked("a or b?"), asked("c or d?")))
    assert kept.get(conversation, 2) == asked("a or b?")
    assert kept.get(conversation, 4) == asked("c or d?")
    assert kept.get(conversation, 0) == DialogueState()  # the id is used anew


def test_the_oldest_are_let_go_when_there_are_too_many():
    kept = States(3)
    for number in range(10):
        kept.put(("key", str(number)), first(asked(str(number))))
    assert len(kept) == 3
    assert kept.get(("key", "6"), 1) == DialogueState()
    assert kept.get(("key", "9"), 1) == asked("9")


def test_what_is_spoken_of_again_is_not_the_oldest():
    kept = States(2)
    for number in ("1", "2", "1", "3"):
        kept.put(("key", number), first(asked(number)))
    assert kept.get(("key", "1"), 1) == asked("1")
    assert kept.get(("key", "2"), 1) == DialogueState()


def test_long_questions_are_let_go_sooner():
    kept = States(1000, characters=10_000)
    for number in range(100):
        kept.put(("key", str(number)), first(asked("x" * 1000)))
    assert 5 <= len(kept) <= 9


def test_one_key_never_reads_what_is_anothers():
    kept = States(10)
    kept.put(("one", "c"), first(asked("secret")))
    assert kept.get(("other", "c"), 1) == DialogueState()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.just(DialogueState()), states))))
def test_the_last_state_of_each_conversation_is_the_one_that_is_kept(puts):
    kept = States(100)
    for name, state in puts:
        kept.put(("key", name), first(state))
    for name, state in dict(puts).items():
        assert kept.get(("key", name), 1) == state
    assert len(kept) == sum(state != DialogueState() for state in dict(puts).values())


@given(states)
def test_a_known_state_names_only_what_the_taxonomy_has(state):
    known = known_state(state, TAXONOMY)
    for question in known.asked:
        names = [name for name, _ in question.candidates]
        assert names
        assert len(set(names)) == len(names)
        assert set(names) <= set(TAXONOMY[question.dimension].names)
    for name, ranked in known.before.items():
        assert {label for label, _ in ranked} <= set(TAXONOMY[name].names)
    assert not known.open or known.asked[-1] == state.asked[-1]
    assert known_state(known, TAXONOMY) == known
    assert known.unsettled == state.unsettled


def test_a_state_that_names_nothing_unknown_stays_as_it_is():
    assert known_state(asked("a or b?"), TAXONOMY) == asked("a or b?")


def test_what_a_caller_hands_in_counts_though_the_bundle_knows_nothing_of_it():
    strange = DialogueState(before={"unknown": tuple((f"label {at}", 0.1) for at in range(50))})
    states = States(100, characters=20_000)
    for place in range(50):
        states.put(("key", f"c{place}"), Kept(0, strange, DialogueState()))
    assert 0 < len(states) < 10
