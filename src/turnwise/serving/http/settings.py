"""What a server is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from turnwise.errors import ConfigError
from turnwise.serving.config import PolicyConfig


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where a server listens, whom it serves, and how much at once.

    Attributes:
        bundle: folder of the bundle; policy: how it decides.
        deployment: file that says which bundles serve, from its first change on; see
            `serving.deployment`. None: the bundle serves for good.
        log_share: of the conversations whose decisions are logged, 0 to 1; log_text: whether with
            what the customer said, redacted.
        host, port: where it listens; port 0 takes a free one.
        keys: file of the API keys (`keys.Keyring`). None serves anybody, which takes `no_keys`
            and a loopback address.
        body_bytes: of a request at most; body_seconds: until all of it has come.
        rate: conversations a second that one key may ask about for long, where 4,096 bytes of a
            body count as one at least; burst: how many at once.
        threads: model calls at the same time, of one core each; this process's cores by default.
        waiting: conversations that may wait for a model thread; what comes beyond is turned
            away. A batch takes no more room than 8, since it is worked off piece by piece.
        escalations: threads that ask whoever is escalated to; as many again may wait for them.
        states: conversations whose dialogue state is kept for callers who leave it out.
        stop_seconds: that requests in flight may take when the server stops.
    """

    bundle: Path
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    deployment: Path | None = None
    log_share: float = 1.0
    log_text: bool = False
    host: str = "127.0.0.1"
    port: int = 8080
    keys: Path | None = None
    no_keys: bool = False
    body_bytes: int = 1_000_000
    body_seconds: float = 10.0
    rate: float = 200.0
    burst: float = 400.0
    threads: int | None = None
    waiting: int = 64
    escalations: int = 8
    states: int = 10_000
    stop_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.keys is None and not self.no_keys:
            hint = "Name a file of them (--keys), or ask for none on this machine alone (--no-keys)"
            raise ConfigError("no API keys are given", field="keys", hint=hint)
        if self.keys is not None and self.no_keys:
            raise ConfigError("goes without a file of keys", field="no_keys")
        if self.no_keys and not is_loopback(self.host):
            hint = "Give a file of keys, or listen on 127.0.0.1"
            raise ConfigError(f"{self.host} needs API keys", field="host", hint=hint)
        if not 0 <= self.port <= 65535:
            raise ConfigError("is between 0 and 65535", field="port")
        for name in ("body_bytes", "escalations", "states"):
            if getattr(self, name) < 1:
                raise ConfigError("is 1 or more", field=name)
        for name in ("body_seconds", "rate", "burst", "stop_seconds"):
            if not getattr(self, name) > 0:
                raise ConfigError("is above 0", field=name)
        if not 0 <= self.log_share <= 1:
            raise ConfigError("is between 0 and 1", field="log_share")
        if self.waiting < 0 or (self.threads is not None and self.threads < 1):
            raise ConfigError("waiting is 0 or more, threads 1 or more", field="waiting, threads")


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without its port, is this machine's own alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
