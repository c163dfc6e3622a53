"""The policy on the held-back test: what it decides, how often that is right, and what it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from turnwise.conversations import Example
from turnwise.llm import BudgetReached
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.serving import Decision, Policy, PolicyConfig
from turnwise.steps.escalations import (
    NO_LIMITS,
    Evaluated,
    Judged,
    Limits,
    decided,
    evaluated_policy,
)
from turnwise.steps.evaluating import fair_test

QUANTILES = (0.5, 0.9, 0.99)
GAIN_OVER = 1_000  # turns


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to decide, over all turns of the test.

    Attributes:
        accuracy: dimension -> share of the turns with gold whose label is right.
        asked: share of turns that somebody else was asked about.
        milliseconds: P50, P90 and P99 of a decision; where an endpoint is asked, by its own clock.
        calls, tokens, money: that all its answers took when they were given, kept ones as well.
        gain: dimension -> labels of 1,000 turns that are right beyond the model's own.
    """

    name: str
    accuracy: Mapping[str, float]
    asked: float
    milliseconds: tuple[float, ...]
    calls: int
    tokens: int
    money: float
    gain: Mapping[str, float]


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
        calls, money: paid in this run; reused: answers that were kept from before.
        stopped: why the last arm is missing; empty where it is not.
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
    calls: int = 0
    money: float = 0.0
    reused: int = 0
    stopped: str = ""


def evaluate_policy(
    project: Project, progress: Progress = silent, limits: Limits = NO_LIMITS
) -> PolicyResult:
    """Decide every test turn that has gold, each with the true text before it.

    Answers of a language model are kept in the workspace: a second run asks for what is missing.

    Raises:
        BundleError: nothing was trained yet. EvaluationError: as of `evaluate_bundle`.
        BudgetReached: before the policy had decided every turn.
        EndpointError: the language model can't be asked.
    """
    with evaluated_policy(project, limits) as policy:
        return _scored(policy, fair_test(project, policy.policy.bundle), progress)


def always(policy: Policy) -> PolicyConfig:
    """The settings by which whoever a policy asks is asked about every dimension of every turn."""
    names = policy.bundle.taxonomy.dimension_names
    return replace(policy.config, order=("escalate",), confidence=dict.fromkeys(names, 1.0))


def _scored(evaluated: Evaluated, tested: Sequence[Example], progress: Progress) -> PolicyResult:
    policy = evaluated.policy
    assert policy.escalator is not None
    by = policy.escalator.name
    alone = Policy(policy.bundle, replace(policy.config, order=("accept",)))
    asking = Policy(policy.bundle, always(policy), policy.escalator)
    made = {
        "model alone": decided(Evaluated(alone), tested, "model alone", progress),
        "policy": decided(evaluated, tested, "policy", progress),
    }
    stopped = ""
    try:
        other = replace(evaluated, policy=asking)
        made[f"{by} alone"] = decided(other, tested, f"{by} alone", progress)
    except BudgetReached as reached:
        stopped = str(reached)
    spend = evaluated.spend
    return replace(
        _result(policy, made, tested),
        by=by,
        calls=spend.calls,
        money=spend.money,
        reused=spend.reused,
        stopped=stopped,
    )


def _result(
    policy: Policy, made: Mapping[str, Sequence[Judged]], tested: Sequence[Example]
) -> PolicyResult:
    model, decisions = ([one.decision for one in made[name]] for name in ("model alone", "policy"))
    sure = [
        at for at, one in enumerate(decisions) if one.sure and one.kind in ("accept", "escalate")
    ]
    asked = [at for at, one in enumerate(decisions) if "escalation" in one.milliseconds]
    kinds = Counter(one.kind if one.sure else f"{one.kind}, not sure" for one in decisions)
    own = accuracy(model, tested, range(len(model)))
    return PolicyResult(
        bundle=policy.bundle.id,
        turns=len(tested),
        conversations=len({one.key[0] for one in tested}),
        arms=tuple(_arm(name, one, tested, own) for name, one in made.items()),
        kinds={name: count / len(tested) for name, count in kinds.most_common()},
        sure=len(sure) / len(tested),
        sure_accuracy=accuracy(decisions, tested, sure),
        asked_before=accuracy(model, tested, asked),
        asked_after=accuracy(decisions, tested, asked),
        by="",
    )


def _arm(
    name: str, made: Sequence[Judged], tested: Sequence[Example], own: Mapping[str, float]
) -> Arm:
    decisions, calls = [one.decision for one in made], [one.call for one in made]
    times = [sum(one.milliseconds.values()) for one in decisions]
    found = accuracy(decisions, tested, range(len(made)))
    return Arm(
        name,
        found,
        asked=sum("escalation" in one.milliseconds for one in decisions) / len(made),
        milliseconds=tuple(round(float(one), 2) for one in np.quantile(times, QUANTILES)),
        calls=sum(one.calls for one in calls),
        tokens=sum(one.tokens for one in calls),
        money=sum(one.money for one in calls),
        gain={one: GAIN_OVER * (share - own[one]) for one, share in found.items()},
    )


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
