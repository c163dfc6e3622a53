"""The routes: what each asks for and answers."""

from __future__ import annotations

import asyncio
import json
import math
import time
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from turnwise.serving.answers import (
    ClassifyAnswer,
    ClassifyAnswers,
    DecideAnswer,
    DecideAnswers,
)
from turnwise.serving.http.answering import Answering
from turnwise.serving.http.body import read_body
from turnwise.serving.http.bundles import Bundles
from turnwise.serving.http.documents import NOT_LOGGED, REFUSALS, body_of, refused
from turnwise.serving.http.facts import BundlesAnswer, Health, TaxonomyAnswer
from turnwise.serving.http.failures import RequestError, nothing_logged, too_busy
from turnwise.serving.http.feedback import FeedbackAnswer, feedback_request, read_feedback
from turnwise.serving.http.guard import Exchange, Wanted
from turnwise.serving.http.keys import SCOPES
from turnwise.serving.http.metrics import CONTENT_TYPE, Metrics
from turnwise.serving.http.parsing import UNIT_BYTES, read_classify, read_decide
from turnwise.serving.http.rates import Rates
from turnwise.serving.http.recording import Recorder
from turnwise.serving.http.settings import ServerConfig
from turnwise.serving.http.workers import Workers
from turnwise.taxonomy import to_dict

_ANY_CALLER = frozenset(SCOPES) - {"metrics"}
WANTED: Wanted = {
    "/v1/classify": frozenset({"classify"}),
    "/v1/decide": frozenset({"decide"}),
    "/v1/feedback": frozenset({"feedback"}),
    "/v1/taxonomy": _ANY_CALLER,
    "/v1/bundles": _ANY_CALLER,
    "/metrics": frozenset({"metrics"}),
    "/healthz": None,
    "/readyz": None,
    "/openapi.json": None,
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes work with."""

    config: ServerConfig
    bundles: Bundles
    answering: Answering
    recorder: Recorder
    model: Workers
    rates: Rates
    metrics: Metrics


def routes(parts: Parts) -> APIRouter:
    """The routes of a server."""
    router = APIRouter(redirect_slashes=False)
    _asked(router, parts)
    _said(router, parts)
    _told(router, parts)
    return router


def _asked(router: APIRouter, parts: Parts) -> None:
    """The routes that take conversations."""

    @router.post(
        "/v1/classify",
        summary="Label the last customer turn",
        response_model=ClassifyAnswer | ClassifyAnswers,
        responses=REFUSALS,
        openapi_extra=body_of("classify"),
    )
    async def classify(request: Request) -> Response:
        """Label one conversation, or up to 256."""
        asked = read_classify(await _body(request, parts))
        exchange = _charge(request, parts.rates, len(asked.conversations), asked.units)
        return _json(await parts.answering.classify(asked, exchange.owner))

    @router.post(
        "/v1/decide",
        summary="Decide what to do about the last customer turn",
        response_model=DecideAnswer | DecideAnswers,
        responses=REFUSALS,
        openapi_extra=body_of("decide"),
    )
    async def decide(request: Request) -> Response:
        """Decide about one conversation, or up to 256, each with the state that came before."""
        asked = read_decide(await _body(request, parts))
        exchange = _charge(request, parts.rates, len(asked.conversations), asked.units)
        return _json(await parts.answering.decide(asked, exchange.owner))


def _said(router: APIRouter, parts: Parts) -> None:
    """The route that takes what came of a conversation."""

    @router.post(
        "/v1/feedback",
        status_code=202,
        summary="Say what came of a conversation",
        response_model=FeedbackAnswer,
        responses={**REFUSALS, **NOT_LOGGED},
        openapi_extra=feedback_request(parts.bundles.champion.bundle.taxonomy),
    )
    async def feedback(request: Request) -> Response:
        """Keep feedback on one conversation, or up to 256; it is written within a second or so."""
        body = await _body(request, parts)
        if not parts.recorder.on:
            raise nothing_logged()
        owner = request.scope["turnwise"].owner
        said = read_feedback(body, owner, parts.bundles.taxonomies(), time.time())
        _charge(request, parts.rates, len(said), max(len(said), math.ceil(len(body) / UNIT_BYTES)))
        if not all(parts.recorder.feedback(one) for one in said):
            raise too_busy()  # sent again, what was kept is said twice, which changes nothing
        return _json(json.dumps(FeedbackAnswer(accepted=len(said))).encode(), 202)


def _told(router: APIRouter, parts: Parts) -> None:
    """The routes that say something of the server."""

    @router.get("/v1/taxonomy", response_model=TaxonomyAnswer, responses=refused(401, 403, 429))
    async def taxonomy() -> Response:
        """The labels and actions of the bundle that serves."""
        return _written(to_dict(parts.bundles.champion.bundle.taxonomy))

    @router.get("/v1/bundles", response_model=BundlesAnswer, responses=refused(401, 403, 429))
    async def bundles() -> Response:
        """The bundles that are loaded, the champion first."""
        running = parts.bundles.deployment.experiment
        facts = parts.bundles.facts()
        return _written(BundlesAnswer(bundles=facts, experiment=running.name if running else None))

    @router.get("/healthz", response_model=Health)
    async def healthz() -> Response:
        """Whether the server is alive."""
        return _written(Health(status="ok"))

    @router.get("/readyz", response_model=Health, responses=refused(503))
    async def readyz() -> Response:
        """Whether the bundle is loaded and checked, and there is room for a request."""
        if parts.model.full:
            raise too_busy()
        return _written(Health(status="ready"))

    @router.get(
        "/metrics",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **refused(401, 403, 429),
        },
    )
    async def metrics() -> Response:
        """Counters and histograms in the text format of Prometheus."""
        # Telling drift takes time, for which nobody else should wait.
        page = await asyncio.to_thread(parts.metrics.page)
        return Response(page, headers={"content-type": CONTENT_TYPE})


async def _body(request: Request, parts: Parts) -> bytes:
    """The body; what can't be served anyway is not read."""
    if parts.model.full:
        raise too_busy()
    scope, config = request.scope, parts.config
    return await read_body(
        scope["headers"], request.receive, config.body_bytes, config.body_seconds
    )


def _charge(request: Request, rates: Rates, conversations: int, units: int) -> Exchange:
    """Charge a key for the work beyond the unit that let the request in."""
    exchange = request.scope["turnwise"]
    assert isinstance(exchange, Exchange)
    exchange.conversations = conversations
    rates.charge(exchange.owner, units - 1)
    return exchange


def _written(value: object) -> Response:
    return _json(json.dumps(value, ensure_ascii=False).encode())


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def answer_of(error: Exception) -> Response:
    """The answer of a refusal; of anything else only that it happened."""
    assert isinstance(error, RequestError)
    return Response(error.body(), error.status, error.headers, "application/json")
