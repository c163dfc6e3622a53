"""The tables of a discovery report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from turnwise.clusters import BAD_ONLY_LIMIT, Cluster, Discovery, Merge, Round, SetAside, Utterance
from turnwise.evaluation.discovery.shown import clipped
from turnwise.evaluation.tables import Cell, Explained, Quotes, Share, Table

_Said = TypeVar("_Said", Utterance, SetAside)
_EXAMPLES = 4
_UNCLUSTERED = 30  # texts quoted
_REASONS = 40
_TITLE = 200  # characters of a title with its description


def intent_table(discovery: Discovery) -> Table:
    """A row per cluster, by turns, with the number that the map shows."""
    return Table(
        ("", "Intent", "Turns", "Share", "Loop's judge", "Final judge", "Diversity", "Said"),
        tuple(
            _intent(discovery, number, one)
            for number, one in enumerate(discovery.clusters, start=1)
        ),
        note="Share: of all turns that were read, those set aside among them. Loop's judge: how "
        "sure the judge who kept it is that it is one intent. Final judge: whether another one "
        "agrees at the end: “good”, or “check” where it may be about several things; read those "
        "first. Diversity: mean cosine distance to the centre; the higher, the more ways of "
        "saying it, or the looser.",
    )


def _intent(discovery: Discovery, number: int, one: Cluster) -> tuple[Cell, ...]:
    name = one.name
    about = ". ".join(part.rstrip(".") for part in (name.title, name.description) if part)
    return (
        number,
        Explained(clipped(name.name), clipped(about, _TITLE)),
        one.turns,
        Share(share(one.turns, turns_read(discovery))),
        Share(one.score),
        "good" if one.good else "check",
        round(one.diversity, 2),
        quotes(discovery.utterances[at].whole for at in one.examples[:_EXAMPLES]),
    )


def merge_table(merges: Sequence[Merge]) -> Table:
    """Merges, the nearest first."""
    ranked = sorted(merges, key=lambda merge: (-merge.nearness, merge.one, merge.other))
    return Table(
        ("Intent", "Intent", "Nearness of their names"),
        tuple((clipped(one.one), clipped(one.other), Share(one.nearness)) for one in ranked),
    )


def set_aside_table(discovery: Discovery) -> Table:
    """Why texts were set aside, the reason of most turns first."""
    found: dict[str, list[SetAside]] = {}
    for one in discovery.set_aside:
        found.setdefault(one.reason, []).append(one)
    ranked = sorted(found.items(), key=lambda pair: (-_said(pair[1]), pair[0]))
    every = turns_read(discovery)
    return Table(
        ("Reason", "Texts", "Turns", "Share of all turns", "Most frequent"),
        tuple(
            (
                clipped(reason),
                len(texts),
                _said(texts),
                Share(share(_said(texts), every), bar=True),
                quotes(one.text for one in _frequent(texts)[:_EXAMPLES]),
            )
            for reason, texts in ranked[:_REASONS]
        ),
        note=_more(len(ranked) - _REASONS, "rarer reasons are not shown"),
    )


def round_table(rounds: Sequence[Round]) -> Table:
    """A row per round: what it chose and what came of it."""
    return Table(
        ("Round", "Utterances", "Tried", "Chosen", "Good", "Bad", "Kept", "Left", "Foreseen"),
        tuple(
            _round(one, number) for one, number in zip(rounds, round_numbers(rounds), strict=True)
        ),
        note="Tried: how many numbers of clusters, or resolutions; chosen: the one with the most "
        "good clusters to a bad one. Good and bad are clusters, kept and left are utterances. "
        "Foreseen: the place of the chosen one among those that the log of earlier rounds "
        "promised, a dash where it was not among them or there was no log.",
    )


def round_numbers(rounds: Sequence[Round]) -> list[int]:
    """The rounds' own numbers; counted through where several loops ran, one after the other."""
    numbers = [one.number for one in rounds]
    return numbers if len(set(numbers)) == len(numbers) else list(range(1, len(rounds) + 1))


def _round(one: Round, number: int) -> tuple[Cell, ...]:
    trial = one.trials[one.chosen]
    kept = sum(map(len, one.kept))
    foreseen = trial.candidate in one.predicted
    return (
        number,
        kept + len(one.left),
        len(one.trials),
        _candidate(trial.candidate),
        trial.good,
        trial.bad,
        kept,
        len(one.left),
        one.predicted.index(trial.candidate) + 1 if foreseen else None,
    )


def trial_table(rounds: Sequence[Round]) -> Table:
    """A row per candidate of each round."""
    rows: list[tuple[Cell, ...]] = []
    groups: set[int] = set()
    for one, number in zip(rounds, round_numbers(rounds), strict=True):
        groups.add(len(rows))
        for place, trial in enumerate(one.trials):
            rows.append(
                (
                    number if place == 0 else None,
                    _candidate(trial.candidate),
                    trial.good,
                    trial.bad,
                    trial.good_size,
                    trial.bad_size,
                    "none bad" if trial.ratio == BAD_ONLY_LIMIT else f"{trial.ratio:.2f}",
                    "chosen" if place == one.chosen else "",
                )
            )
    sizes = ("Utterances in good", "in bad")
    columns = ("Round", "Candidate", "Good", "Bad", *sizes, "Good to bad", "")
    return Table(columns, tuple(rows), groups=frozenset(groups))


def unclustered_table(discovery: Discovery) -> Table:
    """What belongs to no cluster, the most frequent texts first."""
    left = _frequent([discovery.utterances[at] for at in discovery.unclustered])
    return Table(
        ("Text", "Turns", "Said by"),
        tuple((Quotes((clipped(one.whole),)), one.count, one.role) for one in left[:_UNCLUSTERED]),
        note=_more(len(left) - _UNCLUSTERED, "rarer texts are not shown"),
    )


def quotes(texts: Iterable[str]) -> Quotes:
    return Quotes(tuple(clipped(text) for text in texts))


def turns_read(discovery: Discovery) -> int:
    """Turns in a cluster, in none, and set aside."""
    return discovery.turns + _said(discovery.set_aside)


def share(part: int, whole: int) -> float:
    """A part of a whole, in [0, 1]; 0 of nothing."""
    return part / whole if whole else 0.0


def _frequent(texts: Sequence[_Said]) -> list[_Said]:
    return sorted(texts, key=lambda one: (-one.count, one.text))


def _said(texts: Sequence[SetAside]) -> int:
    return sum(one.count for one in texts)


def _candidate(value: float) -> Cell:
    """A number of clusters, or a resolution."""
    return value if value % 1 else int(value)


def _more(count: int, what: str) -> str:
    return f"{count:,} {what}." if count > 0 else ""
