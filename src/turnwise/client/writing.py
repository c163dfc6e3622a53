"""From what is asked to the bytes that are sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from turnwise.client.answers import StateAnswer
from turnwise.client.failures import InvalidRequestError


def written(value: object, path: str, place: str = "") -> bytes:
    """A value as JSON in UTF-8.

    Args:
        path: that it is sent to, for messages; place: of the value in the whole, with a dot at
            its end where it is not all of it.

    Raises:
        InvalidRequestError: it holds what JSON or UTF-8 can't, with the field.
    """
    try:
        text = json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
        )
    except (TypeError, ValueError, RecursionError) as error:
        # Of json's own words, which may show a value, no more is told than the kind.
        reason = (
            f"what is sent can't be written as JSON ({type(error).__name__}): a number that is "
            "none, or a value of another type"
        )
        raise InvalidRequestError(reason, url=path, field=place.strip(".") or None) from None
    try:
        return text.encode()
    except UnicodeEncodeError:
        field = f"{place}{next(_broken(json.loads(text), ''), '').strip('.')}".strip(".")
        reason = "holds half of a surrogate pair, which is no character. Replace it before sending"
        raise InvalidRequestError(reason, url=path, field=field or None) from None


def _plain(value: object) -> object:
    if isinstance(value, StateAnswer):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return list(value)
    raise TypeError


def _broken(value: object, place: str) -> Iterator[str]:
    """The places of what is not written in UTF-8; a faulty name counts as the place it is in."""
    if isinstance(value, str):
        if not _encodes(value):
            yield place
    elif isinstance(value, dict):
        for name, one in value.items():
            if _encodes(name):
                yield from _broken(one, f"{place}.{name}")
            else:
                yield place
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _broken(one, f"{place}.{index}")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
