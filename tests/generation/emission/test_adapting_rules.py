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
    before = said(("I live in Utrecht.", "We come on Monday."))
    assert no_known_detail("Is there a branch in Utrecht?", before, phrasing) == (
        "Is there a branch?"
    )
    for kept in ("Is there a branch in Delft?", "Is the old Utrecht branch open now?"):
        assert no_known_detail(kept, before, phrasing) == kept


def test_a_detail_that_may_answer_the_agent_stays(phrasing):
    before = said(("I live in Utrecht.", "Which branch do you mean?"))
    assert no_known_detail("I mean the branch in Utrecht.", before, phrasing) == (
        "I mean the branch in Utrecht."
    )


@pytest.mark.parametrize(
    ("earlier", "kept"),
    [
        ("there is a crack in the corner", "there is a crack from corner to corner"),
        ("it went from Utrecht to Delft", "I drive the route from Utrecht to Delft daily"),
        ("at least it plays", 'lol "at least". fine'),
        ("the volume is low", "i already had it on low. i put it on low"),
        ("not the corner in Utrecht", 'the card says "a branch in Utrecht"'),
        ("can I use it in winter?", "is there a battery who can live in winter? some other model"),
        ("I am 60.", "$60 for 60"),
        ("It is by Walden, not WALDEN", "did you see the book by WALDEN?"),
        ("I live in Utrecht.", "my sister has moved and lives in Utrecht."),
        ("We live in Utrecht.", "I am leaving from Utrecht, and it is late."),
    ],
)
def test_idioms_quotations_and_what_a_verb_needs_are_no_details(phrasing, earlier, kept):
    assert no_known_detail(kept, said((earlier, "I see.")), phrasing) == kept


def test_what_the_agent_alone_named_was_not_given(phrasing):
    before = said(("I look for a branch.", "There is one in Utrecht."))
    assert no_known_detail("Is there a branch in Utrecht?", before, phrasing) == (
        "Is there a branch in Utrecht?"
    )


def test_a_quotation_is_not_cut(phrasing):
    before = said(("I am looking for Rebecca in Utrecht.", "Which branch?"))
    text = 'It says "look elsewhere. It is Rebecca, in Utrecht."'
    assert no_repeated_clause(text, before, phrasing) == text


NAMED = "The book is in the library, my books too, at the station, with an office and the slate."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Can you renew the book?", "Can you renew it?"),
        ("Please return the book today.", "Please return it today."),
        ("Send these books because I paid.", "Send them because I paid."),
        ("The book is late.", "It is late."),
        ("Sorry. The books were late.", "Sorry. They were late."),
        ("We can meet at the station.", "We can meet there."),
        ("Where is the book?", "Where is it?"),
        ("I need the book until the 9th.", "I need it until the 9th."),
        ("How much is the book and when does it go?", "How much is it and when does it go?"),
        ("I'll return the book and I want a card.", "I'll return it and I want a card."),
        ("Send it. Where is the office?", "Send it. Where is the office?"),
    ],
)  # fmt: skip
def test_a_pronoun_stands_for_what_was_named_of_late(phrasing, text, left):
    assert pronoun(text, said((NAMED, "")), phrasing) == left


@pytest.mark.parametrize(
    "text",
    [
        "I lost those films.",
        "Can I pay in the library?",
        "The cover of the book and the film?",
        "Can you renew the book that I lost?",
        "Can you renew the book I lost?",
        "Can you renew the book with the red cover?",
        "The book my aunt gave me is late.",
        "Is the book late?",
        "Just the book",
        "The book are late.",
        "The book's late.",
        "Pick up the book.",
        "And what about the book?",
        "Which card do I need for the book?",
        'It says "renew the book".',
        "It was late. Can you renew the book?",
        "A card came. Can you renew the book?",
    ],
)
def test_where_a_name_may_go_on_or_mean_something_else_it_stays(phrasing, text):
    assert pronoun(text, said((NAMED, "")), phrasing) == text


@pytest.mark.parametrize(
    ("earlier", "kept"),
    [
        ("from me on the 1st", "from me on the 1st, the 8th"),
        ("I want the one with the lockers", "is it the one with the lockers?"),
        ("that one there", "that one i lost the password"),
        ("my mum's meant to see", "my mum's meant to be able to see"),
        ("The films are for adults", "the films which are for adults"),
        ("about the trade in, yes", "do the trade in for e readers"),
        ("does the kidhollow one let me set a limit", "Does the kidhollow one let me set a limit"),
        ("the gift card came", "the gift card my aunt gave me."),
        ("charges on my son's game account.", "charges from my son's game account. He is 8"),
        ("I need this fixed asap", "I need this fixed asap"),
        ("I have the savings account.", "put it on the savings account"),
        ("the driver came", "the driver was late"),
        ("thanks for the help", "Thanks for the help."),
        ("I like the film festival", "I want to see the film."),
        ("The savings account, then the other account.", "What about the savings account?"),
    ],
)
def test_what_is_no_whole_name_of_one_thing_gets_no_pronoun(phrasing, earlier, kept):
    assert pronoun(kept, said((earlier, "I see.")), phrasing) == kept


def test_a_name_that_may_answer_the_agent_stays(phrasing):
    before = said(("The book and the film.", "Which one shall I renew?"))
    assert pronoun("Please renew the book.", before, phrasing) == "Please renew the book."


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
