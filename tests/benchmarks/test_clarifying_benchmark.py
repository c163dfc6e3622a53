"""The simulated customer answers as stated, and figures count what happened."""

import pytest

from benchmarks.clarifying import CUSTOMERS, Customer, Dialogue, figures, with_examples
from turnwise.conversations import Conversation, Example, Turn
from turnwise.serving import Choice, Decision, DialogueState
from turnwise.taxonomy import Dimension, Label, Taxonomy

SAID = {"title": ["lost card"], "utterance": ["where is my card", "i lost it", "card gone"]}


def opening(text="i lost it", label="lost"):
    return Example(Conversation(text, (Turn("customer", text, {"intent": (label,)}),)), 0)


def decision(label, kind="accept", sure=True, plausible=("lost",)):
    shares = tuple((one, 1 / len(plausible)) for one in plausible)
    choice = Choice(label, 0.5, 0.5, sure, "model", shares, shares)
    choices, state = {"intent": choice}, DialogueState()
    return Decision("c", 0, kind, sure, choices, None, (), None, "", (), state, "b", "t", 1, {})


def answers(customer, count=1000):
    return [customer.answer(opening(), asked, SAID) for asked in range(count)]


def test_the_customer_answers_with_what_was_stated_and_never_with_the_opening():
    assert set(answers(Customer("title", 0.0))) == {"lost card"}
    assert set(answers(Customer("utterance", 0.0))) == {"where is my card", "card gone"}


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_the_customer_is_unsure_in_the_stated_share_and_the_same_in_every_run(customer):
    said = answers(customer)
    assert said.count("I don't know") / 1000 == pytest.approx(customer.unsure, abs=0.05)
    assert said == answers(customer)


def test_a_label_without_another_utterance_is_answered_with_its_title():
    said = {"title": ["lost card"], "utterance": ["i lost it"]}
    assert Customer("utterance", 0.0).answer(opening(), 1, said) == "lost card"


def test_figures_count_dialogues():
    sure = decision("lost")
    unsure = decision("stolen", "clarify", plausible=("stolen", "lost"))
    left = decision("stolen", "accept", sure=False, plausible=("stolen", "gone"))
    found = figures(
        [
            Dialogue("lost", sure, sure, 0),
            Dialogue("lost", unsure, sure, 1),
            Dialogue("lost", unsure, sure, 2),
            Dialogue("lost", unsure, decision("stolen"), 1),
            Dialogue("lost", left, left, 0),
        ]
    )
    expected = {
        "dialogues": 5,
        "coverage": 0.8,
        "mean_set": 1.8,
        "one_label": 0.2,
        "at_once": 0.2,
        "at_once_accuracy": 1,
        "accuracy_before": 0.2,
        "accuracy_after": 0.6,
        "asked": 0.6,
        "asked_before": 0,
        "asked_after": 0.6667,
        "questions": 1.3333,
        "right_after_1": 0.3333,
        "right_after_2": 0.6667,
        "wrong": 0.3333,
        "undecided": 0.2,
        "turns_to_right": 2,
    }
    assert found == expected


def test_shares_of_nothing_are_left_open():
    found = figures([Dialogue("lost", decision("lost"), decision("lost"), 0)])
    assert found["asked_after"] is None


def test_the_taxonomy_gets_utterances_of_training():
    taxonomy = Taxonomy("t", (Dimension("intent", (Label("lost", ("lost",)),)),))
    (label,) = with_examples(taxonomy, [opening(f"text {at}") for at in range(20)])["intent"].labels
    assert len(label.examples) == 8
