"""Drift of what was logged: which decisions count, their trend, and the turns behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.workspaces import copy_folder
from turnwise.bundle.reference import Sample
from turnwise.decision_log import GivenLabel, LogBatch, LoggedDecision
from turnwise.errors import BundleError, ConfigError
from turnwise.project import Project, current_bundle
from turnwise.steps import drifting
from turnwise.steps.drifting import drift, report_on

DAY = 86_400
MONDAY = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
LABELS = ("BUY", "SELL", "ASK")


class Log:
    """What was logged, in a list."""

    def __init__(self, *decisions: LoggedDecision) -> None:
        self.kept = sorted(decisions, key=lambda one: one.at)

    def decisions(self, since=0.0, bundle=None):
        return (one for one in self.kept if one.at >= since and bundle in (None, one.bundle))


def decision(at, label="BUY", **changes):
    made = LoggedDecision(
        at=MONDAY + at,
        conversation=f"c{at}",
        owner="router",
        turn=0,
        arm="champion",
        experiment="",
        bundle="shop-1",
        taxonomy_version=1,
        kind="accept",
        sure=True,
        labels={"wish": GivenLabel("OTHER", 1.0)},  # what others settled doesn't count
        model={"wish": GivenLabel(label, 0.7)},
        out_of_domain=0.0,
        strange=False,
    )
    return replace(made, **changes)


def usual(count, first=0, every=60, **changes):
    rng = np.random.default_rng(abs(first))
    for at in range(count):
        label = LABELS[rng.choice(3, p=(0.5, 0.3, 0.2))]
        model = {"wish": GivenLabel(label, float(rng.uniform(0.3, 1)))}
        one = decision(first + at * every, model=model, out_of_domain=float(rng.normal()))
        yield replace(one, **changes)


def grown(count, first=0, every=60, **changes):
    for at in range(count):
        yield decision(first + at * every, "NEW", **changes)


@pytest.fixture(scope="module")
def reference():
    made = Sample()
    for one in usual(300, first=-(10**6)):
        made.add(one.conversation, one.model, one.out_of_domain, one.strange)
    return made.profile()


def test_traffic_like_the_training_is_steady(reference):
    made = report_on("shop-1", reference, Log(*usual(500)))
    assert made.drift.verdict == "steady"
    assert (made.decisions, made.drift.decisions, made.drift.reference) == (500, 500, 300)
    assert (made.first, made.last) == (MONDAY, MONDAY + 499 * 60)
    assert made.note == ""


def test_a_label_that_grew_is_told_with_its_least_sure_turns(reference):
    sure = {"wish": GivenLabel("NEW", 0.9)}
    unsure = {"wish": GivenLabel("NEW", 0.2)}
    odd = [
        decision(10**5, text="now this", model=sure),
        decision(10**5 + 1, text="do the new thing", model=unsure),
        decision(10**5 + 2, text="Do the  new THING", model=unsure),
    ]
    made = report_on("shop-1", reference, Log(*usual(300), *grown(200), *odd))
    assert made.drift.verdict == "strongly moved"
    first = made.drift.labels[0]
    assert (first.dimension, first.label, first.share.before) == ("wish", "NEW", 0)
    assert first.share.low > 0.3
    assert made.turns[0].text == "do the new thing"
    assert {one.why for one in made.turns} == {"wish: NEW"}
    assert len(made.turns) == 10
    texts = [one.text for one in made.turns if one.text]
    assert len({one.casefold() for one in texts}) == len(texts)


def test_strange_turns_are_shown_the_strangest_first_and_in_turn_with_labels(reference):
    strange = [
        decision(at * 60, text=f"strange {at}", out_of_domain=3 + at / 100, strange=True)
        for at in range(60)
    ]
    made = report_on("shop-1", reference, Log(*usual(300), *grown(200), *strange))
    assert [one.why for one in made.turns[:4]] == ["out of domain", "wish: NEW"] * 2
    assert [one.text for one in made.turns if one.text] == [
        f"strange {at}" for at in range(59, 54, -1)
    ]


def test_shadows_other_bundles_and_what_was_before_do_not_count(reference):
    log = Log(
        *usual(150),
        *grown(300, arm="shadow"),
        *grown(300, bundle="shop-2"),
        *grown(300, first=-DAY, every=1),
    )
    made = report_on("shop-1", reference, log, since=MONDAY)
    assert (made.decisions, made.drift.verdict) == (150, "steady")


@pytest.mark.parametrize(("count", "why"), [(0, "0 decisions"), (99, "99 decisions are too few")])
def test_too_few_decisions_are_told_as_such(reference, count, why):
    made = report_on("shop-1", reference, Log(*usual(count)))
    assert why in made.note
    assert (made.drift, made.turns, made.decisions) == (None, (), count)


def test_without_a_reference_there_is_a_trend_and_advice():
    made = report_on("shop-1", None, Log(*usual(200)))
    assert "Run 'turnwise train' again" in made.note
    assert [one.decisions for one in made.trend] == [200]
    assert made.trend[0].psi == {}
    assert made.trend[0].confidence["wish"] == pytest.approx(0.65, abs=0.05)


def test_the_trend_goes_by_day_where_each_has_enough(reference):
    days = [one for day in range(3) for one in usual(120, first=day * DAY)]
    made = report_on("shop-1", reference, Log(*days, *grown(150, first=3 * DAY)))
    assert made.every == "day"
    assert [(one.start, one.decisions) for one in made.trend] == [
        ("2026-11-02", 120),
        ("2026-11-03", 120),
        ("2026-11-04", 120),
        ("2026-11-05", 150),
    ]
    indices = [one.psi["wish"] for one in made.trend]
    assert max(indices[:3]) < 0.1 < 1 < indices[3]
    assert made.trend[3].out_of_domain == 0


def test_the_trend_goes_by_week_where_days_are_thin(reference):
    made = report_on("shop-1", reference, Log(*usual(300, every=DAY // 10)))
    assert made.every == "week"
    assert [one.start for one in made.trend][:2] == ["2026-11-02", "2026-11-09"]
    assert sum(one.decisions for one in made.trend) == 300
    assert all(one.psi == {} for one in made.trend)  # 70 a week tell nothing


def test_the_trend_of_years_shows_the_latest_half_year(reference):
    made = report_on("shop-1", reference, Log(*usual(700, every=DAY)))
    assert len(made.trend) == 26


def test_more_than_can_be_looked_at_asks_for_a_shorter_time(reference, monkeypatch):
    monkeypatch.setattr(drifting, "MOST", 200)
    with pytest.raises(ConfigError, match=r"more than 200 decisions.*--since"):
        report_on("shop-1", reference, Log(*usual(201)))


# In a real workspace


@pytest.fixture
def workspace(finished, tmp_path):
    return copy_folder(finished, tmp_path / "work")


def test_the_log_of_a_workspace_is_compared_with_the_bundle_that_serves(workspace):
    bundle = current_bundle(workspace).name
    with Project.open(workspace) as project:
        logged = [
            replace(one, bundle=bundle, model={"intent": GivenLabel("NEW", 0.2)})
            for one in usual(300)
        ]
        project.workspace.decision_log.put(LogBatch(decisions=logged))
    made = drift(workspace)
    assert (made.bundle, made.decisions) == (bundle, 300)
    verdicts = {(one.kind, one.dimension): one.verdict for one in made.drift.measures}
    assert verdicts["labels", "intent"] == "strongly moved"
    assert drift(workspace, bundle, since=MONDAY + 200 * 60).decisions == 100


def test_a_bundle_that_is_not_there_is_named(workspace):
    with pytest.raises(BundleError, match="no-such"):
        drift(workspace, "no-such")


def test_replies_to_questions_do_not_count():
    asked = [decision(at, conversation=f"q{at}", kind="clarify") for at in range(5)]
    replies = [
        decision(at + 10, conversation=f"q{at}", turn=2, model={"wish": GivenLabel("NEW", 1.0)})
        for at in range(5)
    ]
    later = [decision(at + 20, conversation=f"q{at}", turn=4) for at in range(5)]
    assert report_on("shop-1", None, Log(*asked, *replies, *later), None).decisions == 10
