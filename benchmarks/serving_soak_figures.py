"""What came of a soak: counts, exposures, memory, and which promises held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.runner import Figures, Plain
from benchmarks.serving_faults import Answered, Outcome
from turnwise.serving.deployment import Experiment
from turnwise.workspace import Workspace

PATIENCE = 15.0  # seconds until a switch must have been followed
SAMPLE_SECONDS = 0.25  # between two looks at the memory
EARLY, LATE = 0.4, 0.7  # of the time: before EARLY it warms up
GROWTH = 0.05


@dataclass(frozen=True, slots=True)
class Switch:
    """What was told of the deployment, and when, of `time.time`.

    Attributes:
        followed: seconds until the server said so; None: it did not within PATIENCE.
        experiment: that began; None where one ended.
    """

    told: float
    followed: float | None
    experiment: Experiment | None


def verdict(
    facts: Figures,
    outcome: Outcome,
    switches: Sequence[Switch],
    exposures: Mapping[str, int],
    resident: Sequence[float],
) -> tuple[Figures, dict[str, bool]]:
    """All figures, beginning with the facts, and promise -> whether it held."""
    counts, memory = _counts(outcome), grown(resident)
    missed = sum(one.followed is None for one in switches)
    wrong = ("lost", "mixed_up", "bad_let_in", "good_refused")
    held = {
        "errors": not counts["errors_5xx"] and not counts["no_retry"],
        "answers": not any(counts[one] for one in wrong),
        "switches": bool(switches) and not missed and not exposures["by_another_arm"],
        "exposures": bool(exposures["conversations"]) and not exposures["lost_exposures"],
        "memory": memory["growth"] <= GROWTH,
    }
    slowest = max((one.followed or PATIENCE for one in switches), default=0.0)
    followed: Figures = {
        "switches": len(switches),
        "switches_missed": missed,
        "switch_seconds_most": slowest,
    }
    seconds = round(outcome.seconds, 1)
    return {
        **facts,
        "seconds": seconds,
        **counts,
        **followed,
        **exposures,
        **memory,
        "least_mb": by_tenth(resident),
    }, held


def _counts(outcome: Outcome) -> dict[str, Plain | Mapping[str, Plain]]:
    answered = outcome.statuses + outcome.of_bad
    middle, far = np.percentile(outcome.milliseconds or [0.0], (50, 99))
    return {
        "errors_5xx": sum(n for status, n in answered.items() if status >= 500 and status != 503),
        "shed": answered[503],
        "no_retry": outcome.no_retry,
        "lost": outcome.lost,
        "mixed_up": outcome.mixed_up,
        "bad_let_in": sum(n for status, n in outcome.of_bad.items() if status < 400),
        "good_refused": sum(n for status, n in outcome.statuses.items() if 400 <= status < 500),
        "statuses": {str(one): n for one, n in sorted(outcome.statuses.items())},
        "statuses_of_bad": {str(one): n for one, n in sorted(outcome.of_bad.items())},
        "left": {str(one): n for one, n in outcome.left.items()},
        "p50_ms": round(float(middle), 2),
        "p99_ms": round(float(far), 2),
    }


def exposed(work: Path, answered: Sequence[Answered], switches: Sequence[Switch]) -> dict[str, int]:
    """Conversations of experiments, held against what the workspace has logged of them.

    Requests that were begun before the server said that it follows, or done after the end was
    told, may belong to either side and are left out.
    """
    found: Counter[str] = Counter(experiments=0, conversations=0, by_another_arm=0)
    found["lost_exposures"] = 0
    ends = [*(one.told for one in switches[1:]), float("inf")]
    with Workspace.open(work) as workspace:
        for switch, end in zip(switches, ends, strict=True):
            if switch.experiment is None or switch.followed is None:
                continue
            experiment, since = switch.experiment, switch.told + switch.followed
            inside = [one for one in answered if since <= one.begun and one.done < end]
            names = {one.conversation for one in inside}
            logged = {
                one.conversation: one.bundle
                for one in workspace.decision_log.exposures(experiment.name)
            }
            arm = experiment.bundle_for
            found["experiments"] += 1
            found["conversations"] += len(names)
            found["by_another_arm"] += sum(one.bundle != arm(one.conversation) for one in inside)
            found["lost_exposures"] += sum(logged.get(one) != arm(one) for one in names)
    return dict(found)


def grown(resident: Sequence[float]) -> dict[str, float]:
    """How memory in MB went on after the warm-up, as `serving_soak` says."""
    early, late = (int(len(resident) * share) for share in (EARLY, LATE))
    before, after = min(resident[early:late]), min(resident[late:])
    slope = np.polyfit(np.arange(len(resident) - early), resident[early:], 1)[0]
    return {
        "resident_mb_start": resident[0],
        "resident_mb_most": max(resident),
        "resident_mb_before": before,
        "resident_mb_after": after,
        "growth": round(after / before - 1, 4),
        "slope_mb_a_minute": round(float(slope) * 60 / SAMPLE_SECONDS, 2),
    }


def by_tenth(resident: Sequence[float]) -> dict[str, float]:
    """The least that was resident in each tenth of the time."""
    return {str(at): min(part) for at, part in enumerate(np.array_split(resident, 10)) if len(part)}
