"""Where a service is, how it is reached, and what may be sent there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from turnwise import __version__
from turnwise.errors import ConfigError

KEY = "TURNWISE_API_KEY"
LOCAL = "http://127.0.0.1:8080"
MOST_RETRIES = 10
# So narrow that no two parsers can read two hosts in it.
ADDRESS = re.compile(
    r"(https?)://(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?((?:/[A-Za-z0-9._~-]+)*)/?"
)


@dataclass(frozen=True, slots=True)
class Connection:
    """How a service is asked.

    Attributes:
        base_url: without a slash at its end; local: whether it is on this machine.
        key: API key; None for none.
        timeout: seconds that connecting, sending, and waiting for the answer may take, each.
        retries: tries after the first.
    """

    base_url: str
    local: bool
    key: str | None = field(repr=False)
    timeout: float
    retries: int

    @property
    def headers(self) -> Mapping[str, str]:
        """Of every request. Encodings are not asked for: a packed answer could be of any size."""
        key = {"authorization": f"Bearer {self.key}"} if self.key else {}
        told = {"user-agent": f"turnwise-client/{__version__}", "accept-encoding": "identity"}
        kinds = dict.fromkeys(("accept", "content-type"), "application/json")
        return {**told, **kinds, **key}


def connection(
    base_url: str, key: str | None, timeout: float, retries: int, *, insecure: bool
) -> Connection:
    """How a service is asked, checked.

    Args:
        base_url: scheme, host, and where needed port and path.
        key: None: the environment variable TURNWISE_API_KEY, if it is set.
        insecure: let a key travel unencrypted over a network.

    Raises:
        ConfigError: one of them is faulty, the key would travel unencrypted, or httpx2 is not
            there. No message repeats the key.
    """
    scheme, host = _scheme_and_host(base_url)
    key = _key(key)
    local = host.lower() == "localhost" or _is_loopback(host)
    if key and scheme == "http" and not (local or insecure):
        hint = "Use https, or say insecure=True where the network between is private"
        reason = f"the key would travel unencrypted to {host}"
        raise ConfigError(reason, field="base_url", hint=hint)
    if not 0 < timeout < float("inf"):
        raise ConfigError("is above 0 seconds", field="timeout")
    if not 0 <= retries <= MOST_RETRIES:
        raise ConfigError(f"is between 0 and {MOST_RETRIES}", field="retries")
    _need_library()
    return Connection(base_url.rstrip("/"), local, key, timeout, retries)


def _scheme_and_host(base_url: str) -> tuple[str, str]:
    read = ADDRESS.fullmatch(base_url)
    if read is None or int((read[3] or ":0")[1:]) > 65535:
        hint = "Write it as https://host:port, without password and parameters"
        raise ConfigError("is no address of a service", field="base_url", hint=hint)
    return read[1], read[2]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _key(key: str | None) -> str | None:
    key = (os.environ.get(KEY, "") if key is None else key).strip()
    if not re.fullmatch(r"[!-~]*", key):
        raise ConfigError("holds characters that no API key has", field="key")
    return key or None


def _need_library() -> None:
    try:
        import httpx2  # noqa: F401
    except ImportError:
        hint = "Run: pip install 'turnwise[client]'"
        raise ConfigError("the client needs httpx2", hint=hint) from None
