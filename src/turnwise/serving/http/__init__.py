"""Decisions over HTTP: `serve(ServerConfig(bundle, keys=...))`. Needs the `serve` extra.

    request --guard: key, rate--> body --parsing--> conversations --answering--> JSON

`running` starts a server, `app` puts it together, `routes` says what it answers.
"""

from turnwise.serving.http.app import make_app
from turnwise.serving.http.keys import SCOPES, Scope, add_key
from turnwise.serving.http.running import serve
from turnwise.serving.http.settings import ServerConfig

__all__ = ["SCOPES", "Scope", "ServerConfig", "add_key", "make_app", "serve"]
