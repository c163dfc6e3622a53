"""Clear queries become ambiguous ones that a customer could have written."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generation.ambiguity.parcel_shop import (
    CANCEL,
    HOURS,
    LOST,
    PHRASING,
    TAXONOMY,
    WHEN,
    WISH,
    WordReader,
    sets_of,
)
from turnwise.bundle.refusal import Conformal
from turnwise.errors import BundleError, ConfigError
from turnwise.generation.ambiguity import (
    Ambiguous,
    ClearQuery,
    EmbeddedAmbiguity,
    ReaderSets,
    alone,
    make_ambiguous,
)
from turnwise.generation.ambiguity.leaving_out import LONG, STAYS_CLEAR, UNCLEAR, leave_out
from turnwise.generation.ambiguity.make import ALIKE, REPEATED
from turnwise.generation.ambiguity.pairing import NO_QUERY, fit_both, pairs_of
from turnwise.generation.ambiguity.phrases import Phrasing
from turnwise.generation.ambiguity.shorter import IN_GENERAL, LEFT_OUT, Whole
from turnwise.generation.ambiguity.words import LEADS_ON

SAID = "i want to ask about my parcel that was lost the a of in"
BOTH = {"DELIVERY_TIME", "MISSING_PARCEL"}


def made_of(query: ClearQuery, taxonomy=WISH) -> Ambiguous | str:
    return leave_out([query], sets_of(taxonomy), PHRASING)[0]


def test_words_that_tell_two_labels_apart_are_left_out():
    made = made_of(LOST)
    assert isinstance(made, Ambiguous)
    assert set(made.labels) == BOTH
    assert "lost" not in made.text
    assert made.clear == (LOST,)


def test_what_is_left_is_the_query_s_own_words_with_its_first_letter_and_last_mark():
    whole = Whole.of(LOST)
    phrases = {one.text: one for one in whole.shorter(whole.phrase, PHRASING)}
    assert phrases["I want to ask about my parcel."].made == LEFT_OUT
    assert phrases["I need help with my parcel."].made == IN_GENERAL


def test_every_ambiguous_query_is_read_so_again():
    sets = sets_of()
    for made in leave_out([LOST, WHEN], sets, PHRASING):
        read = sets.meant([alone(made.text)])["wish"]
        assert read.labels(0) == made.labels
        assert len(made.labels) >= 2


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (ClearQuery("my parcel", {"wish": "MISSING_PARCEL"}), UNCLEAR),
        (replace(LOST, labels={"wish": "CANCEL_ORDER"}), UNCLEAR),
        (ClearQuery("lost " * 20 + "word " * 21, {"wish": "MISSING_PARCEL"}), LONG),
        (HOURS, STAYS_CLEAR),
    ],
)
def test_what_can_not_be_made_ambiguous_says_why(query, reason):
    assert made_of(query) == reason


def test_no_label_of_another_dimension_is_lost():
    lamp = ClearQuery(
        "what about my parcel with the lamp that was lost",
        {"wish": "MISSING_PARCEL", "product": "Lamp"},
    )
    made = made_of(lamp, TAXONOMY)
    assert isinstance(made, Ambiguous)
    read = sets_of(TAXONOMY).meant([alone(made.text)])
    (other,) = {"wish", "product"} - {made.dimension}
    assert read[other].labels(0) == (lamp.labels[other],)


def test_queries_in_other_languages_lose_whole_clauses_only():
    query = ClearQuery("Mein Paket, es ist verschwunden.", {"wish": "MISSING_PARCEL"}, locale="de")
    made = made_of(query)
    assert isinstance(made, Ambiguous)
    assert made.text == "Mein Paket."


@given(st.lists(st.sampled_from(SAID.split()), min_size=2, max_size=12))
def test_what_is_left_is_always_a_phrase(words):
    whole = Whole.of(ClearQuery(" ".join(words), {}))
    for phrase in whole.shorter(whole.phrase, PHRASING):
        left = phrase.text.rstrip(".?").split()
        assert len(left) >= 2
        assert left[-1] not in LEADS_ON or left[-1] == words[-1]
        if phrase.made == LEFT_OUT:
            rest = iter(words)
            assert all(word in rest for word in left), "in another order than in the query"


def test_a_pair_gets_one_query_with_a_clear_version_for_each_label():
    (made,) = fit_both([("wish", *sorted(BOTH))], [LOST, WHEN, CANCEL], sets_of(), PHRASING)
    assert isinstance(made, Ambiguous)
    assert set(made.labels) >= BOTH
    assert {one.labels["wish"] for one in made.clear} == BOTH


def test_labels_that_share_nothing_get_no_query():
    pair = ("wish", "CANCEL_ORDER", "OPENING_HOURS")
    assert fit_both([pair], [LOST, CANCEL, HOURS], sets_of(), PHRASING) == [NO_QUERY]


def test_pairs_are_those_found_together_before_those_the_taxonomy_names():
    confused = replace(WISH.dimensions[0].labels[3], confused_with=("CANCEL_ORDER",))
    dimension = replace(WISH.dimensions[0], labels=(*WISH.dimensions[0].labels[:3], confused))
    found = pairs_of(replace(WISH, dimensions=(dimension,)), [made_of(LOST)])
    assert found == [
        ("wish", "DELIVERY_TIME", "MISSING_PARCEL"),
        ("wish", "CANCEL_ORDER", "OPENING_HOURS"),
    ]


def test_what_is_dropped_is_counted_and_one_text_is_not_made_over_and_over():
    dropped: Counter[str] = Counter()
    maker = EmbeddedAmbiguity(sets_of(), PHRASING)
    queries = [LOST] * (ALIKE + 2) + [HOURS]
    made = list(make_ambiguous(queries, maker, dropped=dropped))
    assert Counter(one.text for one in made).most_common(1)[0][1] == ALIKE
    assert dropped[STAYS_CLEAR] == 1
    assert dropped[REPEATED] == 2


def test_the_same_is_made_in_whatever_blocks(monkeypatch):
    maker = EmbeddedAmbiguity(sets_of(), PHRASING)
    queries = [LOST, WHEN, CANCEL, HOURS]
    whole = list(make_ambiguous(queries, maker, dropped=Counter()))
    monkeypatch.setattr("turnwise.generation.ambiguity.make.BLOCK", 1)
    assert list(make_ambiguous(queries, maker, dropped=Counter())) == whole


def test_many_queries_are_read_in_a_few_calls():
    sets = sets_of()
    leave_out([LOST, WHEN] * 20, sets, PHRASING)
    assert len(sets.reader.read) <= 3


def test_without_logs_no_words_come_to_stand_side_by_side():
    whole = Whole.of(LOST)
    found = whole.shorter(whole.phrase, Phrasing.of([]))
    assert not [one for one in found if one.made == LEFT_OUT]


def test_an_ambiguous_query_alone_carries_no_label_where_it_is_ambiguous():
    query = replace(LOST, labels={**LOST.labels, "product": "Lamp"}, market="AT", locale="en-AT")
    made = Ambiguous("my parcel", "wish", ("MISSING_PARCEL", "DELIVERY_TIME"), (query,), LEFT_OUT)
    talk = made.conversation("ambiguous-0-1")
    assert talk.turns[0].labels == {"product": "Lamp"}
    assert talk.turns[0].sources == ("a#0",)
    assert talk.offered == {"wish": made.labels}
    assert (talk.method, talk.market, talk.locale) == ("ambiguous", "AT", "en-AT")


@given(st.floats(0.001, 1), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_set_always_holds_the_likeliest_label(least, row):
    weights = np.array([row], np.float32) + np.float32(1e-6)
    reader = SimpleNamespace(probabilities=lambda examples: {"wish": weights / weights.sum()})
    read = ReaderSets(reader, WISH, {"wish": least}).meant([alone("x")])["wish"]
    assert read.likeliest(0) == read.labels(0)[0]


def test_a_bundle_without_fitted_sets_is_refused():
    bundle = SimpleNamespace(
        manifest=SimpleNamespace(refusal=None), taxonomy=WISH, folder="bundles/one"
    )
    with pytest.raises(BundleError, match="bundles/one: does not tell which labels of wish"):
        ReaderSets.of_bundle(bundle)


def test_a_bundle_s_levels_are_taken():
    conformal = Conformal(0.95, 100, 0.25, (0.25,) * 4, 0)
    refusal = SimpleNamespace(conformal={"wish": conformal})
    bundle = SimpleNamespace(
        manifest=SimpleNamespace(refusal=refusal), taxonomy=WISH, folder="bundles/one"
    )
    assert ReaderSets.of_bundle(bundle).least == {"wish": 0.25}


def test_a_level_that_no_second_label_could_reach_counts_as_a_lower_one():
    sets = ReaderSets(WordReader(WISH), WISH, {"wish": 0.8})
    assert set(sets.meant([alone("my parcel")])["wish"].labels(0)) == BOTH


def test_a_dimension_without_a_level_is_refused():
    with pytest.raises(ConfigError, match=r"least\.wish"):
        ReaderSets(WordReader(WISH), WISH, {})
