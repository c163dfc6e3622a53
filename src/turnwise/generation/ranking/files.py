"""Ranking pairs in a file, one a line: what the contrastive task of training can learn from.

    {"id": "conversation#turn", "context": [{"role", "text"}], "labels": {dimension: label},
     "better": {"text", "maker", "source", "rating", "other_intent"}, "worse": {the same}, "judge"}

The question is the last turn of the context. Training on the set that the pairs are of reads them
where it ranks answers (`training.ranking`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from turnwise.conversations import Role
from turnwise.errors import FormatError
from turnwise.formats.streams import lines, replacing
from turnwise.generation.ranking.contests import Candidate
from turnwise.generation.ranking.pairs import RankingPair

_Text = Annotated[str, Field(max_length=100_000)]
_Name = Annotated[str, Field(max_length=1_000)]


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Turn(_Read):
    role: Role
    text: _Text


class _Answer(_Read):
    text: Annotated[_Text, Field(pattern=r"\S")]
    maker: _Name
    rating: Annotated[float, Field(ge=1, le=10)]
    source: _Name = ""
    other_intent: bool = False


class _Pair(_Read):
    id: Annotated[str, Field(pattern=r"#[0-9]{1,6}$", max_length=1_000)]
    context: Annotated[tuple[_Turn, ...], Field(min_length=1, max_length=1_000)]
    labels: dict[_Name, _Name]
    better: _Answer
    worse: _Answer
    judge: _Name


def write_pairs(pairs: Iterable[RankingPair], path: Path) -> int:
    """Write pairs; the file appears when it is whole. Returns how many.

    Raises:
        FormatError: the disk is full, or the folder can't be written to.
    """
    written = 0
    with replacing(path) as stream:
        for one in pairs:
            values = {
                "id": f"{one.conversation_id}#{one.turn}",
                "context": [{"role": role, "text": text} for role, text in one.context],
                "labels": dict(one.labels),
                "better": _values(one.better, one.better_rating),
                "worse": _values(one.worse, one.worse_rating),
                "judge": one.judge,
            }
            stream.write(json.dumps(values, ensure_ascii=False) + "\n")
            written += 1
    return written


def read_pairs(path: Path) -> Iterator[RankingPair]:
    """Read what `write_pairs` wrote.

    Raises:
        FormatError: it can't be read, a line is no pair, or a second one of its question; with its
            line and field.
    """
    seen = set[str]()
    for line in lines(path):
        if line.error is not None:
            raise line.error
        if not line.text.strip():
            continue
        try:
            found = _Pair.model_validate_json(line.text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"]))
            raise _fault(path, line.number, field, str(first["msg"])) from error
        if found.id in seen:
            raise _fault(path, line.number, "id", f"{found.id} has a pair already")
        seen.add(found.id)
        yield _pair(found)


def _fault(path: Path, line: int, field: str, reason: str) -> FormatError:
    return FormatError(reason, path=path, line=line, field=field, hint="Write the pairs anew")


def _values(answer: Candidate, rating: float) -> dict[str, object]:
    values = {
        "text": answer.text,
        "maker": answer.maker,
        "source": answer.source,
        "rating": round(rating, 4),
        "other_intent": answer.other_intent,
    }
    return {name: value for name, value in values.items() if value or name == "text"}


def _pair(found: _Pair) -> RankingPair:
    conversation_id, _, turn = found.id.rpartition("#")
    return RankingPair(
        conversation_id=conversation_id,
        turn=int(turn),
        context=tuple((turn.role, turn.text) for turn in found.context),
        labels=found.labels,
        better=_candidate(found.better),
        worse=_candidate(found.worse),
        better_rating=found.better.rating,
        worse_rating=found.worse.rating,
        judge=found.judge,
    )


def _candidate(found: _Answer) -> Candidate:
    return Candidate(found.text, found.maker, found.source, found.other_intent)
