"""Schema-Guided Dialogue: a JSON array of dialogues with frames, one frame per service in play.

The label of a user turn is `Service_N/ActiveIntent`, or `Service_N/NONE` where nothing is asked
of the service (thanks, goodbye). Format: https://github.com/google-research-datasets/
dstc8-schema-guided-dialogue. Gold dimensions are intent, service (`Hotels_2`) and domain
(`Hotels`: the service without its number).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from turnwise.conversations import Conversation, Gold, Turn
from turnwise.errors import FormatError
from turnwise.formats import checks
from turnwise.formats.arrays import records
from turnwise.formats.records import Record
from turnwise.formats.streams import chunks, opened

_NUMBER = re.compile(r"_\d+$")
# The flattened form of this data set calls the assistant an agent; both forms must read alike.
_ROLES = {"USER": "customer", "SYSTEM": "agent"}


def read(path: Path) -> Iterator[Record]:
    """Yield the dialogues of a file; a record's line is the one on which its dialogue begins."""
    with opened(path) as stream:
        yield from records(chunks(stream, path), path, "dialogue_id", _conversation)


def _conversation(value: object) -> Conversation:
    if not isinstance(value, dict) or not isinstance(value.get("turns"), list):
        hint = "A dialogue has dialogue_id, services and turns"
        raise FormatError("this is no dialogue", field="turns", hint=hint)
    checks.few_enough(value["turns"])
    turns: list[Turn] = []
    before: Collection[str] = ()
    for index, said in enumerate(value["turns"]):
        try:
            labels = _labels(said)
            chosen = label_gold(current(labels, before)) if labels else {}
            role = _ROLES.get(said.get("speaker"), said.get("speaker"))
            turns.append(checks.turn(role, said.get("utterance"), chosen, (index,)))
        except FormatError as error:
            error.field = f"turns[{index}].{error.field}"
            raise
        before = labels or before
    services = value.get("services")
    meta = {"services": ", ".join(map(str, services))} if isinstance(services, list) else {}
    return checks.conversation(turns, id=checks.name(value.get("dialogue_id"), "id"), meta=meta)


def _labels(said: object) -> tuple[str, ...]:
    """`Service/ActiveIntent` of each frame of a user turn, in the order of the frames."""
    if not isinstance(said, dict):
        raise FormatError("this is no turn", field="speaker")
    if said.get("speaker") != "USER":
        return ()
    frames = said.get("frames") or ()
    try:
        return tuple(_label(frame) for frame in frames)
    except (TypeError, KeyError, AttributeError):
        hint = "A user's frame has a service and a state with an active_intent"
        raise FormatError("a frame is incomplete", field="frames", hint=hint) from None


def _label(frame: Mapping[str, Mapping[str, str]]) -> str:
    return f"{frame['service']}/{frame['state']['active_intent']}"


def current(labels: Sequence[str], before: Collection[str]) -> str:
    """Of the labels of a turn, the one that the turn is about.

    A turn that leaves one service for another has a frame of each: the one left keeps its
    intent or falls to NONE, the other is new. Of the 14,272 dialogues of train and dev every
    turn with two frames is decided by this.

    Args:
        labels: of the turn's frames, at least one.
        before: labels of the customer turn before.
    """
    asked = [label for label in labels if not label.endswith("/NONE")]
    new = [label for label in asked if label not in before]
    return (new or asked or list(labels))[0]


@lru_cache(maxsize=4096)
def label_gold(label: str) -> Gold:
    """`Hotels_2/SearchHotel` as gold of the dimensions domain, service and intent."""
    service = checks.clean(label.partition("/")[0])
    domain = _NUMBER.sub("", service)
    return {"domain": (domain,), "service": (service,), "intent": (checks.clean(label),)}
