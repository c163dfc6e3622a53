"""What only answers an agent's question for a detail is no utterance to cluster."""

import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.discovery import DiscoveryConfig
from turnwise.discovery.answers import asks_for_detail, detail_answers
from turnwise.discovery.fillers import DETAIL
from turnwise.discovery.utterances import read_utterances

CONFIG = DiscoveryConfig()
THINGS = ["concert", "doctor", "hotel", "cab", "song"]
WISHES = [f"{ask} a {thing}" for thing in THINGS for ask in ("find me", "cancel", "i want", "show")]
PLACES = ["Arvika", "In Borås.", "I'm leaving from Ystad", "the 6th in Lund if possible", "Umeå"]


def talk(number, wish, *pairs):
    turns = [Turn("customer", wish)]
    for asked, said in pairs:
        turns += [Turn("agent", asked), Turn("customer", said)]
    return Conversation(f"c{number}", tuple(turns))


def log(question, answers=PLACES):
    asked = [(question, answers[at % len(answers)]) for at in range(len(WISHES))]
    return [talk(at, wish, asked[at]) for at, wish in enumerate(WISHES)]


def aside(read):
    return {one.text: one.reason for one in read.set_aside}


@pytest.mark.parametrize(
    "text",
    [
        "What city?",
        "Sure. Where are you leaving from, and when?",
        "How many tickets do you need?",
        "Please tell me which day you prefer.",
        "May I have your full name?",
        "kindly provide your booking number",
        "Do you have any preference on the airline?",
    ],
)
def test_a_question_for_something_particular_is_told(text):
    assert asks_for_detail(text)


@pytest.mark.parametrize(
    "text",
    [
        "How can I help you?",
        "What can I do for you today?",
        "Is there anything else you need?",
        "What happened?",
        "What would you like to do?",
        "I found a hotel for you.",
        "Shall I book it?",
        "¿En qué ciudad?",
    ],
)
def test_a_question_for_the_wish_itself_is_none(text):
    assert not asks_for_detail(text)


def test_short_answers_to_a_question_for_a_detail_are_set_aside_with_that_reason():
    read = read_utterances(log("In which city?"), CONFIG)
    assert aside(read) == dict.fromkeys(PLACES, DETAIL)
    assert [one.text for one in read.utterances] == WISHES


@pytest.mark.parametrize("question", ["How can I help you?", "Anything else?", "I looked it up."])
def test_the_same_texts_behind_anything_else_are_kept(question):
    read = read_utterances(log(question, PLACES[:3]), CONFIG)
    assert {one.text for one in read.utterances} >= set(PLACES[:3])


@pytest.mark.parametrize(
    "said",
    [
        "cancel the concert, please",  # what others say unasked
        "is it far from the hotel?",
        "well my sister paid for a seat on the upper deck and the crew would not let her board",
    ],
)
def test_who_wants_something_instead_of_answering_is_heard(said):
    read = read_utterances(log("In which city?", [*PLACES, said]), CONFIG)
    assert said in {one.text for one in read.utterances}


def test_the_first_wish_is_no_answer_whatever_the_agent_begins_with():
    begun = [
        Conversation(
            f"b{at}", (Turn("agent", "May I have your name?"), Turn("customer", f"parcel {wish}"))
        )
        for at, wish in enumerate(WISHES)
    ]
    assert len(read_utterances([*begun, *log("In which city?")], CONFIG).utterances) == 40


def test_an_agent_who_answers_is_no_detail():
    turns = (Turn("customer", "find me a hotel"), Turn("agent", "In which city?"))
    back = (Turn("customer", "Where is it?"), Turn("agent", "Östersund main square"))
    read = read_utterances(
        [Conversation("a", turns + back), *log("In which city?")], DiscoveryConfig(roles="both")
    )
    assert "Östersund main square" in {one.text for one in read.utterances}


def test_where_nobody_is_asked_nothing_is_an_answer():
    read = read_utterances(
        [talk(0, WISHES[0]), *(talk(1, one) for one in [*WISHES, *PLACES])], CONFIG
    )
    assert {one.text for one in read.utterances} >= {"Umeå", "In Borås."}


def test_of_a_few_answers_little_is_learnt():
    said = {text: text for text in ("my ticket", "to Kiruna", *(f"{one} ticket" for one in THINGS))}
    asked = {"my ticket", "to Kiruna"}
    assert detail_answers(said, asked, asked) == {"to Kiruna"}


def test_a_date_that_nobody_asked_for_is_a_detail_too_and_what_is_ordered_for_it_is_none():
    said = ["19:00 would be perfect", "make it for four", "I want it on the 11th of March"]
    kept = ["I'd like to make a reservation for 2", "I need two places", "cancel it on Friday"]
    found = [
        talk(at, WISHES[at], ("That hour is taken.", one)) for at, one in enumerate(said + kept)
    ]
    read = read_utterances([*found, *log("In which city?")], CONFIG)
    assert {text for text in said if aside(read).get(text) == DETAIL} == set(said)
    assert {one.text for one in read.utterances} >= set(kept)
    alone = read_utterances([talk(at, one) for at, one in enumerate([*WISHES, *said])], CONFIG)
    assert {one.text for one in alone.utterances} >= set(said), "the first wish is no answer"
