"""A server process, from its settings to its end."""

from __future__ import annotations

import gc
import math
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from turnwise.bundle import Bundle
from turnwise.decision_log import DecisionLog
from turnwise.errors import ConfigError
from turnwise.serving.deployment import read_deployment
from turnwise.serving.escalation import Escalator
from turnwise.serving.http.app import make_app
from turnwise.serving.http.bundles import Bundles, OpenPolicy, opened
from turnwise.serving.http.connection import Connection
from turnwise.serving.http.memory import give_back
from turnwise.serving.http.settings import ServerConfig
from turnwise.serving.policy import Policy

KEEP_ALIVE_SECONDS = 30
BACKLOG = 512  # connections that may wait to be accepted
# A thread of Python that computes holds the others up for so long; 5 ms by default, which is as
# long as the model takes.
SWITCH_SECONDS = 0.0005

MakeEscalator = Callable[[Bundle], Escalator]


def serve(
    config: ServerConfig,
    make_escalator: MakeEscalator | None = None,
    started: Callable[[str], None] = lambda _: None,
    log: DecisionLog | None = None,
) -> None:
    """Serve a bundle until the process is told to stop (SIGTERM, SIGINT).

    What is in flight is finished first. Logs go to the loggers `turnwise.serving` and
    `turnwise.serving.access`; neither holds what a customer wrote.

    Args:
        make_escalator: whom a turn is escalated to; None: the rule is passed over.
        started: is told the server's address once it listens, its bundle loaded and checked.
        log: where decisions, exposures and feedback go; None: nowhere.

    Raises:
        BundleError: the bundle can't be loaded.
        ConfigError: a setting or the file of keys is faulty, or the port is taken.
    """
    with _listening(config) as listening:

        def open_policy(folder: Path) -> Policy:
            bundle = Bundle.load(folder, threads=1)
            escalator = None if make_escalator is None else make_escalator(bundle)
            return Policy(bundle, config.policy, escalator)

        app = make_app(loaded(config, open_policy), open_policy, config, log)
        host, port = listening.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        sys.setswitchinterval(SWITCH_SECONDS)
        give_back()
        gc.freeze()  # what was loaded stays: no collection has to look at it
        with _signals_taken():
            _Server(_settings(app, config), lambda: started(address)).run([listening])


def loaded(config: ServerConfig, open_policy: OpenPolicy) -> Bundles:
    """The bundles that a server begins with: what is deployed, or else the one of the settings.

    Raises:
        BundleError: one can't be loaded. ConfigError: the file of the deployment is faulty.
    """
    file = config.deployment
    deployment = None if file is None else read_deployment(file)
    if file is None or deployment is None:
        return Bundles.alone(open_policy(config.bundle))
    names = deployment.bundles
    folder = file.parent / "bundles"
    return Bundles(deployment, {name: opened(folder / name, open_policy) for name in names})


def _settings(app: ASGIApp, config: ServerConfig) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="auto",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(config.stop_seconds),
    )


class _Server(uvicorn.Server):
    """One that tells when it listens."""

    def __init__(self, settings: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(settings)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()


def _listening(config: ServerConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = f"{config.host}:{config.port} can't be listened on ({error.strerror})"
        hint = "Name another port, or stop what listens there"
        raise ConfigError(reason, field="port", hint=hint) from None


@contextmanager
def _signals_taken() -> Iterator[None]:
    """uvicorn raises the signal that stopped it once more at its end: let it have no effect."""
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
