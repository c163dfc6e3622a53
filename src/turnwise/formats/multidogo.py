"""MultiDoGO: tab-separated customer turns with their intents, several conversations a file.

Columns conversationId, turnNumber, utteranceId, utterance, slot-labels, intent; cells may stand
in quotes and then hold tabs and line ends; `<div>` stands between several intents. The agent's
turns are not in the file, but the turn numbers count them. Format: https://github.com/awslabs/
multi-domain-goal-oriented-dialogues-dataset. The domain and the split are those that the names
of file and folder tell; the domain is gold of every labelled turn and begins the id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from turnwise.conversations import Gold, Turn
from turnwise.errors import FormatError
from turnwise.formats import checks
from turnwise.formats.records import Record, rejected
from turnwise.formats.rows import Group, Row, grouped, rows, turns_of

HEADER = "conversationId\tturnNumber\t"
BETWEEN_INTENTS = "<div>"
_NEEDED = ("conversationId", "turnNumber", "utterance", "intent")
_BEGINS = re.compile(r"[^\t]+\t\d+(\.0)?\t<CONV>")
_DOMAINS = frozenset(("airline", "fastfood", "finance", "insurance", "media", "software"))
_SPLITS = frozenset(("train", "dev", "test"))


def read(path: Path) -> Iterator[Record]:
    """Yield the conversations of a file; a damaged row is left out of its conversation."""
    table = rows(path, "\t", lambda text: _BEGINS.match(text) is not None)
    header = next(table, None)
    if not isinstance(header, Row) or not set(_NEEDED) <= set(header.cells):
        reason = f"the header lacks one of {', '.join(_NEEDED)}"
        raise FormatError(reason, path=path, line=1, hint="Read it as tsv with a mapping")
    columns = {name: header.cells.index(name) for name in _NEEDED}
    told = {"domain": _told(path, _DOMAINS), "split": _told(path, _SPLITS)}
    meta = {name: value for name, value in told.items() if value}
    for group in grouped(table, lambda row: row.cells[columns["conversationId"]], path):
        if isinstance(group, Record):
            yield group
        else:
            yield from _conversation(group, columns, meta, path)


def _told(path: Path, known: frozenset[str]) -> str:
    """Which of some words stands alone in the name of the file, or else of its folder."""
    for name in (path.name, path.parent.name):
        found = known & set(re.findall("[a-z]+", name.lower()))
        if len(found) == 1:
            return next(iter(found))
    return ""


def _conversation(
    group: Group, columns: Mapping[str, int], meta: Mapping[str, str], path: Path
) -> Iterator[Record]:
    domain = meta.get("domain", "")
    turns, faults = turns_of(group, lambda row, _: _turn(row, columns, domain), path)
    yield from faults
    try:
        checks.few_enough(group.rows)
        id = checks.name(f"{domain}/{group.id}" if domain else group.id, "conversationId")
        yield Record(group.line, checks.conversation(turns, id=id, meta=dict(meta)))
    except FormatError as error:
        yield rejected(error, path, group.line, group.rows[0].text)


def _turn(row: Row, columns: Mapping[str, int], domain: str) -> Turn:
    number = row.cells[columns["turnNumber"]]
    try:
        position = int(float(number))
    except (ValueError, OverflowError):
        raise FormatError(f"{number[:40]!r} is no number", field="turnNumber") from None
    try:
        text = checks.said(row.cells[columns["utterance"]])
    except FormatError as error:
        error.field = "utterance"
        raise
    return Turn("customer", text, _gold(row.cells[columns["intent"]], domain), (position,))


def _gold(cell: str, domain: str) -> Gold:
    intents = tuple(checks.clean(one.strip()) for one in cell.split(BETWEEN_INTENTS) if one.strip())
    if not intents:
        return {}
    return {"domain": (domain,), "intent": intents} if domain else {"intent": intents}
