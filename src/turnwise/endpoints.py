"""Which language model answers what: the endpoints of the settings and of the environment.

    endpoints: {teacher: {base_url: ..., model: ..., key_env: ...}, critic: ...}

The environment wins: TURNWISE_TEACHER_BASE_URL, TURNWISE_TEACHER_MODEL, TURNWISE_TEACHER_KEY, and
so for every name. A key is only ever read from the environment, and only its variable is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from turnwise.errors import ConfigError
from turnwise.llm.endpoint import Endpoint

TEACHER = "teacher"
ROLES = (TEACHER, "critic", "judge", "small")  # what strategies ask; the teacher stands in for all

NAME = re.compile(r"[a-z][a-z0-9_]*")
# Capitals alone, so that a key that is written in place of a variable's name is refused.
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
ADDRESS = re.compile(r"https?://[^\s@?#]+")

NO_KEY_HERE = "Keep the key in an environment variable, and write that variable's name as key_env"
HOW = """\
Write into it, for example:

endpoints:
  {name}:
    base_url: http://127.0.0.1:8080/v1
    model: the name that the server knows
    key_env: OPENAI_API_KEY   # the variable that holds the key; leave it out where none is needed

or set TURNWISE_{upper}_BASE_URL and TURNWISE_{upper}_MODEL, and TURNWISE_{upper}_KEY where a key \
is needed"""


def read_endpoints(values: Any) -> dict[str, Endpoint]:
    """The section `endpoints` of the settings, checked. No message repeats what may be a key.

    Raises:
        ConfigError: with the field that is at fault.
    """
    if not isinstance(values, dict):
        raise ConfigError("must hold one section for each endpoint", field="endpoints")
    for name in values:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            hint = "Write it in small letters, digits and _, such as teacher"
            raise ConfigError("an endpoint has no such name", field="endpoints", hint=hint)
    return {name: _endpoint(one, f"endpoints.{name}") for name, one in values.items()}


def find_endpoint(
    endpoints: Mapping[str, Endpoint], name: str, environment: Mapping[str, str], path: Path
) -> Endpoint:
    """The endpoint of a name; the teacher's for a role that has none of its own.

    Args:
        endpoints: of the settings; environment: `os.environ`; path: of the settings, for messages.

    Returns:
        An endpoint whose `key()` finds the key, if there is one. A key that the settings name is
        never sent to an address that the environment gives instead.

    Raises:
        ConfigError: there is none, or the environment gives half of one, or a faulty one.
    """
    prefix = f"TURNWISE_{name.upper()}_"
    address, model = (environment.get(prefix + part, "") for part in ("BASE_URL", "MODEL"))
    found = endpoints.get(name)
    if found is None and address and model:
        found = _from_environment(prefix, base_url=address, model=model)
    elif found is None:
        if name == TEACHER or name not in ROLES:
            raise _missing(endpoints, name, path)
        found = find_endpoint(endpoints, TEACHER, environment, path)
    if address and address != found.base_url:
        _from_environment(prefix, base_url=address, model=found.model)
        found = replace(found, base_url=address, key_env="")
    if model:
        found = replace(found, model=model)
    if environment.get(prefix + "KEY", "").strip():
        found = replace(found, key_env=prefix + "KEY")
    return found


def _endpoint(values: Any, place: str) -> Endpoint:
    if isinstance(values, Endpoint):
        return values
    if not isinstance(values, dict):
        raise ConfigError("must be a section with base_url and model", field=place)
    known = [field.name for field in fields(Endpoint)]
    for key in values:
        if key not in known:
            hint = f"Known here: {', '.join(known)}. {NO_KEY_HERE}"
            raise ConfigError("unknown setting", field=f"{place}.{key}", hint=hint)
    if not ADDRESS.fullmatch(str(values.get("base_url", "http://missing"))):
        hint = "Write it as http://host:port/v1, without password and parameters"
        raise ConfigError("is no address", field=f"{place}.base_url", hint=hint)
    if (variable := values.get("key_env")) and not VARIABLE.fullmatch(str(variable)):
        reason = "is no name of an environment variable in capitals"
        raise ConfigError(reason, field=f"{place}.key_env", hint=NO_KEY_HERE)
    try:
        return TypeAdapter(Endpoint).validate_python(values)
    except ConfigError as error:
        error.field = f"{place}.{error.field}"
        raise
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        # Without its cause, which shows the input.
        field = ".".join((place, *map(str, first["loc"])))
        raise ConfigError(first["msg"], field=field) from None


def _from_environment(prefix: str, **values: str) -> Endpoint:
    try:
        return _endpoint(values, "")
    except ConfigError as error:
        field = prefix + (error.field or "").removeprefix(".").upper()
        raise ConfigError(error.reason, field=field, hint=error.hint) from None


def _missing(endpoints: Mapping[str, Endpoint], name: str, path: Path) -> ConfigError:
    there = f"; there is {', '.join(endpoints)}" if endpoints else ""
    hint = HOW.format(name=name, upper=name.upper())
    return ConfigError(f"no endpoint {name!r} is configured{there}", path=path, hint=hint)
