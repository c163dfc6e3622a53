"""What is no utterance to cluster, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.discovery import fillers
from turnwise.discovery.fillers import (
    NUMBERS,
    PLACEHOLDERS,
    REPEATED,
    after_anything,
    bag_of,
    learn_words,
    reason_of,
    says_nothing_alone,
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("Hello!!", "greeting"),
        ("Good morning, how are you today?", "greeting"),
        ("helloooo", "greeting"),
        ("thanks a lot for your help", "thanks"),
        ("okthanks", "thanks"),
        ("Ok, bye", "goodbye"),
        ("yes please", "yes or no"),
        ("no that's all", "yes or no"),
        ("hmm, one moment please", "filler"),
        ("can you help me?", "filler"),
        ("[EMAIL_1]", PLACEHOLDERS),
        ("[NAME_1] [PHONE_1]", PLACEHOLDERS),
        ("LK-3391-5582", NUMBERS),
        ("4 4 1 7", NUMBERS),
        ("👍", NUMBERS),
        ("😀 !!", NUMBERS),
        ("my order number is 12345", "a detail that was asked for"),
        ("14th of March 1990", "a detail that was asked for"),
        ("my name is [NAME_1]", "a detail that was asked for"),
    ],
)
def test_what_asks_for_nothing_is_set_aside_with_its_reason(text, reason):
    assert reason_of(text) == reason


@pytest.mark.parametrize(
    "text",
    [
        "cancel",
        "refund please",
        "hi i need a new service",
        "thanks, and how do i change my address",
        "It's not working",
        "yes, upgrade me",
        "change my address to 12 Main Street",
        "my order 12345 never arrived",
        "how much is it for all 3",
        "confirm my friday reservation at 2:00",
        "agent",
        "Ich möchte kündigen",
        "我要退款",
        "أريد إلغاء طلبي",
    ],
)
def test_what_asks_for_something_is_kept(text):
    assert reason_of(text) == ""


@given(st.text(max_size=300))
def test_any_text_has_an_answer_that_case_and_space_do_not_change(text):
    assert reason_of(text) == reason_of(f"  {text} ")


def test_ten_thousand_words_are_an_utterance_and_take_no_time():
    assert reason_of("yes " * 10_000) == ""


def test_a_text_that_only_points_says_nothing_alone():
    assert says_nothing_alone("can you do that for me")
    assert not says_nothing_alone("can you cancel that for me")
    assert not says_nothing_alone("please")


def test_names_are_learnt_where_they_stand_beside_cues_and_nowhere_else():
    said = ["hello drew", "thanks drew", "no drew", "yes refund", "ok refund", "thanks refund"]
    asked = ["i want a refund", "where is my refund"]
    learnt = learn_words([*said, *asked])
    assert learnt.names == {"drew"}
    assert reason_of("bye drew", learnt) == "goodbye"
    assert reason_of("refund", learnt) == ""


def test_a_short_text_of_a_word_that_no_other_has_is_rare_in_a_large_log_alone():
    log = [f"where is parcel {word}" for word in map(str, range(20))]
    assert reason_of("melur", learn_words([*log, "melur"])) == ""
    many = [f"where is the parcel {number} of mine" for number in range(fillers.ENOUGH_TEXTS)]
    assert reason_of("melur", learn_words([*many, "melur"])) == fillers.RARE


def test_what_is_said_after_anything_is_told_in_any_language():
    topics = [[f"thema{topic}wort{one}" for one in range(40)] for topic in range(10)]
    before, everything = {"na gut": [], "erstatten": []}, []
    for turn in range(600):
        words = topics[turn % 10]
        bag = bag_of(" ".join(words[(turn + step) % 40] for step in range(8)))
        everything.append(bag)
        if turn % 7 == 0:
            before["na gut"].append(bag)
        if turn % 10 == 3:
            before["erstatten"].append(bag)
    assert after_anything(before, everything) == {"na gut"}
    assert REPEATED == "said after anything"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("That is what I want.", "yes or no"),
        ("No, not right now. That's all I needed", "yes or no"),
        ("Maybe later, thanks", "thanks"),
        ("I don't think so", "yes or no"),
        ("No, all set. Thanks!", "thanks"),
        ("No, not now. May be later. Thanks for everything.", "thanks"),
        ("That sounds like just what I want.", "yes or no"),
        ("Okay, that suits me", "yes or no"),
        ("i dont think so im all set", "yes or no"),
        ("Thank you very much. You've been very helpful. That will be all.", "thanks"),
    ],
)
def test_a_bare_answer_of_several_words_is_set_aside(text, reason):
    assert reason_of(text) == reason
