"""Label Studio, to review: one task a turn, with the conversation up to it.

The conversation is a Paragraphs tag and each dimension a Choices tag for the whole task, as
`review_config` sets them up. What strategies gave stands in `predictions`, the labels in use first;
no label of a model stands in `annotations`. Texts are plain strings of JSON, of no HTML.

    data: {dialogue: [{author, text}, ...], why, rank, gain, alike,
           turnwise: {conversation_id, turn}}

`judgements.py` reads what people made of them. Formats: https://labelstud.io/guide/task_format
and https://labelstud.io/guide/predictions
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Example
from turnwise.formats.pseudo import in_words
from turnwise.formats.streams import replacing
from turnwise.taxonomy import Dimension, Taxonomy

DIALOGUE = "dialogue"  # name of the tag, and of its data
LABEL = "label-"  # in front of a dimension: no field of the data and of an export has that name
_WHY = "why"
_LONG = 12  # more choices than this are shown as a drop-down list

Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class ReviewTask:
    """A turn to be reviewed.

    Attributes:
        example: the turn with its history; what follows it is not written.
        said: its labels by strategies, those in use first.
        why: in words that quote nobody.
        rank, gain, alike: its place in the queue, from 1, and what it got it by.
    """

    example: Example
    said: Sequence[Annotation]
    why: str
    rank: int
    gain: float
    alike: int


def write_review_tasks(tasks: Iterable[ReviewTask], path: Path) -> int:
    """Write tasks as one JSON array, in their order; returns how many.

    Raises:
        FormatError: the disk is full, or the folder can't be written to.
    """
    written = 0
    with replacing(path) as stream:
        for task in tasks:
            stream.write(",\n" if written else "[\n")
            stream.write(json.dumps(_task(task), ensure_ascii=False))
            written += 1
        stream.write("\n]\n" if written else "[]\n")
    return written


def _task(task: ReviewTask) -> Values:
    said = [one for one in task.said if one.label is not None]
    turns = (*task.example.history, task.example.turn)
    return {
        "data": {
            DIALOGUE: [{"author": turn.role, "text": turn.text} for turn in turns],
            _WHY: task.why,
            "rank": task.rank,
            "gain": round(task.gain, 4),
            "alike": task.alike,
            "turnwise": dict(zip(("conversation_id", "turn"), task.example.key, strict=True)),
        },
        "predictions": [
            _prediction(source, [one for one in said if one.source == source])
            for source in dict.fromkeys(one.source for one in said)
        ],
    }


def _prediction(source: Source, said: Sequence[Annotation]) -> Values:
    """What one strategy gave; its score is that of the label it is least sure of."""
    return {
        "model_version": in_words(source),
        "score": round(min(one.confidence for one in said), 4),
        "result": [
            {
                "id": f"{LABEL}{one.dimension}",
                "from_name": f"{LABEL}{one.dimension}",
                "to_name": DIALOGUE,
                "type": "choices",
                "value": {"choices": [one.label]},
            }
            for one in said
        ],
    }


def review_config(taxonomy: Taxonomy) -> str:
    """The labeling configuration (XML) for tasks of a taxonomy.

    A label's description is shown as a hint.
    """
    lines = [
        "<View>",
        '  <Header value="Label the last turn, as it is meant after what was said before"/>',
        f'  <Paragraphs name="{DIALOGUE}" value="${DIALOGUE}" layout="dialogue"'
        ' nameKey="author" textKey="text"/>',
        '  <Header size="5" value="Why it is asked"/>',
        f'  <Text name="{_WHY}" value="${_WHY}"/>',
    ]
    for dimension in taxonomy.dimensions:
        lines += _choices(dimension)
    return "\n".join([*lines, "</View>", ""])


def _choices(dimension: Dimension) -> list[str]:
    name = quoteattr(f"{LABEL}{dimension.name}")
    layout = "select" if len(dimension.labels) > _LONG else "inline"
    lines = [
        f"  <Header value={quoteattr(dimension.name)}/>",
        f'  <Choices name={name} toName="{DIALOGUE}" choice="single" layout="{layout}">',
    ]
    for label in dimension.labels:
        hint = f" hint={quoteattr(label.description)}" if label.description else ""
        lines.append(f"    <Choice value={quoteattr(label.name)}{hint}/>")
    return [*lines, "  </Choices>"]
