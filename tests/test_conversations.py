from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from turnwise.conversations import (
    ROLES,
    ContextWindow,
    Conversation,
    Example,
    Turn,
    context_text,
    context_turns,
    examples,
    merge_turns,
)

turns = st.lists(
    st.builds(
        Turn,
        role=st.sampled_from(ROLES),
        text=st.text("ab c", min_size=1, max_size=30),
        gold=st.dictionaries(
            st.sampled_from(["domain", "intent"]), st.tuples(st.sampled_from("XYZ")), max_size=2
        ),
    ),
    max_size=12,
)


def words(text: str) -> int:
    return len(text.split())


def conversation(*messages: tuple[str, str]) -> Conversation:
    return Conversation("c", merge_turns(Turn(role, text) for role, text in messages))  # type: ignore[arg-type]


@given(turns)
def test_merging_is_idempotent_and_leaves_no_two_turns_of_one_role_side_by_side(messages):
    merged = merge_turns(messages)
    assert merge_turns(merged) == merged
    assert all(a.role != b.role for a, b in pairwise(merged))


@given(turns)
def test_every_message_is_in_exactly_one_merged_turn(messages):
    merged = merge_turns(messages)
    assert [index for turn in merged for index in turn.messages] == list(range(len(messages)))
    assert "\n".join(turn.text for turn in merged) == "\n".join(turn.text for turn in messages)


def test_of_merged_messages_the_last_gold_holds_per_dimension():
    first = Turn("customer", "hi", {"intent": ("CHIT_CHAT",), "domain": ("Other",)})
    second = Turn("customer", "cancel music", {"intent": ("CANCEL",)})
    (turn,) = merge_turns([first, second])
    assert turn.gold == {"intent": ("CANCEL",), "domain": ("Other",)}
    assert turn.messages == (0, 1)


def test_examples_are_the_customer_turns_with_what_came_before():
    talk = conversation(("bot", "hello"), ("customer", "hi"), ("bot", "yes?"), ("customer", "bye"))
    assert [(one.text, len(one.history)) for one in examples(talk)] == [("hi", 1), ("bye", 3)]


TALK = conversation(
    ("customer", "my tablet is slow"),
    ("bot", "have you restarted it today"),
    ("customer", "yes"),
    ("bot", "shall i send a new one"),
    ("customer", "no just the money back"),
)
LAST = Example(TALK, 4)


def test_single_sees_the_turn_alone():
    window = ContextWindow("single")
    assert context_text(LAST, window, words) == "no just the money back"


def test_customer_joins_the_customers_turns_oldest_first():
    window = ContextWindow("customer")
    expected = "my tablet is slow, yes, no just the money back"
    assert context_text(LAST, window, words) == expected


def test_both_marks_each_turn_with_its_role():
    text = context_text(LAST, ContextWindow("both", max_turns=2), words)
    assert text.splitlines() == [
        "customer: yes",
        "bot: shall i send a new one",
        "customer: no just the money back",
    ]


def test_history_is_cut_from_its_far_end():
    kept = context_turns(LAST, ContextWindow("both", max_tokens=5 + 6 + 1 + 2), words)
    assert [turn.text for turn in kept] == ["it today", "yes", "shall i send a new one"]


@given(turns, st.integers(0, 6), st.integers(1, 25), st.sampled_from(["customer", "both"]))
def test_the_current_turn_is_whole_and_history_never_exceeds_the_window(
    messages, max_turns, max_tokens, kind
):
    talk = Conversation("c", merge_turns(messages))
    window = ContextWindow(kind, max_turns, max_tokens)
    for example in examples(talk):
        history = context_turns(example, window, words)
        assert len(history) <= max_turns
        spent = sum(words(turn.text) for turn in history)
        assert not history or spent + words(example.text) <= max_tokens
        assert context_text(example, window, words).endswith(example.text)
