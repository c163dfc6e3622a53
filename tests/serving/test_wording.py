"""A wording that another made of a question passes where a customer may be asked it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Example, Turn
from turnwise.serving import Question
from turnwise.serving.escalation import Draft, Wording
from turnwise.serving.wording import LONGEST, why_not
from turnwise.taxonomy import Dimension, Label

WISH = Dimension(
    "wish",
    (
        Label("CANCEL", ("CANCEL",), titles={"en": "cancel the subscription"}),
        Label("REFUND", ("REFUND",), titles={"en": "get money back"}),
    ),
)
ASKED = Question("Is this about: x, or y?", "wish", (("CANCEL", 0.5), ("REFUND", 0.4)))
PHRASES = ("stop your plan", "have your money back")
GOOD = "Would you like to stop your plan, or have your money back?"


def draft(locale: str = "en", *asked: str) -> Draft:
    talk = Conversation("c", (Turn("customer", "the plan thing"),), locale=locale)
    before = tuple(replace(ASKED, text=one) for one in asked)
    return Draft(Example(talk, 0), ASKED, before)


def fault(text: str, phrases=PHRASES, one: Draft | None = None) -> str:
    return why_not(Wording(text, phrases, "llm big"), one or draft(), WISH)


@pytest.mark.parametrize(
    ("text", "phrases", "locale"),
    [
        (GOOD, PHRASES, "en"),
        ("Sorry, one thing. " + GOOD, PHRASES, "en"),
        ("Möchten Sie kündigen oder Ihr Geld zurück?", ("kündigen", "Geld zurück"), "de"),
        ("Voulez-vous résilier, ou être remboursé\u202f?", ("résilier", "remboursé"), "fr"),
        ("¿Quiere cancelar o recuperar su dinero?", ("cancelar", "recuperar su dinero"), "es"),
        ("解約ですか、それとも返金ですか？", ("解約", "返金"), "ja"),
        ("هل تريد الإلغاء أم استرداد المال؟", ("الإلغاء", "استرداد المال"), "ar"),
        ("Ακύρωση ή επιστροφή χρημάτων;", ("Ακύρωση", "επιστροφή χρημάτων"), "el-GR"),
    ],
)
def test_one_plain_question_that_names_all_in_order_passes(text, phrases, locale):
    assert fault(text, phrases, draft(locale)) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("?!", "empty"),
        (f"{GOOD[:-1]} {'and more ' * 40}?", str(LONGEST)),
        (GOOD.replace(", ", ",\n"), "line breaks"),
        (GOOD.replace("plan", "plan\u202e"), "nobody sees"),
        (f"**{GOOD[:-1]}**?", "markup"),
        (f"<b>{GOOD}", "markup"),
        (f'You said "{GOOD}', "markup"),
        (f"See http://evil.example/x. {GOOD}", "address"),
        (f"Visit evil.example. {GOOD}", "address"),
        (f"Write to help@evil. {GOOD}", "address"),
        (f"Call 0900 123 456. {GOOD}", "number"),
        (GOOD[:-1] + ".", "not one question"),
        (GOOD + " Tell me.", "not one question"),
        ("How are you? " + GOOD, "not one question"),
        (GOOD[:-1] + ";", "not one question"),
        ("Have your money back, or stop your plan?", "in their order"),
        ("Would you like to stop your plan?", "in their order"),
        ("What is your password?", "in their order"),
    ],
)
def test_anything_else_is_told_and_stays_away(text, why):
    assert why in fault(text)


def test_an_option_under_the_title_of_another_is_refused():
    text = "Do you want to get your money, or cancel?"
    assert "title of another" in fault(text, ("get your money", "cancel"))


def test_what_was_asked_before_is_not_asked_again_in_other_letters():
    again = "would you like to STOP your plan or have your money back?"
    assert "asked before" in fault(GOOD, one=draft("en", again))
    assert fault(GOOD, one=draft("en", "Is it about a refund?")) == ""


@given(st.text(max_size=400), st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_what_passes_is_short_plain_and_ends_as_a_question(text, phrases):
    if not fault(text, tuple(phrases)):
        assert 0 < len(text) <= LONGEST
        assert text[-1] in "?\uff1f\u061f"
        assert not set(text) & set('<>[]{}*_`|#"\n\r')
        assert text.index(phrases[0]) <= text.rindex(phrases[1])
