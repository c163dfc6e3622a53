"""The policy on the held-back test: what it decides, how often that is right, and how fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from turnwise.conversations import Example
from turnwise.progress import Progress, silent
from turnwise.project import Project, current_bundle
from turnwise.serving import Decision, Policy, PolicyConfig
from turnwise.steps.deciding import open_policy
from turnwise.steps.evaluating import fair_test

QUANTILES = (0.5, 0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to decide, over all turns of the test.

    Attributes:
        accuracy: dimension -> share of the turns with gold whose label is right.
        asked: share of turns that somebody else was asked about.
        milliseconds: P50, P90 and P99 of a decision.
    """

    name: str
    accuracy: Mapping[str, float]
    asked: float
    milliseconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The hybrid table, and what the policy did.

    Attributes:
        arms: the model alone, the policy, and whoever it asks alone.
        kinds: kind of decision, `not sure` apart -> share of turns.
        sure: share of turns with a label from a rule that decided (accept or escalate), and
            `sure_accuracy`, dimension -> how many of these are right.
        asked_before, asked_after: dimension -> accuracy of the turns that were asked about, of the
            model's own label and of the one that came of asking.
        by: who was asked.
    """

    bundle: str
    turns: int
    conversations: int
    arms: tuple[Arm, ...]
    kinds: Mapping[str, float]
    sure: float
    sure_accuracy: Mapping[str, float]
    asked_before: Mapping[str, float]
    asked_after: Mapping[str, float]
    by: str


def evaluate_policy(project: Project, progress: Progress = silent) -> PolicyResult:
    """Decide every test turn that has gold, each with the true text before it.

    Raises:
        BundleError: nothing was trained yet. EvaluationError: as of `evaluate_bundle`.
    """
    folder = current_bundle(project.folder)
    with open_policy(folder, project.folder) as policy:
        return _scored(policy, fair_test(project, policy.bundle), progress)


def _scored(policy: Policy, tested: Sequence[Example], progress: Progress) -> PolicyResult:
    names = policy.bundle.taxonomy.dimension_names
    alone = Policy(policy.bundle, replace(policy.config, order=("accept",)))
    always = PolicyConfig(
        order=("escalate",),
        confidence=dict.fromkeys(names, 1.0),
        candidates=policy.config.candidates,
    )
    assert policy.escalator is not None
    arms = {
        "model alone": alone,
        "policy": policy,
        f"{policy.escalator.name} alone": Policy(policy.bundle, always, policy.escalator),
    }
    made = {name: _decided(one, tested, name, progress) for name, one in arms.items()}
    decisions = made["policy"]
    sure = [
        at for at, one in enumerate(decisions) if one.sure and one.kind in ("accept", "escalate")
    ]
    asked = [at for at, one in enumerate(decisions) if "escalation" in one.milliseconds]
    kinds = Counter(one.kind if one.sure else f"{one.kind}, not sure" for one in decisions)
    return PolicyResult(
        bundle=policy.bundle.id,
        turns=len(tested),
        conversations=len({one.key[0] for one in tested}),
        arms=tuple(_arm(name, one, tested) for name, one in made.items()),
        kinds={name: count / len(tested) for name, count in kinds.most_common()},
        sure=len(sure) / len(tested),
        sure_accuracy=accuracy(decisions, tested, sure),
        asked_before=accuracy(made["model alone"], tested, asked),
        asked_after=accuracy(decisions, tested, asked),
        by=policy.escalator.name,
    )


def _decided(
    policy: Policy, tested: Sequence[Example], name: str, progress: Progress
) -> list[Decision]:
    made = []
    for at, one in enumerate(tested):
        turns = one.conversation.turns[: one.index + 1]
        made.append(policy.decide(replace(one.conversation, turns=turns)))
        progress(f"deciding: {name}", at + 1, len(tested))
    return made


def _arm(name: str, made: Sequence[Decision], tested: Sequence[Example]) -> Arm:
    times = [sum(one.milliseconds.values()) for one in made]
    asked = sum("escalation" in one.milliseconds for one in made) / len(made)
    quantiles = tuple(round(float(one), 2) for one in np.quantile(times, QUANTILES))
    return Arm(name, accuracy(made, tested, range(len(made))), asked, quantiles)


def accuracy(
    made: Sequence[Decision], tested: Sequence[Example], places: Sequence[int]
) -> dict[str, float]:
    """Dimension -> share that is right among the turns at these places that have gold."""
    found = {}
    for name in made[0].choices:
        right = [
            made[at].choices[name].label in tested[at].gold[name]
            for at in places
            if name in tested[at].gold
        ]
        if right:
            found[name] = float(np.mean(right))
    return found
