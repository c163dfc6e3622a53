"""A bundle and a workspace's settings -> a policy, and a conversation that is held with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from turnwise.bundle import Bundle
from turnwise.config import CONFIG_FILE, Config, load_config
from turnwise.conversations import Conversation, Turn, merge_turns
from turnwise.endpoints import find_endpoint
from turnwise.errors import ConfigError
from turnwise.llm.endpoint import Endpoint
from turnwise.serving import (
    CircuitBreaker,
    Decision,
    DialogueState,
    Escalator,
    Policy,
    Retrieval,
)


@contextmanager
def open_policy(bundle: Path, workspace: Path) -> Iterator[Policy]:
    """Load a bundle, to decide by the settings of a workspace; by the defaults where it is none.

    Who is asked about turns in doubt is the endpoint `small` of the settings or the environment,
    and no other: what customers write goes nowhere that was not named for it. Without it,
    retrieval over the taxonomy's examples.

    Raises:
        BundleError: the bundle is missing or changed. ConfigError: a setting is wrong.
        EndpointError: the endpoint's key is not in the environment.
    """
    config = config_of(workspace)
    loaded = Bundle.load(bundle)
    with ExitStack() as closing:
        escalator = escalator_of(loaded, config, workspace, closing)
        yield Policy(loaded, config.policy, escalator)


def config_of(workspace: Path) -> Config:
    """The settings of a workspace; the defaults where it is none."""
    return load_config(workspace) if (workspace / CONFIG_FILE).is_file() else Config()


def escalator_of(bundle: Bundle, config: Config, workspace: Path, closing: ExitStack) -> Escalator:
    """Who is asked about turns in doubt.

    Raises:
        ConfigError: questions are to be worded by a language model, and none is named.
    """
    endpoint = small_endpoint(config, workspace)
    if endpoint is None:
        return Retrieval(bundle)
    from turnwise.serving.asking import LanguageModel

    return CircuitBreaker(closing.enter_context(LanguageModel(endpoint, bundle.taxonomy)))


def small_endpoint(config: Config, workspace: Path) -> Endpoint | None:
    """The endpoint that is asked about turns in doubt; None where none is named for that.

    Raises:
        ConfigError: questions are to be worded by a language model, and none is named.
    """
    if "small" in config.endpoints or "TURNWISE_SMALL_BASE_URL" in os.environ:
        return find_endpoint(config.endpoints, "small", os.environ, workspace / CONFIG_FILE)
    if config.policy.questions == "model":
        raise ConfigError(
            "is model, and no language model is named that could word questions",
            path=workspace / CONFIG_FILE,
            field="policy.questions",
            hint="Name an endpoint small, or leave it at titles",
        )
    return None


class Dialogue:
    """A conversation as it is being held.

    What the customer says before anything is answered is one turn, decided on again as a whole.

    Attributes:
        turns: what was said so far.
    """

    def __init__(self, policy: Policy, locale: str = "") -> None:
        self._policy, self._locale = policy, locale
        self._said: tuple[Turn, ...] = ()
        self.turns: tuple[Turn, ...] = ()
        self._before = self._after = DialogueState()

    def say(self, text: str) -> Decision:
        """The customer says something; a question that comes of it becomes the bot's turn."""
        if not self._said or self._said[-1].role != "customer":
            self._before = self._after
        self._said = (*self._said, Turn("customer", text))
        self.turns = merge_turns(self._said)
        conversation = Conversation("chat", self.turns, locale=self._locale)
        made = self._policy.decide(conversation, self._before)
        if made.question is not None:
            self._said = (*self._said, Turn("bot", made.question.text))
        self._after = made.state
        return made
