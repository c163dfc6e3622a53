"""What a service decided, out of the workspace's log, beside what its bundle did at training.

log --in order of time--> all of it, and day by day or week by week --> drift, and who moved
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal

from turnwise.bundle.manifest import read_manifest
from turnwise.bundle.reference import Profile, Sample
from turnwise.decision_log import LoggedDecision, LoggedTraffic
from turnwise.errors import ConfigError
from turnwise.project import Project
from turnwise.serving.drift import FEWEST, Drift, measure, missing
from turnwise.steps.deploying import deployment
from turnwise.steps.moved_turns import TURNS, MovedTurn, moved_turns

MOST = 2_000_000  # decisions: some 200 MB
PERIODS = 26  # that the trend goes back at most
DAY = 86_400.0

Every = Literal["day", "week"]


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a week of the trend.

    Attributes:
        start: its first day, in UTC.
        psi: dimension -> of its labels, beside the reference; empty with fewer than 100 decisions.
        confidence: dimension -> mean of the likeliest label's.
        out_of_domain: share of turns; None where nothing tells.
    """

    start: str
    decisions: int
    psi: dict[str, float]
    confidence: dict[str, float]
    out_of_domain: float | None


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What drift there is.

    Attributes:
        bundle: whose decisions these are. since: as asked, in seconds since 1970, UTC.
        first, last: when the first and the last decision was made; None where there is none.
        drift: None where there is nothing to measure, and `note` says why.
        every: what a period of the trend is.
        turns: that moved most.
    """

    bundle: str
    decisions: int
    since: float | None
    first: float | None
    last: float | None
    note: str
    drift: Drift | None
    every: Every
    trend: tuple[Period, ...]
    turns: tuple[MovedTurn, ...]


def drift(workspace: Path, bundle: str | None = None, since: float | None = None) -> DriftReport:
    """Compare what was logged of a bundle's decisions with its training; shadows don't count.

    Args:
        bundle: a folder under bundles, by its name; the one that serves where it is None.
        since: seconds since 1970, UTC; from the start of the log where it is None.

    Raises:
        BundleError: the bundle is missing or its manifest faulty. WorkspaceError: the folder is
            no workspace. ConfigError: more was logged than can be looked at.
    """
    name = Path(bundle).name if bundle is not None else deployment(workspace).champion
    reference = read_manifest(workspace / "bundles" / name).reference
    with Project.open(workspace) as project:
        return report_on(name, reference, project.workspace.decision_log, since)


def report_on(
    bundle: str, reference: Profile | None, traffic: LoggedTraffic, since: float | None = None
) -> DriftReport:
    """Compare what was logged of a bundle's decisions with its reference; errors as `drift`."""
    sample, times = Sample(), array("d")
    for one in _served(traffic, bundle, since):
        sample.add(one.conversation, one.model, one.out_of_domain, one.strange)
        times.append(one.at)
        if len(times) > MOST:
            hint = "Look at fewer with --since, such as --since 7d"
            raise ConfigError(f"more than {MOST:,} decisions are logged", hint=hint)
    note = missing(reference, len(times))
    found = measure(reference, sample.profile()) if reference is not None and not note else None
    every = _every(times)
    known = reference if reference is not None and reference.turns else None
    return DriftReport(
        bundle=bundle,
        decisions=len(times),
        since=since,
        first=times[0] if times else None,
        last=times[-1] if times else None,
        note=note,
        drift=found,
        every=every,
        trend=tuple(_trend(sample, times, every, known)),
        turns=moved_turns(_served(traffic, bundle, since), found, TURNS) if found else (),
    )


def _every(times: Sequence[float]) -> Every:
    """By day where that leaves enough decisions in each and all of them in sight."""
    days = (times[-1] - times[0]) / DAY if times else 0.0
    return "day" if days < PERIODS and len(times) >= FEWEST * days else "week"


def _served(traffic: LoggedTraffic, bundle: str, since: float | None) -> Iterator[LoggedDecision]:
    """What was served, but for replies to our questions: these are surer than the reference is."""
    asked: dict[str, int] = {}  # conversation -> turn, where a question is open
    for one in traffic.decisions(since or 0.0, bundle):
        if one.arm == "shadow" or not math.isfinite(one.at):
            continue
        reply = one.turn > asked.get(one.conversation, one.turn)
        if one.kind == "clarify" and one.conversation:
            asked[one.conversation] = one.turn
        elif reply:
            del asked[one.conversation]
        if not reply:
            yield one


def _trend(
    sample: Sample, times: Sequence[float], every: Every, reference: Profile | None
) -> Iterator[Period]:
    days = [_start(at, every) for at in times]
    starts = [place for place in range(len(days)) if place == 0 or days[place] != days[place - 1]]
    for first, end in list(pairwise([*starts, len(days)]))[-PERIODS:]:
        profile = sample.profile(first, end)
        psi = {}
        if reference is not None and profile.turns >= FEWEST:
            measures = measure(reference, profile).measures
            psi = {one.dimension: one.psi for one in measures if one.kind == "labels"}
        strange = profile.out_of_domain
        yield Period(
            start=days[first],
            decisions=profile.turns,
            psi=psi,
            confidence={
                name: one.mean_confidence.value for name, one in profile.dimensions.items()
            },
            out_of_domain=None if strange is None else strange.share,
        )


def _start(at: float, every: Every) -> str:
    day = datetime.fromtimestamp(at, UTC).date()
    return str(day if every == "day" else day - timedelta(days=day.weekday()))
