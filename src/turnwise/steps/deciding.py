"""A bundle and a workspace's settings -> a policy, and a conversation that is held with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from turnwise.bundle import Bundle
from turnwise.config import CONFIG_FILE, Config, load_config
from turnwise.conversations import Conversation, Turn
from turnwise.endpoints import find_endpoint
from turnwise.serving import (
    CircuitBreaker,
    Decision,
    DialogueState,
    Escalator,
    Policy,
    Retrieval,
)
from turnwise.serving.deployment import DEPLOYMENT
from turnwise.steps.deploying import deployment


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
    config = _config(workspace)
    loaded = Bundle.load(bundle)
    with ExitStack() as closing:
        escalator = _escalator(loaded, config, workspace, closing)
        yield Policy(loaded, config.policy, escalator)


def serve_bundle(
    bundle: Path | None,
    workspace: Path,
    started: Callable[[str, str], None],
    *,
    host: str,
    port: int,
    keys: Path | None,
    no_keys: bool,
) -> None:
    """Serve over HTTP until the process is told to stop; settings as in `open_policy`.

    Args:
        bundle: served for good. None: those that are deployed in the workspace, as they change;
            see `deploying`.
        started: is told the bundle's name, and the address once it listens.
        host, port, keys, no_keys: as `serving.http.ServerConfig` has them.

    Raises:
        BundleError, ConfigError, EndpointError: as `open_policy`; or the port is taken.
    """
    from turnwise.serving.http import ServerConfig, serve

    config = _config(workspace)
    follow = workspace / DEPLOYMENT if bundle is None else None
    folder = bundle or workspace / "bundles" / deployment(workspace).champion
    server = ServerConfig(
        folder, config.policy, follow, host=host, port=port, keys=keys, no_keys=no_keys
    )
    with ExitStack() as closing:
        serve(
            server,
            lambda loaded: _escalator(loaded, config, workspace, closing),
            lambda address: started(folder.name, address),
        )


def _config(workspace: Path) -> Config:
    return load_config(workspace) if (workspace / CONFIG_FILE).is_file() else Config()


def _escalator(bundle: Bundle, config: Config, workspace: Path, closing: ExitStack) -> Escalator:
    """Who is asked about turns in doubt."""
    if "small" not in config.endpoints and "TURNWISE_SMALL_BASE_URL" not in os.environ:
        return Retrieval(bundle)
    from turnwise.serving.asking import LanguageModel

    endpoint = find_endpoint(config.endpoints, "small", os.environ, workspace / CONFIG_FILE)
    return CircuitBreaker(closing.enter_context(LanguageModel(endpoint, bundle.taxonomy)))


class Dialogue:
    """A conversation as it is being held."""

    def __init__(self, policy: Policy, locale: str = "") -> None:
        self._policy, self._locale = policy, locale
        self._turns: tuple[Turn, ...] = ()
        self._state = DialogueState()

    def say(self, text: str) -> Decision:
        """The customer says something; a question that comes of it becomes the bot's turn."""
        self._turns = (*self._turns, Turn("customer", text))
        conversation = Conversation("chat", self._turns, locale=self._locale)
        made = self._policy.decide(conversation, self._state)
        if made.question is not None:
            self._turns = (*self._turns, Turn("bot", made.question.text))
        self._state = made.state
        return made
