"""Clarifying questions: they read as sentences, tell labels apart, and never come twice."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.serving.clarifying import FRAMES, LONGEST, in_words, question, words
from turnwise.serving.decision import Question
from turnwise.taxonomy import Dimension, Label
from turnwise.taxonomy_file import read_taxonomy

LARKSPUR = Path(__file__).parents[2] / "examples" / "larkspur" / "taxonomy.yaml"
INTENT = read_taxonomy(LARKSPUR)["intent"]
TWO = (("REFUND", 0.5), ("CANCEL_AND_REFUND", 0.3))
THREE = (*TWO, ("CANCEL", 0.1))

text = st.text(max_size=200)
names = st.text("abAB_- é/", min_size=1, max_size=8)


def text_of(dimension, candidates, locale="en", asked=()):
    made = question(dimension, candidates, locale, asked)
    return made and made.text


def of_names(*names, **more):
    return Dimension("intent", tuple(Label(one, (one,), **more) for one in names))


def even(*names):
    return tuple((one, 1 / len(names)) for one in names)


def titled(*titles):
    """Labels named a, b, ... with these titles in the locale `xx`, or in those of a mapping."""
    named = [one if isinstance(one, dict) else {"en": one} for one in titles]
    labels = [Label(name, (name,), titles=one) for name, one in zip("abcdef", named, strict=False)]
    return Dimension("intent", tuple(labels)), even(*(one.name for one in labels))


def test_a_question_names_the_titles_of_the_labels_in_doubt():
    made = question(INTENT, TWO, "en", ())
    assert made == Question("Is this about: Get money back, or Cancel and refund?", "intent", TWO)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("", "Is this about: Get money back, or Cancel and refund?"),
        ("de", "Worum geht es: Geld zurück oder Kündigen und Geld zurück?"),
        ("de-AT", "Worum geht es: Geld zurück oder Kündigen und Geld zurück?"),
        ("es_MX", "¿De qué se trata: Recuperar el dinero o bien Cancelar y reembolsar?"),
        ("fr", "Is this about: Get money back, or Cancel and refund?"),
    ],
)
def test_the_language_is_that_of_the_titles(locale, said):
    assert text_of(INTENT, TWO, locale) == said


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "Is this about: A, B, C, or D?"),
        ("de", "Worum geht es: A, B, C oder D?"),
        ("fr", "De quoi s'agit-il\u00a0: A, B, C ou D\u202f?"),
        ("es", "¿De qué se trata: A, B, C o bien D?"),
        ("it", "Di che cosa si tratta: A, B, C oppure D?"),
        ("nl", "Waar gaat het over: A, B, C of D?"),
        ("pt", "De que se trata: A, B, C ou D?"),
        ("pl", "A / B / C / D?"),
    ],
)
def test_every_language_has_a_frame_or_none_with_words(locale, said):
    dimension, candidates = titled(*({locale: one} for one in "ABCD"))
    assert text_of(dimension, candidates, locale) == said
    assert set(FRAMES) == {"en", "de", "fr", "es", "it", "nl", "pt"}


def test_titles_that_hold_an_or_or_a_comma_are_kept_apart():
    dimension, candidates = titled("Lost or stolen card", "Card arrival")
    assert text_of(dimension, candidates) == "Is this about: Lost or stolen card; or Card arrival?"
    dimension, candidates = titled({"de": "Karte verloren, gestohlen"}, {"de": "Ankunft"})
    said = "Worum geht es: Karte verloren, gestohlen; oder Ankunft?"
    assert text_of(dimension, candidates, "de") == said


def test_one_label_without_a_title_in_the_locale_makes_the_question_english():
    dimension, candidates = titled({"de": "Geld zurück", "en": "Money back"}, {"en": "Cancelling"})
    assert text_of(dimension, candidates, "de") == "Is this about: Money back, or Cancelling?"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CANCEL_AND_REFUND", "cancel and refund"),
        ("Flights_1/SearchOnewayFlight", "flights 1 search oneway flight"),
        ("card-arrival", "card arrival"),
        ("PIN_blocked", "PIN blocked"),
        ("blockedPINCode", "blocked PIN code"),
        ("Karte verloren", "Karte verloren"),
        ("LOST CARD", "lost card"),
        ("änderung_der_adresse", "änderung der adresse"),
        ("解約", "解約"),
        ("___", "___"),
    ],
)
def test_names_read_as_words(name, said):
    assert in_words(name) == said


def test_labels_of_one_title_are_told_apart_by_their_branch():
    one = Label("ORDER_REFUND", ("Orders", "ORDER_REFUND"), titles={"en": "Refund"})
    other = Label("PLAN_REFUND", ("PLANS", "PLAN_REFUND"), titles={"en": "refund"})
    node = Label("PLANS", ("PLANS",), titles={"en": "Subscriptions"})
    said = text_of(Dimension("i", (one, other, node)), even("ORDER_REFUND", "PLAN_REFUND"))
    assert said == "Is this about: Refund (orders), or refund (Subscriptions)?"


def test_labels_of_one_title_and_branch_are_told_apart_by_their_descriptions():
    one = Label("A", ("A",), "money for an item. Not a plan", titles={"en": "Refund"})
    other = Label("B", ("B",), "money for a plan", titles={"en": "Refund"})
    said = text_of(Dimension("i", (one, other)), even("A", "B"))
    assert said == "Is this about: Refund (money for an item), or Refund (money for a plan)?"


def test_labels_of_one_title_that_say_no_more_are_told_apart_by_their_names():
    dimension, candidates = titled("Refund", "Refund", "Return")
    assert text_of(dimension, candidates) == "Is this about: Refund (a), Refund (b), or Return?"


def test_nothing_is_asked_where_nothing_tells_labels_apart():
    dimension = of_names("LOST_CARD", "lost-card")
    assert question(dimension, even("LOST_CARD", "lost-card"), "en", ()) is None


@pytest.mark.parametrize("locale", ["", "en", "en-GB", "ja"])
def test_a_title_that_another_one_holds_is_described(locale):
    one = Label("A", ("A",), "money back that was asked for", titles={"en": "Refund"})
    other = Label("B", ("B",), "when it comes", titles={"en": "Refund status"})
    said = text_of(Dimension("i", (one, other)), even("A", "B"), locale)
    assert said == "Is this about: Refund (money back that was asked for), or Refund status?"


def test_the_same_labels_are_not_asked_about_twice_in_any_order_or_language():
    first = question(INTENT, THREE, "en", ())
    assert first is not None
    assert question(INTENT, THREE[::-1], "de", (first,)) is None
    assert question(INTENT, THREE[1:], "en", (first,)) is None
    other = question(INTENT, THREE[:2], "en", ())
    assert other is not None
    assert question(INTENT, THREE, "en", (other,)) is not None


def test_the_same_words_are_not_said_twice():
    said = text_of(INTENT, TWO)
    before = Question(said, "another dimension", ())
    assert question(INTENT, TWO, "en", (before,)) is None


def test_one_label_makes_no_question():
    assert question(INTENT, TWO[:1], "en", ()) is None
    assert question(INTENT, (TWO[0], TWO[0]), "en", ()) is None
    assert question(INTENT, (), "en", ()) is None


def test_long_titles_are_cut_at_a_word():
    dimension, candidates = titled("word " * 30, "short")
    said = text_of(dimension, candidates)
    assert said.startswith("Is this about: word word")
    assert said.endswith("word…, or short?")


def test_what_does_not_fit_is_not_named_and_the_question_says_so():
    candidates = even(*(f"label_{at}_{'x' * 45}" for at in range(20)))
    made = question(of_names(*dict(candidates)), candidates, "en", ())
    assert made is not None
    assert 2 <= len(made.candidates) < 20
    assert made.candidates == candidates[: len(made.candidates)]
    assert question(of_names(*dict(candidates)), candidates, "en", (made,)) is None


def test_words_are_those_of_any_script():
    assert words("Kündigen, s'il vous plaît!") == ["kundigen", "s", "il", "vous", "plait"]
    assert words("退款状态") == ["退款", "款状", "状态"]
    assert words("हिन्दी ठीक") == words("हिन्दी  ठीक")
    assert len(words("हिन्दी ठीक")) == 2


@given(
    st.dictionaries(names, st.tuples(text, text), min_size=2, max_size=6),
    st.sampled_from(["", "en", "de", "fr", "xx", "zh-Hant"]),
    st.booleans(),
)
def test_a_question_is_short_one_line_long_and_repeats_nothing(written, locale, has_titles):
    titles = {name: {locale or "en": one[0]} if has_titles else {} for name, one in written.items()}
    labels = tuple(
        Label(name, (name,), one[1], titles=titles[name]) for name, one in written.items()
    )
    dimension = Dimension("intent", labels)
    candidates = even(*dimension.names)
    made = question(dimension, candidates, locale, ())
    if made is None:
        return
    assert len(made.text) <= LONGEST
    assert made.text.splitlines() == [made.text]
    assert made.candidates == candidates[: len(made.candidates)]
    assert question(dimension, candidates, locale, (made,)) is None
    assert question(dimension, made.candidates[::-1], locale, (made,)) is None
