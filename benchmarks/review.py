"""How many wrong labels the review queue puts in front, beside an order by lot.

    python -m benchmarks.review

The sample as in `labelling_sample`: 60 conversations are the labelled seed, the 130 unlabelled
ones are labelled by the embedded `single`, `zero-shot` and `two-stage`; their gold is hidden and
only counts what is wrong. The queue is made once for the labels of `single` and once for those of
`two-stage`. Per first 50, 100 and 200 turns:

    turns    share of turns with a wrong label in at least one dimension
    labels   share of the labels given that are wrong
    per turn wrong labels that a reviewer corrects in one turn, beside what the queue expected

"by lot" is what a random order comes to on the average; "by confidence" orders by the labels in
use alone: the sum of 1 - confidence, nothing known of other strategies. A label that was not
given counts as neither right nor wrong. Everything of the queue was chosen on the seed, half of
it labelled from the other half. The last line is one JSON object.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.labelling_sample import REPOSITORY, SAMPLE, Memory
from benchmarks.protocol import larkspur_split
from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Example, examples
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.formats import read
from turnwise.labelling import label
from turnwise.labelling.review import rank
from turnwise.labelling.views import build, lay_ground
from turnwise.project import without_gold
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy, load_taxonomy

FIRST = (50, 100, 200)
STRATEGIES = ("single", "zero-shot", "two-stage")
IN_USE = ("single", "two-stage")

Key = tuple[str, int]


@dataclass(frozen=True)
class Turn:
    """A turn with what was said of it, and how its labels in use fare against gold."""

    example: Example
    said: tuple[Annotation, ...]
    given: int
    wrong: int
    doubt: float


@dataclass(frozen=True)
class Score:
    """Of the first turns of an order."""

    turns: float
    labels: float
    per_turn: float
    expected: float | None = None


def annotated(
    taxonomy: Taxonomy,
    seed: Sequence[Conversation],
    logs: Sequence[Conversation],
    encoder: Encoder,
) -> dict[Key, list[Annotation]]:
    """What the strategies say of turns whose gold they do not see."""
    ground = lay_ground(taxonomy, seed, encoder)
    found: dict[Key, list[Annotation]] = {}
    hidden = [without_gold(one) for one in logs]
    for strategy in STRATEGIES:
        for _, said in label(hidden, build(ground, strategy)):
            for one in said:
                found.setdefault(one.key, []).append(one)
    return found


def judged(
    logs: Iterable[Conversation], said: Mapping[Key, list[Annotation]], final: Source
) -> dict[Key, Turn]:
    turns: dict[Key, Turn] = {}
    for example in (one for log in logs for one in examples(log)):
        by_all = list(dict.fromkeys(said[example.key]))
        used = [one for one in by_all if one.source == final]
        given = [one for one in used if one.label is not None]
        wrong = sum(one.label not in example.gold[one.dimension] for one in given)
        doubt = sum(1 - one.confidence for one in given)
        turns[example.key] = Turn(example, tuple(by_all), len(given), wrong, doubt)
    return turns


def score(turns: Sequence[Turn], expected: float | None = None) -> Score:
    wrong = sum(one.wrong for one in turns)
    return Score(
        turns=round(sum(one.wrong > 0 for one in turns) / len(turns), 4),
        labels=round(wrong / max(1, sum(one.given for one in turns)), 4),
        per_turn=round(wrong / len(turns), 4),
        expected=None if expected is None else round(expected / len(turns), 4),
    )


def scored(turns: Mapping[Key, Turn], final: Source) -> dict[str, dict[str, Score]]:
    """Order -> how many first turns -> score."""
    queue = rank(((one.example, one.said) for one in turns.values()), final)
    unsure = sorted(turns, key=lambda key: (-turns[key].doubt, stable_hash(repr(key))))
    table: dict[str, dict[str, Score]] = {
        "by lot": {"any": score(list(turns.values()))},
        "by confidence": {str(n): score([turns[key] for key in unsure[:n]]) for n in FIRST},
        "queue": {},
    }
    for n in FIRST:
        first = queue[:n]
        expected = sum(one.gain / one.alike for one in first)  # of these turns alone
        table["queue"][str(n)] = score([turns[one.key] for one in first], expected)
    table["queue"]["all"] = score([turns[one.key] for one in queue])
    print(f"\n{final.name}: {len(queue):,} of {len(turns):,} turns are in the queue")
    return table


def main() -> None:
    began, busy = time.perf_counter(), time.process_time()
    records = read(SAMPLE / "conversations.jsonl")
    conversations = {one.conversation.id: one.conversation for one in records if one.conversation}
    split = larkspur_split(conversations.values())
    seed = [conversations[one] for one in split.seed]
    logs = [conversations[one] for one in split.unlabelled]
    cache = REPOSITORY / ".cache" / "turnwise"
    encoder = KeptEncoder(OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, cache)), Memory({}))
    said = annotated(load_taxonomy(SAMPLE / "taxonomy.yaml"), seed, logs, encoder)
    report: dict[str, dict[str, dict[str, Score]]] = {}
    for strategy in IN_USE:
        final = Source("embedded", strategy, "1")
        report[strategy] = scored(judged(logs, said, final), final)
        print(f"  {'':<16}{'first':>6}{'turns':>8}{'labels':>8}{'per turn':>10}{'expected':>10}")
        for order, rows in report[strategy].items():
            for first, one in rows.items():
                told = "" if one.expected is None else f"{one.expected:>10.3f}"
                cells = f"{one.turns:>8.3f}{one.labels:>8.3f}{one.per_turn:>10.3f}{told}"
                print(f"  {order:<16}{first:>6}{cells}")
    result = {
        "benchmark": "review",
        "seconds": {
            "wall": round(time.perf_counter() - began, 1),
            "processor": round(time.process_time() - busy, 1),
        },
        "scores": {
            strategy: {
                order: {first: one.__dict__ for first, one in rows.items()}
                for order, rows in table.items()
            }
            for strategy, table in report.items()
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
