"""The charts of chains show all there is, in drawings that hold text and shapes alone."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.evaluation.generation import (
    ChainFigures,
    opening_flow,
    statistics_page,
    transition_map,
)
from turnwise.evaluation.generation.lengths import length_chart

EVIL = "<script>alert('1')</script> & \"co\""
SVG = "{http://www.w3.org/2000/svg}"

LABELS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1)
OPENINGS = st.dictionaries(
    st.lists(st.none() | LABELS, min_size=1, max_size=3).map(tuple),
    st.integers(1, 10**6),
    min_size=1,
    max_size=40,
)
TRANSITIONS = st.dictionaries(
    LABELS, st.dictionaries(LABELS, st.integers(1, 10**6), min_size=1), min_size=1, max_size=30
)


def parsed(svg):
    return ElementTree.fromstring(svg.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def texts(svg):
    return [one.text for one in parsed(svg).iter(f"{SVG}text")]


def titles(svg):
    return [one.text for one in parsed(svg).iter(f"{SVG}title")]


def many(count):
    return [f"INTENT_{place}" for place in range(count)]


def test_a_band_tells_how_many_conversations_go_on_so():
    svg = opening_flow({("ASK", "BUY"): 3, ("ASK",): 1, ("ASK", None, "BUY"): 2}).svg
    assert "ASK → BUY: 3 of 6 conversations" in titles(svg)
    assert "ASK → (ended): 1 of 6 conversations" in titles(svg)
    assert "ASK → (no label): 2 of 6 conversations" in titles(svg)
    assert "ASK 100.0%" in [re.sub(" +", " ", one) for one in texts(svg)]


def test_of_many_labels_the_rare_ones_share_a_bar():
    openings = {(name,): 100 - place for place, name in enumerate(many(60))}
    said = " ".join(texts(opening_flow(openings).svg))
    assert "INTENT_11 " in said
    assert "INTENT_12 " not in said
    assert "(all others)" in said


def test_names_of_bars_do_not_overlap():
    openings = {(name,): 1 if place else 10_000 for place, name in enumerate(many(12))}
    rows = sorted(
        float(one.get("y"))
        for one in parsed(opening_flow(openings).svg).iter(f"{SVG}text")
        if "INTENT" in one.text
    )
    assert min(after - before for before, after in pairwise(rows)) > 13


@given(OPENINGS)
def test_whatever_the_labels_a_flow_is_drawn_and_loses_no_conversation(openings):
    svg = opening_flow(openings).svg
    root = parsed(svg)
    bars = [one.find(f"{SVG}title").text for one in root.iter(f"{SVG}rect")]
    left = min(float(one.get("x")) for one in root.iter(f"{SVG}rect"))
    first = [one for one in root.iter(f"{SVG}rect") if float(one.get("x")) == left]
    counts = [one.find(f"{SVG}title").text.rsplit(": ", 1)[1] for one in first]
    assert sum(int(one.split(" of ")[0].replace(",", "")) for one in counts) == sum(
        openings.values()
    )
    assert len(bars) <= 3 * 16


def test_a_cell_tells_count_and_share():
    svg = transition_map({"ASK": {"ASK": 3, "BUY": 1}}).svg
    assert "ASK → BUY: 1 of 4, 25.0%" in titles(svg)
    assert {"75", "25", "4"} <= {*texts(svg)}


def test_of_many_labels_the_rare_ones_share_a_row():
    names = many(60)
    transitions = {name: {name: 100 - place} for place, name in enumerate(names)}
    svg = transition_map(transitions).svg
    assert "INTENT_19" in texts(svg)
    assert "INTENT_20" not in texts(svg)
    rest = sum(100 - place for place in range(20, 60))
    assert f"(all others) → (all others): {rest:,} of {rest:,}, 100.0%" in titles(svg)


@given(TRANSITIONS)
def test_whatever_the_labels_a_map_is_drawn_and_loses_no_transition(transitions):
    cells = [one for one in titles(transition_map(transitions).svg) if "→" in one]
    counts = [
        int(re.search(r"([\d,]+) of [\d,]+, [\d.]+%$", one)[1].replace(",", "")) for one in cells
    ]
    assert sum(counts) == sum(sum(row.values()) for row in transitions.values())


@given(st.dictionaries(st.integers(1, 10_000), st.integers(1, 10**6), min_size=1))
def test_lengths_have_at_most_thirty_bars_that_hold_all_conversations(lengths):
    told = [one for one in titles(length_chart(lengths).svg) if one]
    assert len(told) <= 31
    shares = [float(one.rsplit(" ", 1)[1].rstrip("%")) for one in told]
    assert sum(shares) == pytest.approx(100, abs=0.06 * len(told))


def figures(**changes):
    openings = Counter({("ASK", EVIL): 2, (EVIL,): 1})
    values = {
        "conversations": 3,
        "turns": 5,
        "unlabelled": 0,
        "lengths": {1: 1, 2: 2},
        "first": {"ASK": 2, EVIL: 1},
        "transitions": {"ASK": {EVIL: 2}},
        "openings": openings,
        "states": [("A · ASK", f"A · {EVIL}", 2)],
    }
    return ChainFigures(**(values | changes))


def test_a_page_escapes_every_text_and_refers_to_nothing():
    markets = {EVIL: figures(), "de": figures()}
    page = statistics_page(figures(), markets, title=EVIL, facts={EVIL: EVIL}, notes=[EVIL])
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "100.0% of 2 transitions change the label" in page


def test_a_page_of_logs_without_a_transition_says_so():
    bare = figures(lengths={1: 3}, turns=3, first={}, transitions={}, states=())
    page = statistics_page(bare, {}, title="shop", facts={})
    assert "No two labelled customer turns follow each other" in page
