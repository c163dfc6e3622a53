from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.errors import FormatError
from turnwise.formats import checks


def turn(role: str, text: str, *messages: int) -> Turn:
    return Turn(role, text, {}, messages)  # type: ignore[arg-type]


def test_consecutive_messages_of_one_role_are_merged():
    (merged,) = checks.merged([turn("customer", "hi", 0), turn("customer", "there", 1)])
    assert (merged.text, merged.messages) == ("hi\nthere", (0, 1))


def test_messages_with_something_unseen_between_them_are_not_merged():
    turns = [turn("customer", "hi", 0), turn("customer", "yes", 2), turn("customer", "ok", 3)]
    assert [one.messages for one in checks.merged(turns)] == [(0,), (2, 3)]


@given(st.lists(st.tuples(st.sampled_from(["customer", "bot"]), st.integers(1, 3)), max_size=12))
def test_merging_is_idempotent_and_keeps_every_message(steps):
    turns, position = [], -1
    for role, step in steps:
        position += step
        turns.append(turn(role, "x", position))
    merged = checks.merged(turns)
    assert checks.merged(merged) == merged
    assert [at for one in merged for at in one.messages] == [one.messages[0] for one in turns]


def test_a_conversation_without_an_id_has_the_same_id_in_every_file():
    turns = [turn("customer", "where is my parcel", 0)]
    assert checks.conversation(turns).id == checks.conversation(list(turns)).id
    assert checks.conversation(turns).id != checks.conversation([turn("customer", "hi", 0)]).id


def test_what_is_said_and_not_how_it_is_split_up_decides_a_derived_id():
    assert checks.derived_id(["ab", "c"]) != checks.derived_id(["a", "bc"])


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "is empty"),
        ([turn("bot", "hello", 0)], "no customer turn"),
        ([turn("customer", "x", at) for at in range(2_001)], "more than 2,000 messages"),
        ([turn("customer", "x" * 30_000, at) for at in range(2)], "over 50,000 characters"),
    ],
)
def test_a_conversation_that_is_none_is_refused(turns, reason):
    with pytest.raises(FormatError, match=reason):
        checks.conversation(turns)


def test_a_conversation_of_as_many_messages_as_are_allowed_is_taken():
    built = checks.conversation([turn("customer", "x", at) for at in range(checks.MAX_TURNS)])
    assert len(built.turns[0].messages) == checks.MAX_TURNS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "missing"),
        (" \n", "empty"),
        (7, "a number, not a string"),
        (["hi"], "a list, not a string"),
        ("x" * 50_001, "50,001 characters, more than 50,000"),
    ],
)
def test_a_text_that_is_none_is_refused(text, reason):
    with pytest.raises(FormatError, match=reason) as caught:
        checks.said(text)
    assert caught.value.field == "text"


@pytest.mark.parametrize(
    ("name", "role"),
    [("user", "customer"), ("Customer ", "customer"), ("assistant", "bot"), ("AGENT", "agent")],
)
def test_roles_are_known_by_their_usual_names_in_any_case(name, role):
    assert checks.speaker(name) == role


@pytest.mark.parametrize("name", ["supervisor", 3, ["user"], {"role": "user"}])
def test_an_unknown_role_is_shown_with_the_roles_that_are_known(name):
    with pytest.raises(FormatError, match=r"unknown role.*Known are customer, agent, bot"):
        checks.speaker(name)


def test_nul_and_half_a_surrogate_pair_are_replaced_and_the_rest_of_the_text_is_kept():
    assert checks.clean("a\0b\ud83dc 🙏") == "a\ufffdb\ufffdc 🙏"


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-09T18:42:00Z",
        "2024-01-09 18:42",
        "2024-01-09T19:42+01:00",
        "1704825720",
        1704825720,
        1704825720.0,
        1704825720000,
    ],
)
def test_a_point_in_time_is_read_in_the_usual_forms_and_is_utc_where_none_is_said(written):
    moment = checks.moment(written, "started_at")
    assert moment == datetime(2024, 1, 9, 18, 42, tzinfo=UTC)
    assert moment is not None
    assert moment.tzinfo is not None


@pytest.mark.parametrize("written", ["yesterday", "13/45/2024", True, [1], 1e300, "99999999999999"])
def test_what_is_no_point_in_time_is_refused(written):
    with pytest.raises(FormatError, match="no point in time"):
        checks.moment(written, "started_at")


@pytest.mark.parametrize(
    ("gold", "reason"),
    [
        ("CANCEL", "a string, not an object"),
        ({"intent": 3}, "a number"),
        ({"intent": [""]}, "empty"),
    ],
)
def test_gold_that_is_none_is_refused(gold, reason):
    with pytest.raises(FormatError, match=reason):
        checks.gold(gold, "gold")


def test_a_dimension_without_a_label_is_left_out_of_gold():
    gold = checks.gold({"intent": "CANCEL", "issue": None, "domain": []}, "gold")
    assert gold == {"intent": ("CANCEL",)}


def test_an_utterance_under_two_intents_is_two_conversations():
    first = checks.utterance("stop it", {"intent": ("CANCEL",)})
    second = checks.utterance("stop it", {"intent": ("STOP",)})
    assert isinstance(first, Conversation)
    assert first.id != second.id
