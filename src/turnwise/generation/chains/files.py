"""Chain statistics as a JSON file, which is checked whatever it holds.

    {"format": "chain statistics", "version": 1, "intent": "intent",
     "dimensions": {"domain": ["TRIP", ...], "intent": ["CANCEL", ...]},
     "states": [["TRIP", "CANCEL"], ...],
     "together": {"conversations": 120, "unlabelled": 3, "lengths": [[2, 40], [5, 80]],
                  "first": [[0, 70], ...], "turns": [[0, 210], ...],
                  "transitions": [[0, 1, 31], ...], "openings": [[[0, 1, null], 12], ...]},
     "markets": {"de": {...}}, "notes": ["..."]}

Of each list of counts the last number is the count, those before are states by their place in
`states`; null is a customer turn without labels. Labels are those that the logs show.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from turnwise.errors import GenerationError
from turnwise.generated import State
from turnwise.generation.chains.statistics import OPENING, ChainCounts, ChainStatistics
from turnwise.taxonomy import Taxonomy
from turnwise.unfinished import write_file

VERSION = 1
MOST_BYTES = 128 << 20
MOST_LENGTH = 10_000  # customer turns of a conversation
SHOWN = 12  # names that a message lists
AGAIN = "Run 'turnwise stats' to write it anew"

T = TypeVar("T")
Name = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=1, le=1 << 53)]
Number = Annotated[int, Field(ge=0, le=1 << 53)]
Length = Annotated[int, Field(ge=1, le=MOST_LENGTH)]
Place = Annotated[int, Field(ge=0)]
Opening = Annotated[list[Place | None], Field(min_length=1, max_length=OPENING)]
# One fault is told; a file of nothing else would fill the memory with them.
Some = Annotated[list[T], FailFast()]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Counts(_Part):
    conversations: Count
    unlabelled: Number
    lengths: Some[tuple[Length, Count]] = Field(min_length=1)
    first: Some[tuple[Place, Count]]
    turns: Some[tuple[Place, Count]] = Field(min_length=1)
    transitions: Some[tuple[Place, Place, Count]]
    openings: Some[tuple[Opening, Count]]


class _File(_Part):
    format: Literal["chain statistics"]
    version: Literal[1]
    intent: Name | None
    dimensions: dict[Name, Some[Name]] = Field(min_length=1)
    states: Some[list[Name]] = Field(min_length=1)
    together: _Counts
    markets: dict[str, _Counts]
    notes: list[str]


def save_statistics(statistics: ChainStatistics, path: Path | str) -> None:
    """Write statistics; what stood in the file is replaced as a whole, or not at all."""
    write_file(Path(path), json.dumps(_written(statistics), ensure_ascii=False) + "\n")


def load_statistics(path: Path | str, taxonomy: Taxonomy) -> ChainStatistics:
    """Read statistics, and check them against the taxonomy whose labels they are to be of.

    Raises:
        GenerationError: the file is missing, larger than 128 MiB or malformed (which field is
            said), of a newer version, or of another taxonomy (which dimensions and labels are
            unknown is said).
    """
    place = Path(path)
    try:
        if place.stat().st_size > MOST_BYTES:
            raise GenerationError(f"{place}: larger than {MOST_BYTES >> 20} MiB. {AGAIN}")
        content = place.read_bytes()
    except OSError as error:
        raise GenerationError(f"{place}: can't be read ({error.strerror}). {AGAIN}") from error
    try:
        read = _Reading(_File.model_validate_json(content)).statistics()
    except ValidationError as error:
        raise GenerationError(f"{place}, {_told(error)}. {AGAIN}") from error
    except _FaultError as fault:
        raise GenerationError(f"{place}, field {fault}. {AGAIN}") from fault
    if unknown := [*_unknown(read, taxonomy)]:
        raise GenerationError(
            f"{place}: these statistics are of another taxonomy; {taxonomy.name} lacks "
            f"{'; '.join(unknown)}. {AGAIN}, from logs that carry its labels"
        )
    return read


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(map(str, first["loc"]))
    if field == "version":
        return f"field version: it is {first['input']!r}, and this program reads {VERSION}"
    return f"field {field or '(all)'}: {first['msg']}"


def _unknown(statistics: ChainStatistics, taxonomy: Taxonomy) -> Iterator[str]:
    """The dimensions and labels that the taxonomy does not have."""
    for name, labels in _labels(statistics).items():
        if name not in taxonomy:
            yield f"the dimension {name}"
        elif lacking := [one for one in labels if one not in taxonomy[name].index]:
            more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
            yield f"of {name}: {', '.join(lacking[:SHOWN])}{more}"


def _labels(statistics: ChainStatistics) -> Mapping[str, list[str]]:
    """The labels that the logs show along each dimension."""
    columns = zip(*statistics.together.states, strict=True)
    pairs = zip(statistics.dimensions, columns, strict=True)
    return {name: sorted({label for label in column if label}) for name, column in pairs}


def _written(statistics: ChainStatistics) -> dict[str, Any]:
    states = list(statistics.together.states)
    place = {state: at for at, state in enumerate(states)}

    def written(counts: ChainCounts) -> dict[str, Any]:
        return {
            "conversations": counts.conversations,
            "unlabelled": counts.unlabelled,
            "lengths": list(counts.lengths.items()),
            "first": [(place[one], count) for one, count in counts.first.items()],
            "turns": [(place[one], count) for one, count in counts.states.items()],
            "transitions": [
                (place[before], place[after], count)
                for before, row in counts.transitions.items()
                for after, count in row.items()
            ],
            "openings": [
                ([place.get(state) for state in opening], count)
                for opening, count in counts.openings.items()
            ],
        }

    return {
        "format": "chain statistics",
        "version": VERSION,
        "intent": statistics.intent,
        "dimensions": _labels(statistics),
        "states": states,
        "together": written(statistics.together),
        "markets": {name: written(one) for name, one in statistics.markets.items()},
        "notes": statistics.notes,
    }


class _FaultError(ValueError):
    """What fits its type and nothing else: the field, and what is wrong."""


class _Reading:
    """A file whose types are right, on its way to statistics."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._dimensions = tuple(file.dimensions)
        intent = file.intent
        _expect(intent in (None, *self._dimensions), "intent", f"there is no dimension {intent!r}")
        self._known = [(name, {"", *labels}) for name, labels in file.dimensions.items()]
        self._states = [self._state(at) for at in range(len(file.states))]
        _expect(len({*self._states}) == len(self._states), "states", "one stands there twice")

    def statistics(self) -> ChainStatistics:
        markets = {
            name: self._counts(counts, f"markets.{name}")
            for name, counts in sorted(self._file.markets.items())
        }
        together = self._counts(self._file.together, "together")
        return ChainStatistics(
            self._dimensions, self._file.intent, together, markets, tuple(self._file.notes)
        )

    def _state(self, at: int) -> State:
        labels, field = self._file.states[at], f"states.{at}"
        size = len(self._known)
        _expect(len(labels) == size, field, f"{len(labels)} labels for {size} dimensions")
        _expect(any(labels), field, "it has no label")
        for label, (name, names) in zip(labels, self._known, strict=True):
            _expect(label in names, field, f"{name} has no label {label!r}")
        return tuple(labels)

    def _counts(self, counts: _Counts, field: str) -> ChainCounts:
        turns = self._by_state(counts.turns, f"{field}.turns")
        rows: defaultdict[State, dict[State, int]] = defaultdict(dict)
        for at, (before, after, count) in enumerate(counts.transitions):
            here = f"{field}.transitions.{at}"
            first, second = self._at(before, here, turns), self._at(after, here, turns)
            _expect(second not in rows[first], here, "it stands there twice")
            rows[first][second] = count
        openings = {
            tuple(self._opening(place, f"{field}.openings.{at}") for place in opening): count
            for at, (opening, count) in enumerate(counts.openings)
        }
        _expect(
            len(openings) == len(counts.openings), f"{field}.openings", "one stands there twice"
        )
        lengths = dict(sorted(counts.lengths))
        _expect(len(lengths) == len(counts.lengths), f"{field}.lengths", "one stands there twice")
        return ChainCounts(
            conversations=counts.conversations,
            unlabelled=counts.unlabelled,
            lengths=lengths,
            first=self._by_state(counts.first, f"{field}.first", turns),
            states=turns,
            transitions={one: dict(sorted(row.items())) for one, row in sorted(rows.items())},
            openings=dict(sorted(openings.items())),
        )

    def _by_state(
        self, pairs: Sequence[tuple[int, int]], field: str, turns: Mapping[State, int] | None = None
    ) -> dict[State, int]:
        found: dict[State, int] = {}
        for at, (place, count) in enumerate(pairs):
            state = self._at(place, f"{field}.{at}", turns)
            _expect(state not in found, f"{field}.{at}", "its state stands there twice")
            found[state] = count
        return dict(sorted(found.items()))

    def _at(self, place: int, field: str, turns: Mapping[State, int] | None = None) -> State:
        _expect(place < len(self._states), field, f"there is no state {place}")
        state = self._states[place]
        _expect(turns is None or state in turns, field, f"no turn is in state {place}")
        return state

    def _opening(self, place: int | None, field: str) -> State:
        return ("",) * len(self._dimensions) if place is None else self._at(place, field)


def _expect(fits: bool, field: str, reason: str) -> None:
    if not fits:
        raise _FaultError(f"{field}: {reason}")
