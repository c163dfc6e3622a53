"""The namer that asks nobody: actions, objectives, unique names, other languages."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.discovery.naming.named_clusters import WISHES, space_of
from tests.labelling.conftest import WordEncoder
from turnwise.clusters import Space, Utterance
from turnwise.discovery.naming import EmbeddedNamer
from turnwise.discovery.naming.actions import Verbs, actions_of, is_customers
from turnwise.discovery.naming.assignment import first_free
from turnwise.discovery.naming.languages import language_of, languages_of
from turnwise.discovery.naming.phrases import phrases_of, same_stem, singular

NAMER = EmbeddedNamer(WordEncoder())


def names_of(*clusters, role="customer"):
    space, rows = space_of(clusters, role)
    return NAMER.name(space, rows)


def test_a_cluster_is_named_by_what_is_done_and_to_what():
    found = dict(zip(WISHES, names_of(*WISHES.values()), strict=True))
    assert found["cancel-reservation"].name == "cancel-reservation"
    assert found["renew-loan"].name == "renew-loan"
    assert found["report-lost-card"].action == "report"
    assert "card" in found["report-lost-card"].objective
    assert found["inquire-opening-hours"].action == "inquire"
    assert "opening" in found["inquire-opening-hours"].objective


def test_people_read_a_title_and_a_sentence():
    first, *_ = names_of(*WISHES.values())
    assert first.title == "Cancel reservation"
    assert first.language == "en"
    assert re.fullmatch(r"Customers want to cancel reservation[^.\n]*\.", first.description)


def test_the_sentence_says_who_speaks():
    offers = ["would you like to renew the loan", "would you like another loan", "anything else"]
    (name,) = names_of(offers, role="agent")
    assert name.action == "offer"
    assert name.description.startswith("Agents offer")


def test_names_of_clusters_that_want_the_same_differ_by_a_word():
    renewals = [[*WISHES["renew-loan"], f"renew my {it}", f"the {it}"] for it in ("map", "film")]
    names = [one.name for one in names_of(*renewals)]
    assert len(set(names)) == 2
    assert not any(re.search(r"\d", name) for name in names), "words tell them apart, not numbers"


def test_a_number_tells_apart_what_no_word_can():
    names = [one.name for one in names_of(["a loan"], ["a loan"])]
    assert len(set(names)) == 2


def test_no_clusters_have_no_names():
    space, _ = space_of([["a loan"]])
    assert NAMER.name(space, []) == []


def test_the_order_of_clusters_does_not_change_their_names():
    texts = list(WISHES.values())
    forward = [one.name for one in names_of(*texts)]
    backward = [one.name for one in names_of(*reversed(texts))]
    assert forward == backward[::-1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.text(max_size=40), min_size=1, max_size=4), min_size=1, max_size=5))
def test_whatever_is_said_every_cluster_gets_a_name_of_its_own(clusters):
    names = names_of(*clusters)
    assert len({one.name for one in names}) == len(clusters)
    for one in names:
        assert one.action
        assert one.objective
        assert one.title.isprintable()


def test_a_cluster_in_another_language_is_named_in_its_own_words():
    cancel = [
        "ich möchte die Reservierung stornieren",
        "bitte die Reservierung stornieren",
        "kann ich eine Reservierung stornieren",
    ]
    opening = [
        "wann ist die Bibliothek geöffnet?",
        "ist die Bibliothek am Montag geöffnet?",
        "wie lange ist die Bibliothek geöffnet?",
    ]
    first, second = names_of(cancel, opening)
    assert (first.action, first.language) == ("about", "de")
    assert "reservierung" in first.objective
    assert first.title == first.objective.replace("-", " ")
    assert second.action == "inquire", "its question marks are read in any language"


def test_a_script_without_spaces_is_named_by_its_characters():
    cards = ["我的借书证丢了", "借书证找不到了", "借书证被偷了"]
    hours = ["图书馆几点开门?", "图书馆星期天开门吗?", "图书馆什么时候开门?"]
    first, second = names_of(cards, hours)
    assert first.language == second.language == "zh"
    assert first.objective in "我的借书证丢了"
    assert second.action == "inquire"


def test_ten_thousand_words_are_read_as_far_as_anybody_says_what_they_want():
    long = "I want to renew my loan " + "and so on for you your " * 5000
    (name, _) = names_of([long, *WISHES["renew-loan"]], WISHES["report-lost-card"])
    assert name.action == "renew"


def test_names_are_made_with_the_encoders_own_vectors():
    """`Space.vectors` may have been changed to cluster better, so far that phrases do not fit."""
    space, rows = space_of(list(WISHES.values()))
    other = np.random.default_rng(0).normal(size=(len(space), 7)).astype(np.float32)
    changed = Space(space.utterances, other, space.plain)
    assert NAMER.name(changed, rows) == NAMER.name(space, rows)


def test_verbs_are_read_off_the_logs():
    verbs = Verbs(["I want to laminate this", "can you laminate a poster", "I want to know"])
    assert verbs.known == {"laminate"}
    assert verbs.read("i am laminating it").verbs == ("laminate",)


def test_what_is_said_shows_its_kind():
    kinds = {
        "how may i help you": "greet",
        "may i have your card number": "ask",
        "I have renewed your loan": "confirm",
        "this is unacceptable": "complain",
        "the door doesn't open": "report",
        "I don't know when you open": "inquire",
        "I need a desk": "request",
        "thank you so much": "thank",
        "the novel is blue": None,
    }
    verbs = Verbs(list(kinds))
    assert {text: verbs.read(text).kind for text in kinds} == kinds


def test_to_leave_is_no_goodbye():
    (name,) = names_of(["I want to leave by bus", "can I leave on the bus at two"])
    assert name.action == "leave"
    assert name.title == "Leave bus"
    assert is_customers(name.action)
    (name,) = names_of(["goodbye then", "ok, goodbye"])
    assert name.title.startswith("Goodbye")
    assert not is_customers(name.action)


@pytest.mark.parametrize("verb", ["offer", "thank", "deny", "apologize", "greet", "leave"])
def test_a_wish_is_a_customers_whatever_its_verb(verb):
    (action,) = actions_of([[f"I want to {verb} it", f"can I {verb} a chair"]], ["en"])
    assert is_customers(action)


def test_what_only_tells_something_provides_it():
    assert actions_of([["the novel is blue", "it is at home"]], ["en"]) == ["provide"]


def test_a_verb_of_the_logs_is_a_customers_wish():
    assert all(map(is_customers, ("inquire", "report", "cancel", "about")))
    assert not any(map(is_customers, ("confirm", "offer", "ask", "greet", "provide")))


def test_a_negation_goes_with_the_word_behind_it():
    assert ("not-working",) in phrases_of("my card is not working")
    assert ("cannot-renew",) in phrases_of("I am unable to renew it")
    assert ("sign-up",) in phrases_of("sign up")


def test_how_long_is_a_duration():
    assert ("duration",) in phrases_of("how long does a loan last")


def test_a_small_word_with_is_behind_it_stays_small():
    assert phrases_of("when's my loan due") == phrases_of("when is my loan due")


def test_plurals_are_counted_with_their_singulars():
    words = ("cards", "fees", "countries", "movies", "boxes", "status", "news", "address")
    assert [singular(one) for one in words] == [
        "card",
        "fee",
        "country",
        "movie",
        "box",
        "status",
        "news",
        "address",
    ]
    assert [singular(one) for one in ("buses", "statuses", "buss", "bus", "pauses", "viruses")] == [
        "bus",
        "status",
        "buss",
        "bus",
        "pause",
        "virus",
    ]


def test_words_of_one_stem_are_not_put_together():
    assert same_stem("verify", "verification")
    assert not same_stem("transfer", "transaction")


def test_a_name_goes_to_the_cluster_that_it_suits_best():
    wanted = [{"renew-loan": 0.3, "renew-book": 0.2}, {"renew-loan": 0.5, "renew-novel": 0.1}]
    assert first_free(wanted) == ["renew-book", "renew-loan"]


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1), min_size=1),
        min_size=1,
        max_size=6,
    )
)
def test_no_two_clusters_share_a_name(wanted):
    ranked = [dict(sorted(one.items(), key=lambda pair: -pair[1])) for one in wanted]
    given_names = first_free(ranked)
    assert len(set(given_names)) == len(wanted)


def test_a_language_is_told_or_left_open():
    assert language_of(["how do I renew my loan", "it is not here"]) == "en"
    assert language_of(["wie kann ich die karte verlängern", "das ist nicht mein buch"]) == "de"
    assert language_of(["図書館は何時に開きますか"]) == "ja"
    assert language_of(["도서관은 몇 시에 여나요"]) == "ko"
    assert language_of(["где моя книга"]) == ""
    assert language_of(["12345", "!!"]) == ""


def test_a_cluster_that_does_not_tell_its_language_has_that_of_all():
    english = ["how do I renew my loan", "it is not in the reading room", "what can I do with this"]
    assert languages_of([english, ["card declined"]]) == ["en", "en"]


def test_a_role_that_nobody_knows_is_people():
    space = Space((Utterance("a loan", role=None),), *[WordEncoder().encode(["a loan"])] * 2)
    (name,) = NAMER.name(space, [np.array([0])])
    assert name.description.startswith("People")


@pytest.mark.parametrize("opening", ["hi", "ok", "bye", "yes", "no", "thanks"])
def test_a_long_word_behind_a_cue_is_not_cut_in_every_way_there_is(opening):
    # With a pattern that may cut inside a word this takes minutes, and the suite would hang.
    assert Verbs([]).read(f"{opening} {'a' * 480} b c d e f").verbs == ()
