"""The application: routes, errors and the guard, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from turnwise.decision_log import DecisionLog
from turnwise.encoders.session import usable_cores
from turnwise.serving.http import failures
from turnwise.serving.http.answering import Answering
from turnwise.serving.http.bundles import Bundles, OpenPolicy
from turnwise.serving.http.direct import Direct
from turnwise.serving.http.documents import document
from turnwise.serving.http.drifting import Drifts
from turnwise.serving.http.escalating import Escalating
from turnwise.serving.http.failures import GONE, Disconnected, RequestError
from turnwise.serving.http.feedback import feedback_schemas
from turnwise.serving.http.guard import Guard
from turnwise.serving.http.keys import Keyring
from turnwise.serving.http.metrics import Metrics
from turnwise.serving.http.rates import Rates
from turnwise.serving.http.recording import Recorder
from turnwise.serving.http.routes import WANTED, Parts, answer_of, routes
from turnwise.serving.http.settings import ServerConfig
from turnwise.serving.http.shadowing import Shadowing
from turnwise.serving.http.states import States
from turnwise.serving.http.switching import Switching
from turnwise.serving.http.workers import Workers

OPEN_PATHS = frozenset(path for path, scopes in WANTED.items() if scopes is None)


def make_app(
    bundles: Bundles, open_policy: OpenPolicy, config: ServerConfig, log: DecisionLog | None = None
) -> ASGIApp:
    """The ASGI application that serves some bundles.

    Args:
        open_policy: loads what is deployed while it runs.
        log: where decisions, exposures and feedback go; None: nowhere.

    Raises:
        ConfigError: the file of keys is missing or faulty.
    """
    keys = None if config.keys is None else Keyring(config.keys)
    metrics = Metrics()
    model, escalations = _workers(config, metrics)
    states = States(config.states)
    metrics.watch("turnwise_states", "Dialogue states kept.", lambda: len(states))
    rates = Rates(config.rate, config.burst)
    recorder = Recorder(log, config.log_share, config.log_text, metrics.watch)
    shadowing = Shadowing(bundles, model, metrics, recorder.served)
    drifts = Drifts(bundles)
    metrics.show(drifts)
    others = Escalating(escalations, metrics), shadowing, recorder, drifts
    answering = Answering(bundles, states, metrics, model, others)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with _switching(bundles, open_policy, config, metrics):
            yield
        model.close()
        escalations.close()
        await asyncio.to_thread(recorder.close)

    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    router = routes(Parts(config, bundles, answering, recorder, model, rates, metrics))
    app.include_router(router)
    openapi = document(
        app, OPEN_PATHS, keys is not None, lambda: feedback_schemas(bundles.taxonomies())
    )
    app.openapi = openapi  # type: ignore[method-assign]
    _answer_errors(app)
    return Guard(Direct(app, router), WANTED, keys, rates, metrics)


@asynccontextmanager
async def _switching(
    bundles: Bundles, open_policy: OpenPolicy, config: ServerConfig, metrics: Metrics
) -> AsyncIterator[None]:
    """Follow the file of the deployment meanwhile, where there may be one."""
    if config.deployment is None:
        yield
        return
    task = asyncio.create_task(Switching(bundles, config.deployment, open_policy, metrics).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _workers(config: ServerConfig, metrics: Metrics) -> tuple[Workers, Workers]:
    threads = config.threads or usable_cores()
    model = Workers("model", threads, config.waiting, lambda waited: metrics.part("queue", waited))
    escalations = Workers("escalation", config.escalations, config.escalations)
    metrics.watch("turnwise_queue", "Conversations that wait for a model thread.", model.waiting)
    metrics.watch("turnwise_escalation_queue", "Turns that wait to be asked.", escalations.waiting)
    return model, escalations


def _answer_errors(app: FastAPI) -> None:
    """Every refusal in one shape."""

    async def refused(_: Request, error: Exception) -> Response:
        return answer_of(error)

    async def of_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        made = failures.of_status(error.status_code)
        made.headers.update(error.headers or {})
        return answer_of(made)

    async def gone(*_: object) -> Response:
        return Response(status_code=GONE)

    async def fault(*_: object) -> Response:
        return answer_of(failures.internal())

    app.add_exception_handler(RequestError, refused)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(Disconnected, gone)
    app.add_exception_handler(Exception, fault)
