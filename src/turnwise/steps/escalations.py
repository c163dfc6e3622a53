"""Whoever a policy escalates to, as evaluations ask: within a budget, every answer kept.

A turn counts as it would in service: an answer that took longer than `policy.seconds` came too
late. It is awaited all the same, and kept, so that a second run asks nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from turnwise.bundle import Bundle
from turnwise.conversations import Conversation, Example
from turnwise.errors import ConfigError
from turnwise.llm import Budget, BudgetReached, EndpointError, Spend
from turnwise.progress import Progress, silent
from turnwise.project import Project, current_bundle
from turnwise.serving import (
    Decision,
    EscalationError,
    Pending,
    Policy,
    Retrieval,
    Settled,
)
from turnwise.serving.asking import LanguageModel
from turnwise.serving.escalation import NO_CALL, Call, Doubt
from turnwise.steps.deciding import small_endpoint
from turnwise.steps.limits import check_limits

PATIENCE = 3600.0  # seconds that an answer is waited for, where its turn has to come as well


@dataclass(frozen=True, slots=True)
class Limits:
    """What an evaluation may spend; None: no limit.

    Attributes:
        calls: of the endpoint; tokens: in and out; money: in the unit of the endpoint's prices.
    """

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Judged:
    """A test turn as it was decided; `call` is what asking about it took, now or before."""

    decision: Decision
    call: Call = NO_CALL


@dataclass(frozen=True)
class Evaluated:
    """A policy that is evaluated.

    Attributes:
        policy: which words no question anew, for that changes no label.
        at_once: how many may be asked about together.
        model: that is asked; None where retrieval is.
    """

    policy: Policy
    at_once: int = 1
    model: LanguageModel | None = None

    @property
    def spend(self) -> Spend:
        """What this run asked and paid."""
        return Spend() if self.model is None else self.model.spend


@contextmanager
def evaluated_policy(project: Project, limits: Limits = NO_LIMITS) -> Iterator[Evaluated]:
    """The policy of a project's settings and current bundle.

    Raises:
        BundleError: nothing was trained yet. EndpointError: the key is not in the environment.
        ConfigError: a setting is wrong, or a limit means nothing.
    """
    bundle = Bundle.load(current_bundle(project.folder))
    config = replace(project.config.policy, questions="titles")
    endpoint = small_endpoint(project.config, project.folder)
    if endpoint is None:
        if limits != NO_LIMITS:
            raise ConfigError(
                "retrieval costs nothing, so a budget would not limit it",
                field="policy",
                hint="Name an endpoint small, which is asked about turns in doubt",
            )
        yield Evaluated(Policy(bundle, config, Retrieval(bundle)))
        return
    check_limits(limits.calls, limits.tokens, limits.money, [endpoint])
    budget = Budget(limits.calls, limits.tokens, limits.money)
    answers = project.workspace.answers
    with LanguageModel(endpoint, bundle.taxonomy, budget=budget, answers=answers) as model:
        yield Evaluated(Policy(bundle, config, Patient(model)), endpoint.concurrency, model)


class Patient:
    """A language model that is waited for; what came late by its own clock is late all the same.

    What ends all asking, such as a budget that is reached, is raised: no figure leaves it out.
    """

    waits = True

    def __init__(self, model: LanguageModel) -> None:
        self._model, self.name = model, model.name

    def settle(self, doubt: Doubt, seconds: float) -> Settled:
        """As `LanguageModel.settle`, with the money that the answer cost when it was paid.

        Raises:
            EscalationError: too late, or no answer that can be used.
            BudgetReached, EndpointError: nobody will be asked any more.
        """
        try:
            settled = self._model.settle(doubt, PATIENCE)
        except EscalationError as error:
            if isinstance(error.__cause__, (BudgetReached, EndpointError)):
                raise error.__cause__ from error
            raise EscalationError(str(error), money=error.call.money, call=error.call) from error
        call = settled.call
        if call.seconds > seconds:
            message = f"{self.name} did not answer within {seconds:g} s"
            raise EscalationError(message, money=call.money, call=call)
        return replace(settled, money=call.money)


def decided(
    evaluated: Evaluated, tested: Sequence[Example], name: str, progress: Progress = silent
) -> list[Judged]:
    """Decide every turn, each with the true text before it.

    Args:
        name: of what is evaluated, for the progress.

    Raises:
        BudgetReached, EndpointError: nobody will be asked any more.
    """
    policy, begun = evaluated.policy, []
    for at, one in enumerate(tested):
        begun.append(policy.begin(opening(one)))
        progress(f"reading: {name}", at + 1, len(tested))
    if not any(isinstance(one, Pending) for one in begun):
        return [Judged(one) for one in begun if isinstance(one, Decision)]

    def end(one: Decision | Pending) -> Judged:
        return Judged(one) if isinstance(one, Decision) else _asked(policy, one)

    made = []
    with ThreadPoolExecutor(evaluated.at_once) as threads:
        for at, judged in enumerate(threads.map(end, begun)):
            made.append(judged)
            progress(f"deciding: {name}", at + 1, len(tested))
    return made


def opening(example: Example) -> Conversation:
    """The conversation up to a turn."""
    talk = example.conversation
    return replace(talk, turns=talk.turns[: example.index + 1])


def _asked(policy: Policy, pending: Pending) -> Judged:
    start = time.perf_counter()
    answer = policy.ask(pending)
    # Of an endpoint its own clock counts, so that an answer that was kept is no faster.
    seconds = answer.call.seconds if answer.call.calls else time.perf_counter() - start
    took = min(seconds, policy.config.seconds) * 1e3
    return Judged(policy.finish(pending, answer, round(took, 3)), answer.call)
