"""Clarifying questions on the held-back test, answered by a simulated customer.

The customer knows its labels and answers each question with the title of the right one, or that it
is none of those offered: the most helpful customer there is, so that the figures are a bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from turnwise.conversations import Example, Turn
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.serving import Decision, Policy, Question
from turnwise.serving.clarifying import spoken
from turnwise.steps.escalations import NO_LIMITS, Limits, evaluated_policy, opening
from turnwise.steps.evaluating import fair_test
from turnwise.steps.policy_scores import accuracy

NEITHER, UNKNOWN = "none of these", "I don't know"


@dataclass(frozen=True, slots=True)
class ClarifyResult:
    """What asking came to; the customer is simulated.

    Attributes:
        coverage, mean_set: dimension -> how often the set of plausible labels holds the right
            one, and how many labels it has; of dimensions that the bundle was fitted for.
        at_once: share of turns settled without a question; asked: share with one at least.
        settled: share of the asked turns that ended in sure labels after 1, 2, ... questions at
            most; wrong: share that did, and one of the labels is wrong.
        handed_over: share of the asked turns that a person took over, for want of labels.
        before, after: dimension -> accuracy of the asked turns, before the first question and in
            the end.
        questions: mean number, of the asked turns.
    """

    bundle: str
    turns: int
    coverage: Mapping[str, float]
    mean_set: Mapping[str, float]
    at_once: float
    asked: float
    settled: tuple[float, ...]
    wrong: float
    handed_over: float
    before: Mapping[str, float]
    after: Mapping[str, float]
    questions: float


def evaluate_clarify(
    project: Project, progress: Progress = silent, limits: Limits = NO_LIMITS
) -> ClarifyResult:
    """Decide every test turn that has gold, and answer whatever is asked.

    Args:
        limits: of a language model that is asked about turns in doubt.

    Raises:
        BundleError: nothing was trained yet. EvaluationError: as of `evaluate_bundle`.
        BudgetReached, EndpointError: the language model won't be asked any more.
    """
    talks = []
    with evaluated_policy(project, limits) as evaluated:
        policy = evaluated.policy
        tested = fair_test(project, policy.bundle)
        for at, one in enumerate(tested):
            talks.append(list(_talk(policy, one)))
            progress("asking", at + 1, len(tested))
        return _result(policy, tested, talks)


def _talk(policy: Policy, asked: Example) -> Iterator[Decision]:
    """The decisions about one turn, until no question is asked any more."""
    talk = opening(asked)
    made = policy.decide(talk)
    yield made
    while made.question is not None:
        reply = _reply(policy, asked, made.question)
        turns = (*talk.turns, Turn("bot", made.question.text), Turn("customer", reply))
        talk = replace(talk, turns=turns)
        made = policy.decide(talk, made.state)
        yield made


def _reply(policy: Policy, opening: Example, asked: Question) -> str:
    gold = opening.gold.get(asked.dimension)
    if not gold:
        return UNKNOWN
    label = next((name for name, _ in asked.candidates if name in gold), None)
    if label is None:
        return NEITHER
    found = policy.bundle.taxonomy[asked.dimension].label(label)
    return spoken(found, opening.conversation.locale)


def _result(
    policy: Policy, tested: Sequence[Example], talks: Sequence[Sequence[Decision]]
) -> ClarifyResult:
    first, last = [talk[0] for talk in talks], [talk[-1] for talk in talks]
    asked = [at for at, talk in enumerate(talks) if len(talk) > 1]
    counts = {at: len(talks[at]) - 1 for at in asked}
    ended = [at for at in asked if _is_settled(last[at])]
    persons = [at for at in asked if last[at].kind == "hand_off" and at not in ended]
    known = {name for one in tested for name in one.gold}
    names = [name for name, one in first[0].choices.items() if one.plausible and name in known]
    return ClarifyResult(
        bundle=policy.bundle.id,
        turns=len(tested),
        coverage={name: _coverage(first, tested, name) for name in names},
        mean_set={
            name: float(np.mean([len(one.choices[name].plausible) for one in first]))
            for name in names
        },
        at_once=sum(len(talk) == 1 and talk[0].sure for talk in talks) / len(talks),
        asked=len(asked) / len(talks),
        settled=tuple(
            sum(counts[at] <= most for at in ended) / len(asked)
            for most in range(1, max(counts.values(), default=0) + 1)
        ),
        wrong=sum(not _is_right(last[at], tested[at]) for at in ended) / max(1, len(asked)),
        handed_over=len(persons) / max(1, len(asked)),
        before=accuracy(first, tested, asked),
        after=accuracy(last, tested, asked),
        questions=sum(counts.values()) / max(1, len(asked)),
    )


def _is_settled(made: Decision) -> bool:
    """Whether it ended in labels; a person takes over by them where their action says so."""
    by_action = made.kind == "hand_off" and made.action is not None
    return made.sure and (made.kind in ("accept", "escalate") or by_action)


def _is_right(made: Decision, asked: Example) -> bool:
    return all(made.choices[name].label in labels for name, labels in asked.gold.items())


def _coverage(made: Sequence[Decision], tested: Sequence[Example], name: str) -> float:
    held = [
        any(label in one.gold[name] for label, _ in decision.choices[name].plausible)
        for decision, one in zip(made, tested, strict=True)
        if name in one.gold
    ]
    return float(np.mean(held))
