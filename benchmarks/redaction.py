"""How much personal data redaction finds, how much it takes that is none, and how fast.

    python -m benchmarks.redaction

The gold was made by reading the sample's conversations, before and apart from the patterns.
Conversations are split in two by sha256 of their id: the patterns were written looking at the
development half only, so the figures are those of the half held back (whose totals, but none of
whose texts, were seen a few times meanwhile). A gold span counts as
found when found spans, of whatever kind, cover at least 80% of the characters of each of its
mentions in the turn; a found span is a false alarm when it overlaps no gold span. The sample
holds no cards, IBANs or IP addresses: tests/test_privacy.py covers those. The last line is one
JSON object.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from turnwise.conversations import Conversation, Role, Turn
from turnwise.privacy import Redactor, Span

ROOT = Path(__file__).parent
CONVERSATIONS = ROOT / "../examples/larkspur/conversations.jsonl"
GOLD = ROOT / "gold/larkspur_personal_data.jsonl"
HALVES = ("development", "held back")
SEEN = {"a-001", "a-003"}  # held back by their hash, but looked at while the patterns were written
COVERED = 0.8


@dataclass(frozen=True, slots=True)
class Mark:
    """A gold span: one piece of personal data in one turn, wherever the turn mentions it."""

    turn: int
    kind: str
    text: str
    stated: bool


def half(identity: str) -> str:
    held_back = int(hashlib.sha256(identity.encode()).hexdigest(), 16) % 2
    return HALVES[held_back and identity not in SEEN]


def read_conversations() -> list[Conversation]:
    """The sample, one turn a message as the gold counts them."""
    conversations = []
    for line in CONVERSATIONS.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        turns = tuple(Turn(_role(turn["role"]), turn["text"]) for turn in record["turns"])
        conversations.append(
            Conversation(record["id"], turns, market=record["market"], locale=record["locale"])
        )
    return conversations


def _role(name: str) -> Role:
    return "customer" if name == "customer" else "bot" if name == "bot" else "agent"


def read_gold() -> dict[str, list[Mark]]:
    gold = {}
    for line in GOLD.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        gold[record["id"]] = [
            Mark(span["turn"], span["kind"], span["text"], bool(span.get("stated")))
            for span in record["spans"]
        ]
    return gold


def mentions(text: str, mark: Mark) -> list[tuple[int, int]]:
    pattern = r"(?<!\w)" + re.escape(mark.text)
    return [match.span() for match in re.finditer(pattern, text)]


def is_found(text: str, mark: Mark, spans: Iterable[Span]) -> bool:
    places = mentions(text, mark)
    if not places:
        raise ValueError(f"the gold names {mark.text!r}, which turn {mark.turn} does not hold")
    covered = {position for span in spans for position in range(span.start, span.end)}
    return all(
        len(covered.intersection(range(start, end))) >= COVERED * (end - start)
        for start, end in places
    )


def false_alarms(text: str, marks: Sequence[Mark], spans: Iterable[Span]) -> list[Span]:
    places = [place for mark in marks for place in mentions(text, mark)]
    return [
        span
        for span in spans
        if not any(span.start < end and start < span.end for start, end in places)
    ]


def count(conversations: Iterable[Conversation], gold: dict[str, list[Mark]]) -> Counter[str]:
    """Tally "<what>/<kind>" over conversations: gold, found, same kind, spans, false alarms."""
    tally: Counter[str] = Counter()
    redactor = Redactor()
    for conversation in conversations:
        marks = gold.get(conversation.id, [])
        found = redactor.find(conversation)
        for mark in marks:
            text, spans = conversation.turns[mark.turn].text, found[mark.turn]
            kinds = [mark.kind, "all"] + ["stated name"] * (mark.kind == "name" and mark.stated)
            hit = is_found(text, mark, spans)
            same = is_found(text, mark, [span for span in spans if span.kind == mark.kind])
            for kind in kinds:
                tally.update({f"gold/{kind}": 1, f"found/{kind}": hit, f"same/{kind}": same})
        for index, spans in enumerate(found):
            here = [mark for mark in marks if mark.turn == index]
            wrong = false_alarms(conversation.turns[index].text, here, spans)
            tally.update(f"spans/{kind}" for span in spans for kind in (span.kind, "all"))
            tally.update(f"wrong/{kind}" for span in wrong for kind in (span.kind, "all"))
    return tally


Figures = dict[str, float | int | None]


def figures(tally: Counter[str]) -> dict[str, Figures]:
    """Recall and precision per kind; None where there is nothing to divide by."""
    kinds = sorted({key.partition("/")[2] for key in tally})
    return {
        kind: {
            "gold": tally[f"gold/{kind}"],
            "recall": _ratio(tally[f"found/{kind}"], tally[f"gold/{kind}"]),
            "recall_same_kind": _ratio(tally[f"same/{kind}"], tally[f"gold/{kind}"]),
            "found": tally[f"spans/{kind}"],
            "precision": _ratio(
                tally[f"spans/{kind}"] - tally[f"wrong/{kind}"], tally[f"spans/{kind}"]
            ),
        }
        for kind in kinds
    }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def turns_per_second(conversations: Sequence[Conversation], seconds: float = 2.0) -> float:
    """Turns redacted per second of one thread's processor time, over the sample repeatedly."""
    redactor, turns, began = Redactor(), 0, time.process_time()
    while (spent := time.process_time() - began) < seconds:
        for conversation in conversations:
            redactor.redact(conversation)
            turns += len(conversation.turns)
    return turns / spent


def main() -> None:
    conversations, gold = read_conversations(), read_gold()
    report: dict[str, object] = {}
    for name in HALVES:
        part = [conversation for conversation in conversations if half(conversation.id) == name]
        table = figures(count(part, gold))
        report[name] = table
        print(f"\n{name}: {len(part)} conversations, {sum(len(c.turns) for c in part)} turns")
        print(f"{'kind':<12}{'gold':>6}{'recall':>9}{'same kind':>11}{'found':>7}{'precision':>11}")
        for kind, row in table.items():
            cells = ["-" if value is None else value for value in row.values()]
            print(f"{kind:<12}{cells[0]:>6}{cells[1]:>9}{cells[2]:>11}{cells[3]:>7}{cells[4]:>11}")
    report["turns_per_second"] = round(turns_per_second(conversations))
    print(f"\n{report['turns_per_second']:,} turns/s on the sample, in one thread\n")
    print(json.dumps({"benchmark": "redaction", **report}))


if __name__ == "__main__":
    main()
