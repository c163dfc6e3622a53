"""The measure of errors that go on: what is scored is what is served, and parts add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from turnwise.bundle import Bundle
from turnwise.bundle.transitions import Chain, Succession, Transitions
from turnwise.errors import EvaluationError
from turnwise.project import Project, current_bundle
from turnwise.serving import DialogueState
from turnwise.serving.history import History
from turnwise.steps.evaluating import fair_test
from turnwise.steps.history_scores import evaluate_history, history_scores


@pytest.fixture(scope="module")
def tested(finished):
    bundle = Bundle.load(current_bundle(finished), threads=1)
    with Project.open(finished) as project:
        return fair_test(project, bundle)


@pytest.fixture(scope="module")
def chained(finished):
    """The bundle of the slice, told that domains stay."""
    bundle = Bundle.load(current_bundle(finished), threads=1)
    names = bundle.taxonomy["domain"].names
    stay = tuple(Succession(one, one, 20.0) for one in names)
    bundle.transitions = Transitions({"domain": Chain(stay, 0.7, 1.3, 60, 1.0, 0.9, None, None)})
    return bundle


@pytest.fixture(scope="module")
def found(chained, tested):
    return history_scores(chained, tested)


def test_what_is_scored_is_what_is_served(chained, tested, found):
    history = History(chained, "labels")
    index = chained.taxonomy["domain"].index
    right = []
    for one in tested:
        _, rows = history.read(one, DialogueState())
        right.append(rows["domain"].argmax() in {index[name] for name in one.gold["domain"]})
    assert found.dimensions["domain"].ways["beliefs"].every == pytest.approx(np.mean(right))


def test_the_text_alone_scores_as_the_bundle_does(chained, tested, found):
    best = chained.probabilities(tested)["domain"].argmax(1)
    names = chained.taxonomy["domain"].names
    right = [names[at] in one.gold["domain"] for at, one in zip(best, tested, strict=True)]
    assert found.dimensions["domain"].ways["text"].every == pytest.approx(np.mean(right))


def test_the_gain_is_what_is_mended_less_what_is_broken(found):
    one = found.dimensions["domain"]
    gain = one.ways["beliefs"].every - one.ways["text"].every
    assert one.gain.value == pytest.approx(gain, abs=1e-6)
    assert one.mended - one.broken == pytest.approx(gain)
    assert one.mended > 0 or one.broken > 0
    assert one.gain.low <= one.gain.value <= one.gain.high


def test_turns_after_another_are_parted_by_whether_that_was_read_right(tested, found):
    one = found.dimensions["domain"]
    opening = sum(each.index == 0 for each in tested)
    assert one.turns == len(tested)
    assert one.after_right + one.after_wrong == one.turns - opening
    for way in one.ways.values():
        parts = way.after_right * one.after_right + way.after_wrong * one.after_wrong
        total = parts + way.by_position[0] * opening
        assert way.every * one.turns == pytest.approx(total)


def test_what_people_said_misleads_less_than_what_the_model_is_made_sure_of(found):
    ways = found.dimensions["domain"].ways
    assert ways["gold"].every >= ways["labels"].every


def test_a_chain_of_no_weight_changes_nothing(chained, tested):
    other = Bundle.load(chained.folder, threads=1)
    chain = replace(chained.transitions.chains["domain"], weight=0.0)
    other.transitions = Transitions({"domain": chain})
    one = history_scores(other, tested).dimensions["domain"]
    assert len({way.every for way in one.ways.values()}) == 1
    assert (one.gain.value, one.mended, one.broken) == (0, 0, 0)


def test_a_bundle_without_chains_is_refused(chained, tested):
    other = Bundle.load(chained.folder, threads=1)
    other.transitions = None
    with pytest.raises(EvaluationError, match="turnwise train"):
        history_scores(other, tested)


def test_a_project_is_scored_on_its_test(finished, tested):
    with Project.open(finished) as project:
        result = evaluate_history(project)
    assert result.turns == len(tested)
    assert result.dimensions.keys() == {"domain", "intent", "issue"}
    assert result.milliseconds.keys() == {"text", "labels"}
