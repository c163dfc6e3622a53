"""The routes that are asked most, without what a framework does for requests that it reads itself.

Ours read their body and write their answer on their own. FastAPI's part for them is the document;
its matching, dependencies and exit stacks cost a third of what the server adds to a model call.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from turnwise.serving.http.failures import GONE, Disconnected

PATHS = frozenset({"/v1/classify", "/v1/decide"})


class Direct:
    """An ASGI application before another, which answers all that is not POST to PATHS.

    Args:
        router: with the routes of PATHS. What they raise is not caught here.
    """

    def __init__(self, app: ASGIApp, router: APIRouter) -> None:
        self._app = app
        known = [one for one in router.routes if isinstance(one, APIRoute)]
        self._endpoints = {one.path: one.endpoint for one in known if one.path in PATHS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] == "POST"
        endpoint = self._endpoints.get(scope["path"]) if asked else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        try:
            response: Response = await endpoint(Request(scope, receive))
        except Disconnected:
            response = Response(status_code=GONE)
        await response(scope, receive, send)
