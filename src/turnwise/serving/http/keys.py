"""API keys: a file of their hashes, with what each may be used for.

    {"keys": [{"name": "router", "sha256": "...", "scopes": ["classify", "decide"]}]}

A key is 256 random bits, so that one round of sha256 keeps it secret. The file is read again when
it changes: a key is replaced by adding the new one under the same name, moving its callers, and
removing the old one.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from turnwise.errors import ConfigError

Scope = Literal["classify", "decide", "feedback", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

MAX_BYTES = 1_000_000  # of the file: some 5,000 keys
MAX_KEY = 200  # characters of a key that is presented
PREFIX = "tw_"  # lets scanners for leaked secrets know a key when they see one

_log = logging.getLogger("turnwise.serving")


class Key(BaseModel):
    """One key: who holds it, the hash of it in 64 hex digits, and what it opens."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(SCOPES))]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    keys: Annotated[tuple[Key, ...], Field(max_length=10_000)]


class Keyring:
    """The keys of a file, as it is now.

    Raises:
        ConfigError: the file is missing, too long, or not of the form above.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _state(path)
        self._keys = _read(path)

    def find(self, presented: str) -> Key | None:
        """The key that was presented, or None; in a time that tells nothing of the hashes."""
        self._refresh()
        digest = hashlib.sha256(presented[:MAX_KEY].encode("utf-8", "replace")).hexdigest()
        found = None
        for key in self._keys:  # all of them, whichever fits
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found if len(presented) <= MAX_KEY else None

    def _refresh(self) -> None:
        """Read the file again if it changed; a faulty one leaves the keys as they were."""
        state = _state(self._path)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._keys = _read(self._path)
        except ConfigError as error:
            _log.error("the keys stay as they were: %s", error)


def add_key(path: Path, name: str, scopes: Sequence[Scope]) -> str:
    """Make a key and add it to a file, which is made where there is none.

    Returns:
        The key, which is kept nowhere: whoever shall use it must get it now.

    Raises:
        ConfigError: the file is faulty, or the name or a scope is not allowed.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    try:
        key = Key(name=name, sha256=digest, scopes=tuple(scopes))
    except ValidationError as error:
        raise ConfigError(_first(error), field="key") from None
    known = _read(path) if path.exists() else ()
    text = _File(keys=(*known, key)).model_dump_json(indent=1) + "\n"
    beside = path.with_name(path.name + ".new")
    # Private from its first byte on, and never half written where a server may read it.
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        beside.replace(path)
    except OSError as error:
        raise ConfigError(f"can't be written ({error.strerror})", path=path) from error
    return secret


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None where there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _read(path: Path) -> tuple[Key, ...]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "Make one: turnwise keys FILE --name NAME"
        raise ConfigError(f"can't be read ({error.strerror})", path=path, hint=hint) from error
    if len(text) > MAX_BYTES:
        raise ConfigError(f"is longer than {MAX_BYTES:,} bytes", path=path)
    try:
        return _File.model_validate_json(text).keys
    except ValidationError as error:
        raise ConfigError(_first(error), path=path) from None


def _first(error: ValidationError) -> str:
    """What is wrong first, without the value, which may be a key."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
