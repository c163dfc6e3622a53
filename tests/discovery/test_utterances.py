"""Conversations -> distinct utterances, and what is set aside."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Turn
from turnwise.discovery import DiscoveryConfig
from turnwise.discovery.utterances import EXPLAINED, LONGEST, read_utterances
from turnwise.errors import DiscoveryError

CONFIG = DiscoveryConfig()
THINGS = ["refund", "parcel", "invoice", "password", "delivery"]
THINGS += ["address", "voucher", "account", "subscription", "order"]
ASKED = [f"{ask} my {thing}" for thing in THINGS for ask in ("where is", "please cancel", "change")]


def talk(*texts, id="c", role="customer", locale="") -> Conversation:
    return Conversation(id, tuple(Turn(role, text) for text in texts), locale=locale)


def dialogue(*pairs, id="d") -> Conversation:
    turns = [
        turn
        for asked, answered in pairs
        for turn in (Turn("agent", asked), Turn("customer", answered))
    ]
    return Conversation(id, tuple(turns))


def test_each_text_comes_once_as_it_was_said_first_with_its_turns():
    read = read_utterances([talk(*ASKED), talk("WHERE  IS my\nrefund", id="e")], CONFIG)
    first = read.utterances[0]
    assert first.text == "where is my refund"
    assert first.count == 2
    assert first.said == (("c", 0), ("e", 0))
    assert len(read.utterances) == len(ASKED)


def test_greetings_and_bare_answers_are_set_aside_with_counts_and_reasons():
    read = read_utterances([talk("hello", *ASKED, "yes", "Hello ", "4417")], CONFIG)
    aside = {one.text: (one.count, one.reason) for one in read.set_aside}
    assert aside["hello"] == (2, "greeting")
    assert aside["yes"] == (1, "yes or no")
    assert len(aside) == 3


def test_an_answer_that_only_points_is_read_with_the_question_before():
    pairs = [
        ("Shall I cancel the plan for you?", "please do that"),
        ("Shall I send the parcel again?", "Please do that"),
        ("I see the order here.", "please do that"),
    ]
    read = read_utterances([talk(*ASKED), dialogue(*pairs)], CONFIG)
    whole = [one.whole for one in read.utterances if one.text.lower() == "please do that"]
    assert whole == [
        "Shall I cancel the plan for you?\nplease do that",
        "Shall I send the parcel again?\nPlease do that",
        "please do that",
    ]


def test_agents_are_read_where_both_are_asked_for():
    log = [talk(*ASKED), dialogue(("Your refund was sent today", "and the voucher"))]
    customers = read_utterances(log, CONFIG)
    both = read_utterances(log, DiscoveryConfig(roles="both"))
    assert {one.role for one in customers.utterances} == {"customer"}
    agents = {one.text for one in both.utterances if one.role == "agent"}
    assert "Your refund was sent today" in agents


def test_a_log_that_wrote_down_one_role_for_all_tells_no_role():
    read = read_utterances([talk(*ASKED)], DiscoveryConfig(roles="both"))
    assert {one.role for one in read.utterances} == {None}


def test_turns_that_are_explained_count_apart_from_those_that_are_not():
    log = [talk("where is my refund", *ASKED), talk("where is my refund", id="e")]
    read = read_utterances(log, CONFIG, known=lambda some: [one.key[0] == "e" for one in some])
    assert read.utterances[0].count == 2
    assert [(one.text, one.count, one.reason) for one in read.set_aside] == [
        ("where is my refund", 1, EXPLAINED)
    ]


def test_nobody_is_asked_about_greetings():
    asked = []

    def known(some):
        asked.extend(one.text for one in some)
        return [False] * len(some)

    read_utterances([talk("hello", *ASKED)], CONFIG, known)
    assert asked == ASKED


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ([], "no conversation has a turn to read"),
        ([Conversation("c", ())], "no conversation has a turn to read"),
        ([talk(*ASKED, role="agent")], "no conversation has a turn to read"),
        ([talk(*["my card is lost"] * 50)], "all 50 turns say the same"),
        ([talk(*ASKED[:7], "hi", "thanks", "bye", "bye")], "leave 7 distinct utterances"),
        ([talk("", "  ", "\n", "[EMAIL_1]")], "3 empty"),
    ],
)
def test_too_little_is_an_error_that_says_what_there_was(log, said):
    with pytest.raises(DiscoveryError, match=said):
        read_utterances(log, CONFIG)


def test_a_turn_of_ten_thousand_words_is_read_at_its_beginning():
    read = read_utterances([talk(*ASKED, "my parcel is lost " * 2_500)], CONFIG)
    assert len(read.utterances[-1].text) <= LONGEST
    assert read.utterances[-1].text.endswith(("lost", "is", "parcel", "my"))
    assert read.notes == ("Of 1 turns with more than 2,000 characters the beginning was read.",)


def test_characters_that_nothing_can_write_are_left_out():
    strange = "my\x00 par\x1bcel \ud800 is ﬁne\u200d 👨‍👩‍👧 lost"
    read = read_utterances([talk(*ASKED, strange)], CONFIG)
    text = read.utterances[-1].text
    text.encode()
    assert "\x00" not in text
    assert "👨‍👩‍👧" in text


def test_several_scripts_and_languages_are_said():
    chinese = [f"我要退款{number}号" for number in "一二三四五六七八九十"]
    mixed = read_utterances([talk(*ASKED), talk(*chinese, id="z")], CONFIG)
    assert "several scripts: Latin 75%, Cjk 25%" in mixed.notes[0]
    asked = (f"wo ist {thing}" for thing in THINGS)
    german = talk("ich will kündigen", *asked, id="g", locale="de-DE")
    named = read_utterances([Conversation("c", talk(*ASKED).turns, locale="en_US"), german], CONFIG)
    assert "several languages: en 73%, de 27%" in named.notes[0]


TEXTS = st.lists(st.sampled_from([*ASKED, "hello", "yes", "ok thanks", "4417", ""]), max_size=60)


@settings(max_examples=30)
@given(TEXTS)
def test_every_turn_is_counted_once(texts):
    read = read_utterances([talk(*ASKED), talk(*texts, id="e")], CONFIG)
    counted = sum(one.count for one in (*read.utterances, *read.set_aside))
    assert counted == len(ASKED) + len(texts)


def test_a_turn_that_begins_with_thousands_of_spaces_is_read():
    read = read_utterances([talk(*ASKED, " " * 3_000 + "where is my parcel please")], CONFIG)
    assert "where is my parcel please" in {one.text for one in read.utterances}
