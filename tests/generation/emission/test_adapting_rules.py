"""What the rules change, and what they leave alone."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generation.emission.library_talks import FIND, PAY, TAXONOMY, talk, talks
from turnwise.generation.emission.phrasing import (
    Phrasing,
    clauses,
    learn_phrasing,
    log_odds,
    sentences,
    without_openers,
)
from turnwise.generation.emission.pools import Pools
from turnwise.generation.emission.rules import (
    RULES,
    Said,
    adapted,
    lead_in,
    no_known_detail,
    no_opener,
    no_repeated_clause,
    pronoun,
)

TEXTS = st.text(alphabet="ab OK.,!?\n'-5:é日。", max_size=40)


@pytest.fixture(scope="module")
def phrasing() -> Phrasing:
    return learn_phrasing(Pools.gather(talks(600), TAXONOMY))


def said(*turns: tuple[str, str], switching: bool = False, state=PAY) -> Said:
    found = Said(state=state, switching=switching)
    for customer, agent in turns:
        found.hear(customer, agent)
    return found


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Thanks. I want to pay.", "I want to pay."),
        ("Okay, great! what does it cost?", "What does it cost?"),
        ("Hello. Sorry, I lost the book.", "I lost the book."),
        ("ok thanks i want to pay", "i want to pay"),
        ("Thank you.", "Thank you."),
        ("ok thank you very much", "ok thank you very much"),
        ("Great Expectations is the book", "Great Expectations is the book"),
        ("Thanks, and when?", "Thanks, and when?"),
        ("Yes, I want that.", "Yes, I want that."),
    ],
)
def test_openers_go_where_a_point_follows(phrasing, text, left):
    assert no_opener(text, said(), phrasing) == left


def test_a_sentence_goes_when_all_it_gives_was_given(phrasing):
    before = said(("I am looking for Rebecca in Utrecht.", "Which branch?"))
    text = "Can I pay by card? It is Rebecca, in Utrecht."
    assert no_repeated_clause(text, before, phrasing) == "Can I pay by card?"
    assert no_repeated_clause("It is Rebecca, in Utrecht.", before, phrasing) == (
        "It is Rebecca, in Utrecht."
    ), "one sentence is always left"
    other = "Can I pay by card? It is Rebecca, in Delft."
    assert no_repeated_clause(other, before, phrasing) == other


def test_a_detail_goes_with_its_preposition_when_it_was_given(phrasing):
    before = said(("I live in Utrecht.", "When do you come?"))
    assert no_known_detail("Is there a branch in Utrecht?", before, phrasing) == (
        "Is there a branch?"
    )
    for kept in ("Is there a branch in Delft?", "Is the old Utrecht branch open now?"):
        assert no_known_detail(kept, before, phrasing) == kept


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Can you renew the book?", "Can you renew it?"),
        ("The book is late.", "It is late."),
        ("I lost those books.", "I lost those books."),
        ("Can I pay in the library?", "Can I pay in it?"),
        ("I met her at the station.", "I met her there."),
        ("The cover of the book and the film?", "The cover of it and the film?"),
        ("I come in the evening.", "I come in the evening."),
    ],
)  # fmt: skip
def test_a_pronoun_stands_for_what_was_named_of_late(phrasing, text, left):
    before = said(("The book is in the library at the station in the evening.", ""))
    assert pronoun(text, before, phrasing) == left


def test_a_name_of_long_ago_stays(phrasing):
    before = said(("I have the book.", ""), ("Yes.", ""), ("No.", ""))
    assert pronoun("Can you renew the book?", before, phrasing) == "Can you renew the book?"


def test_switches_are_phrased_as_the_logs_phrase_them(phrasing):
    before = said(("I am looking for Emma.", "It is yours."), switching=True)
    assert lead_in("I want to pay.", before, phrasing) == "I also want to pay."
    assert lead_in("I want to pay.", said(("Hm", "")), phrasing) == "I want to pay."
    elsewhere = said(("Hm", ""), switching=True, state=FIND)
    assert lead_in("I want to pay.", elsewhere, phrasing) == "I want to pay."


def test_what_opens_a_conversation_stays_as_it_is(phrasing):
    assert adapted("Hello. I want to pay.", said(), phrasing) == ("Hello. I want to pay.", ())


def test_each_rule_that_changed_a_text_is_named(phrasing):
    before = said(("I am looking for the book.", "It is yours."), switching=True)
    text, rules = adapted("Thanks. I want to buy the book.", before, phrasing)
    assert text == "I also want to buy it."
    assert rules == ("no opener", "pronoun", "lead-in")
    assert set(rules) <= RULES.keys()


def test_acknowledgements_are_learnt_in_any_language_but_answers_are_not():
    logs = [
        talk(
            f"t{number}",
            ("Waar is de balie", FIND, "Links."),
            ("Dank je, en hoe laat open", FIND, "Om tien uur. Wil je komen?"),
            ("Ja, graag", PAY, "Mooi."),
            ("Dank je, wat kost dat", PAY, "Niets. Wil je nog wat?"),
            ("Ja, een boek", FIND, "Goed."),
        )
        for number in range(10)
    ]
    learnt = learn_phrasing(Pools.gather(logs, TAXONOMY))
    assert ("dank", "je") in learnt.openers
    assert ("ja",) not in learnt.openers


@given(text=TEXTS)
def test_cutting_a_text_loses_nothing(text):
    assert "".join(clauses(text)) == "".join(sentences(text)) == text


@given(text=TEXTS)
def test_without_its_openers_a_text_is_its_own_end(text):
    left = without_openers(text, frozenset({("ok",), ("a", "b")}))
    assert text.endswith(left)
    assert bool(left) == bool(text)


@given(text=TEXTS, before=TEXTS)
def test_rules_never_leave_a_text_empty(phrasing, text, before):
    left, rules = adapted(text, said((before, before), switching=True), phrasing)
    assert (left != text) == bool(rules)
    assert left or not text


def test_log_odds_are_those_of_the_paper():
    some, others = Counter({("also",): 8, ("i",): 12}), Counter({("also",): 1, ("i",): 39})
    one, other, size = 8 + 9, 1 + 9, 60
    delta = math.log(one / (20 + size - one)) - math.log(other / (40 + size - other))
    expected = delta / math.sqrt(1 / one + 1 / other)
    assert log_odds(some, others)[("also",)] == pytest.approx(expected)
