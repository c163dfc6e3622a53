"""From parsed JSON to the classes of `answers`, checked on the way.

What an answer holds beyond its class is passed over, so that an older client reads the answers of
a newer service; what it lacks is an error, never a guess.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class UnreadableError(Exception):
    """Something in an answer is not what its class says; the message names the place."""


def read(kind: type[T], value: object) -> T:
    """Read a value as an answer.

    Args:
        kind: a class of `answers`; value: as `json.loads` gives it.

    Raises:
        UnreadableError: a field is missing or of another type.
    """
    read_as: T = _value(kind, value, "")
    return read_as


def _value(hint: Any, value: object, place: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return _record(hint, _held(value, dict, place), place)
    if origin is types.UnionType:  # of a type and None
        return None if value is None else _value(parts[0], value, place)
    if origin is tuple:
        held = _held(value, list, place)
        return tuple(_value(parts[0], one, f"{place}.{index}") for index, one in enumerate(held))
    if origin is Mapping:
        held = _held(value, dict, place)
        return {name: _value(parts[1], one, f"{place}.{name}") for name, one in held.items()}
    if origin is Literal:
        if value not in parts:
            raise UnreadableError(f"{place.strip('.')} is none of {', '.join(parts)}")
        return value
    if hint is float and type(value) is int:
        return float(value)
    return _held(value, hint, place)


def _record(kind: Any, value: dict[str, object], place: str) -> Any:
    found = {}
    for name, (hint, required) in _members(kind).items():
        if name in value:
            found[name] = _value(hint, value[name], f"{place}.{name}")
        elif required:
            raise UnreadableError(f"{(place + '.' + name).strip('.')} is missing")
    return kind(**found)


@cache
def _members(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """Field -> its type, and whether an answer must hold it."""
    hints = get_type_hints(kind)
    return {one.name: (hints[one.name], _required(one)) for one in fields(kind)}


def _required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _held(value: object, kind: type, place: str) -> Any:
    if type(value) is not kind:  # True is an int otherwise
        where = place.strip(".") or "the answer"
        raise UnreadableError(f"{where} is {type(value).__name__}, not {kind.__name__}")
    return value
