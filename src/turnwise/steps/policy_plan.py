"""What evaluating a policy will ask of a language model, before anything is asked."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from turnwise.bundle import Bundle
from turnwise.conversations import Example
from turnwise.llm import Endpoint, Question, estimate
from turnwise.llm.client import question_key
from turnwise.llm.templates import render
from turnwise.progress import Progress, silent
from turnwise.project import Project, current_bundle
from turnwise.sampling import stable_hash
from turnwise.serving import Pending, Policy, Retrieval
from turnwise.serving.picking import question
from turnwise.steps.deciding import small_endpoint
from turnwise.steps.escalations import opening
from turnwise.steps.evaluating import fair_test
from turnwise.steps.policy_scores import always

SAMPLE = 200  # turns


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """What `evaluate_policy` will take; without repairs of answers and repetitions of calls.

    Attributes:
        by: who is asked.
        turns: of the test; sample: turns that the rest was reckoned from; asked: share of these
            that the policy asks about. Beside it, all are asked about once.
        calls: to be paid; reused: questions whose answer is kept already.
        tokens_in, tokens_out, money: of the calls.
        seconds: None where no kept answer tells how long one takes.
    """

    by: str
    turns: int
    sample: int
    asked: float
    calls: int = 0
    reused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    seconds: float | None = None


def plan_policy(project: Project, progress: Progress = silent) -> PolicyPlan:
    """Reckon what `evaluate_policy` would ask; no key is needed.

    Raises:
        BundleError: nothing was trained yet. EvaluationError: as of `evaluate_bundle`.
        ConfigError: a setting is wrong.
    """
    bundle = Bundle.load(current_bundle(project.folder))
    tested = fair_test(project, bundle)
    sample = heapq.nsmallest(SAMPLE, tested, key=lambda one: stable_hash(f"plan {one.key}"))
    retrieval = Retrieval(bundle)  # stands for whoever is asked: what is asked is the same
    policy = Policy(bundle, project.config.policy, retrieval)
    doubtful = _pending(policy, sample, progress)
    every = _pending(Policy(bundle, always(policy), retrieval), sample, progress)
    asked = len(doubtful) / len(sample)
    endpoint = small_endpoint(project.config, project.folder)
    if endpoint is None:
        return PolicyPlan(retrieval.name, len(tested), len(sample), asked)
    questions = _questions([*doubtful, *every], bundle, endpoint)
    count = round(len(questions) * len(tested) / len(sample))
    found = estimate(questions, count, endpoint, project.workspace.answers)
    return PolicyPlan(
        by=f"llm {endpoint.model}",
        turns=len(tested),
        sample=len(sample),
        asked=asked,
        calls=found.calls,
        reused=found.reused,
        tokens_in=found.tokens_in,
        tokens_out=found.tokens_out,
        money=found.money,
        seconds=found.seconds,
    )


def _pending(policy: Policy, sample: Sequence[Example], progress: Progress) -> list[Pending]:
    """The turns that somebody would be asked about."""
    found = []
    for at, one in enumerate(sample):
        if isinstance(begun := policy.begin(opening(one)), Pending):
            found.append(begun)
        progress("planning", at + 1, len(sample))
    return found


def _questions(
    pending: Sequence[Pending], bundle: Bundle, endpoint: Endpoint
) -> list[Question[Any]]:
    """What is asked; the same of two turns once."""
    found = {}
    for one in pending:
        asked = question(one.doubt, bundle.taxonomy)
        messages = render(asked.task.template, asked.values)
        found[question_key(asked.task, messages, endpoint)] = asked
    return list(found.values())
