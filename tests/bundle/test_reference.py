"""What a model says of some turns in figures, and the bundle that keeps them."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.bundle import Bundle, write_manifest
from turnwise.bundle.manifest import read_manifest
from turnwise.bundle.reference import Sample, effective_turns
from turnwise.decision_log import GivenLabel
from turnwise.errors import BundleError
from turnwise.project import Project, current_bundle
from turnwise.steps.training_data import training_data
from turnwise.training.referring import note_reference


def sample(*turns):
    """Of (conversation, label, confidence, score)."""
    made = Sample()
    for conversation, label, confidence, score in turns:
        strange = None if score is None else score > 1
        made.add(conversation, {"wish": GivenLabel(label, confidence)}, score, strange)
    return made


def test_a_profile_tells_shares_confidence_and_what_is_out_of_domain():
    found = sample(
        ("a", "BUY", 0.95, 0.0),
        ("a", "BUY", 0.31, 1.5),
        ("b", "SELL", 0.36, 0.0),
        ("b", "BUY", 1, 0),
    ).profile()
    wish = found.dimensions["wish"]
    assert (found.turns, found.conversations) == (4, 2)
    assert wish.labels.shares == {"BUY": 0.75, "SELL": 0.25}
    assert wish.mean_confidence.value == pytest.approx(0.655)
    # A value on an edge counts to what is above it: .31 and .36, then .95, then 1.
    assert wish.confidence.edges[2:4] == (0.3, 0.4)
    assert wish.confidence.edges[-2:] == (0.95, 0.99)
    assert wish.confidence.shares == (0, 0, 0, 0.5, 0, 0, 0, 0, 0, 0, 0.25, 0.25)
    assert found.out_of_domain.share == 0.25
    assert sum(found.score.shares) == 1


def test_a_part_is_described_as_if_it_were_all():
    turns = [(f"c{at // 3}", f"L{at % 4}", 0.1 + at / 40, at / 10) for at in range(30)]
    assert sample(*turns).profile(6, 21) == sample(*turns[6:21]).profile()


def test_what_is_not_known_is_left_out():
    found = sample(("a", "BUY", math.nan, None), ("a", "SELL", 0.5, None)).profile()
    assert found.dimensions["wish"].labels.shares == {"SELL": 1}
    assert (found.turns, found.out_of_domain, found.score) == (2, None, None)
    nothing = Sample().profile()
    assert (nothing.turns, nothing.dimensions) == (0, {})


def test_whether_a_turn_is_strange_may_be_known_without_its_score():
    made = Sample()
    for strange in (True, False):
        made.add("a", {}, None, strange)
    found = made.profile()
    assert (found.out_of_domain.share, found.score) == (0.5, None)


def test_a_turn_without_a_conversation_is_one_of_its_own():
    turns = [("", "BUY" if at % 2 else "SELL", 0.5, 0.0) for at in range(40)]
    found = sample(*turns).profile()
    assert found.conversations == 40
    assert found.dimensions["wish"].labels.effective == pytest.approx(40, rel=0.1)


def test_turns_of_one_conversation_that_are_all_alike_count_as_one():
    turns = [(f"c{at // 10}", f"L{at // 10 % 2}", 0.5, 0.0) for at in range(200)]
    assert sample(*turns).profile().dimensions["wish"].labels.effective == pytest.approx(20, abs=3)
    same = [(f"c{at // 10}", "BUY", 0.5, 0.0) for at in range(200)]
    assert sample(*same).profile().dimensions["wish"].labels.effective == 20


def test_the_error_of_a_mean_minds_conversations():
    apart = [(f"c{at}", "BUY", 0.4 + 0.2 * (at % 2), 0.0) for at in range(200)]
    alike = [(f"c{at // 10}", "BUY", 0.4 + 0.2 * (at // 10 % 2), 0.0) for at in range(200)]
    errors = [
        sample(*turns).profile().dimensions["wish"].mean_confidence.error
        for turns in (apart, alike)
    ]
    assert errors[0] == pytest.approx(0.1 / math.sqrt(200), rel=0.02)
    assert errors[1] == pytest.approx(0.1 / math.sqrt(20), rel=0.04)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=60))
def test_turns_never_say_more_than_independent_ones(turns):
    categories, groups = (np.array(column, np.int64) for column in zip(*turns, strict=True))
    assert 1 <= effective_turns(categories, groups) <= len(turns)


@given(st.permutations(range(12)))
def test_the_order_of_turns_does_not_matter(order):
    turns = [(f"c{at // 4}", f"L{at % 3}", 0.1 + at / 20, at / 10) for at in range(12)]
    found = sample(*(turns[at] for at in order)).profile()
    wanted = sample(*turns).profile()
    assert found.dimensions["wish"].confidence == wanted.dimensions["wish"].confidence
    assert found.dimensions["wish"].labels.shares == wanted.dimensions["wish"].labels.shares
    assert found.score == wanted.score


@pytest.fixture
def copy(finished, tmp_path):
    return shutil.copytree(current_bundle(finished), tmp_path / "bundle")


def test_training_notes_what_the_bundle_says_of_the_turns_held_apart(copy):
    manifest = read_manifest(copy)
    reference = manifest.reference
    assert reference.turns == manifest.training.data.calibration > 0
    assert reference.dimensions.keys() == manifest.temperatures.keys()
    for one in reference.dimensions.values():
        assert sum(one.labels.shares.values()) == pytest.approx(1, abs=1e-4)
        assert 1 <= one.labels.effective <= reference.turns


def test_a_bundle_that_was_packed_before_there_were_references_loads(copy):
    path = copy / "manifest.json"
    written = json.loads(path.read_text("utf-8"))
    del written["reference"]
    path.write_text(json.dumps(written), encoding="utf-8")
    assert Bundle.load(copy).manifest.reference is None


def test_it_can_be_given_its_reference_later(copy, finished):
    manifest = read_manifest(copy)
    write_manifest(replace(manifest, reference=None), copy)
    with Project.open(finished) as project:
        held = training_data(project, project.taxonomy(), project.split()).calibration
    note_reference(copy, held)
    assert read_manifest(copy) == manifest


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"shares": {"BUY": 0.5, "SELL": 0.1}}, "sum to 1"),
        ({"shares": {"BUY": 2.0, "SELL": -1.0}}, "between 0 and 1"),
        ({"effective": 0.0}, "effective"),
        ({"effective": math.nan}, "effective"),
        ({"shares": {"BUY": "all"}}, r"labels\.shares\.BUY"),
    ],
)
def test_a_reference_that_can_not_be_is_refused_with_its_place(copy, change, named):
    path = copy / "manifest.json"
    written = json.loads(path.read_text("utf-8"))
    written["reference"]["dimensions"]["intent"]["labels"] |= change
    path.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(BundleError, match=rf"reference\.dimensions\.intent\..*{named}|{named}"):
        read_manifest(copy)


def test_a_histogram_has_a_share_for_each_of_its_parts(copy):
    path = copy / "manifest.json"
    written = json.loads(path.read_text("utf-8"))
    written["reference"]["dimensions"]["intent"]["confidence"]["edges"].pop()
    path.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(BundleError, match=r"intent\.confidence is faulty: a histogram has"):
        read_manifest(copy)
