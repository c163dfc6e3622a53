"""A workspace's bundles and settings -> a server, which logs to the workspace."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from weakref import finalize

from turnwise.bundle import Bundle
from turnwise.config import CONFIG_FILE, Config
from turnwise.decision_log import DecisionLog
from turnwise.serving import Escalator
from turnwise.serving.deployment import DEPLOYMENT
from turnwise.steps.deciding import config_of, escalator_of
from turnwise.steps.deploying import deployment
from turnwise.workspace import Workspace


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
        WorkspaceError: the database can't be opened.
    """
    from turnwise.serving.http import ServerConfig, serve

    config = config_of(workspace)
    follow = workspace / DEPLOYMENT if bundle is None else None
    folder = bundle or workspace / "bundles" / deployment(workspace).champion
    server = ServerConfig(
        folder,
        config.policy,
        follow,
        log_share=config.serving.log_share,
        log_text=config.serving.log_text,
        rate=config.serving.rate,
        burst=2 * config.serving.rate,
        threads=config.serving.threads,
        host=host,
        port=port,
        keys=keys,
        no_keys=no_keys,
    )
    with ExitStack() as closing:
        serve(
            server,
            lambda loaded: _escalator(loaded, config, workspace),
            lambda address: started(folder.name, address),
            _log(workspace, config, closing),
        )


def _escalator(bundle: Bundle, config: Config, workspace: Path) -> Escalator:
    """Who is asked; connections end with the last turn of a bundle that serves no more."""
    closing = ExitStack()
    made = escalator_of(bundle, config, workspace, closing)
    # In a thread: the last to let go of it may be the event loop.
    finalize(made, lambda: Thread(target=closing.close, daemon=True).start()).atexit = False
    return made


def _log(workspace: Path, config: Config, closing: ExitStack) -> DecisionLog | None:
    """Where the server logs to; nowhere, where there is no workspace."""
    if not (workspace / CONFIG_FILE).is_file():
        return None
    return closing.enter_context(Workspace.open(workspace, config.database)).decision_log
