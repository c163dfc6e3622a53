"""Label Studio: one task a conversation, shown as a dialogue, with choices for each turn.

Each customer turn is a region of a Paragraphs tag, and each dimension a Choices tag per region,
as `labeling_config` sets them up. What people gave stands in `annotations`, what models gave in
`predictions`, which Label Studio shows as a start for review. Reading takes the task's latest
annotation that was not skipped (one marked as ground truth before others) as the turns' gold,
and no predictions. Formats: https://labelstud.io/guide/task_format and
https://labelstud.io/guide/predictions
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Gold, Turn
from turnwise.errors import FormatError
from turnwise.formats import checks
from turnwise.formats.arrays import records
from turnwise.formats.jsonl import about
from turnwise.formats.pseudo import Labelled, in_words
from turnwise.formats.records import Record
from turnwise.formats.streams import chunks, opened, replacing
from turnwise.taxonomy import Taxonomy

_DIALOGUE = "turnwise-dialogue"  # names of tags; a dimension's own name is that of its choices
_TURN = "turnwise-turn"
_REGION = "customer"
_LONG = 12  # more choices than this are shown as a drop-down list
_NOT_OURS = "Read back the JSON export of a project made with tasks that Turnwise wrote"

Values = dict[str, object]


def write_tasks(labelled: Iterable[Labelled], path: Path) -> int:
    """Write conversations as tasks, their gold as annotations and models' labels to review.

    Args:
        labelled: each conversation with annotations of its turns; each source becomes one
            prediction, whose score is that of its least sure label.

    Raises:
        FormatError: the disk is full, or the folder can't be written to.
    """
    written = 0
    with replacing(path) as stream:
        for conversation, annotations in labelled:
            stream.write(",\n" if written else "[\n")
            stream.write(json.dumps(_task(conversation, annotations), ensure_ascii=False))
            written += 1
        stream.write("\n]\n" if written else "[]\n")
    return written


def _task(conversation: Conversation, annotations: Sequence[Annotation]) -> Values:
    data = {"conversation_id": conversation.id, **about(conversation)}
    data.pop("id", None)
    data["dialogue"] = [
        {"author": turn.role, "text": turn.text, "messages": list(turn.messages)}
        for turn in conversation.turns
    ]
    task: Values = {"data": data}
    gold = {index: turn.gold for index, turn in enumerate(conversation.turns) if turn.gold}
    if gold:
        task["annotations"] = [{"result": _result(conversation, gold)}]
    predictions = [
        _prediction(conversation, source, annotations)
        for source in dict.fromkeys(one.source for one in annotations)
    ]
    if not gold and not predictions:
        # Regions without a label: people need not mark each turn before they can choose.
        predictions = [{"model_version": "turns", "result": _result(conversation, {})}]
    task["predictions"] = predictions
    return task


def _prediction(
    conversation: Conversation, source: Source, annotations: Sequence[Annotation]
) -> Values:
    given = [one for one in annotations if one.source == source and one.label is not None]
    labels: dict[int, dict[str, tuple[str, ...]]] = {}
    for one in given:
        if one.label is not None:
            turn = labels.setdefault(one.turn, {})
            turn[one.dimension] = (*turn.get(one.dimension, ()), one.label)
    return {
        "model_version": in_words(source),
        "score": min((one.confidence for one in given), default=0.0),
        "result": _result(conversation, labels),
    }


def _result(conversation: Conversation, labels: Mapping[int, Gold]) -> list[Values]:
    """A region for each customer turn and each labelled one, with its choices."""
    result: list[Values] = []
    for index, turn in enumerate(conversation.turns):
        if turn.role != "customer" and index not in labels:
            continue
        region = {
            "start": str(index),
            "end": str(index),
            "startOffset": 0,
            "endOffset": len(turn.text.encode("utf-16-le")) // 2,  # as JavaScript counts
        }
        common = {"id": f"turn-{index}", "to_name": _DIALOGUE}
        value: Values = {**region, "paragraphlabels": [_REGION]}
        result.append({**common, "from_name": _TURN, "type": "paragraphlabels", "value": value})
        for dimension, chosen in labels.get(index, {}).items():
            value = {**region, "choices": list(chosen)}
            result.append({**common, "from_name": dimension, "type": "choices", "value": value})
    return result


def labeling_config(taxonomy: Taxonomy) -> str:
    """The labeling configuration (XML) for tasks that are labelled along a taxonomy.

    A label's description is shown as a hint.
    """
    lines = [
        "<View>",
        '  <Header value="Click a customer turn, then choose its labels"/>',
        f'  <ParagraphLabels name="{_TURN}" toName="{_DIALOGUE}">',
        f'    <Label value="{_REGION}"/>',
        "  </ParagraphLabels>",
        f'  <Paragraphs name="{_DIALOGUE}" value="$dialogue" layout="dialogue"'
        ' nameKey="author" textKey="text"/>',
    ]
    for dimension in taxonomy.dimensions:
        name = quoteattr(dimension.name)
        layout = "select" if len(dimension.labels) > _LONG else "inline"
        lines.append(f"  <Header value={name}/>")
        lines.append(
            f'  <Choices name={name} toName="{_DIALOGUE}" perRegion="true" choice="single"'
            f' layout="{layout}">'
        )
        for label in dimension.labels:
            hint = f" hint={quoteattr(label.description)}" if label.description else ""
            lines.append(f"    <Choice value={quoteattr(label.name)}{hint}/>")
        lines.append("  </Choices>")
    return "\n".join([*lines, "</View>", ""])


def read(path: Path) -> Iterator[Record]:
    """Yield the conversations of exported tasks, with what people chose as gold."""
    with opened(path) as stream:
        yield from records(chunks(stream, path), path, "data", _conversation)


def _conversation(task: object) -> Conversation:
    data = task.get("data") if isinstance(task, dict) else None
    dialogue = data.get("dialogue") if isinstance(data, dict) else None
    if not isinstance(task, dict) or not isinstance(data, dict) or not isinstance(dialogue, list):
        raise FormatError("the task holds no dialogue", field="data.dialogue", hint=_NOT_OURS)
    checks.few_enough(dialogue)
    gold = _gold(task.get("annotations"), len(dialogue))
    turns: list[Turn] = []
    for index, said in enumerate(dialogue):
        try:
            turns.append(_turn(said, index, gold.get(index, {})))
        except FormatError as error:
            error.field = f"data.dialogue[{index}].{error.field}"
            raise
    return checks.conversation(
        turns,
        id=checks.name(data.get("conversation_id"), "data.conversation_id"),
        started_at=checks.moment(data.get("started_at"), "data.started_at"),
        locale=checks.name(data.get("locale"), "data.locale"),
        market=checks.name(data.get("market"), "data.market"),
        channel=checks.name(data.get("channel"), "data.channel"),
        meta=checks.meta(data.get("meta"), "data.meta"),
    )


def _turn(said: object, index: int, gold: Gold) -> Turn:
    if not isinstance(said, dict):
        raise FormatError("this is no turn", field="author")
    messages = said.get("messages") or [index]
    if not all(type(one) is int for one in messages):
        raise FormatError("messages is no list of integers", field="messages")
    return checks.turn(said.get("author"), said.get("text"), gold, tuple(messages))


def _gold(annotations: object, turns: int) -> Mapping[int, Gold]:
    """Gold per turn of the annotation that counts."""
    chosen = _that_counts(annotations)
    gold: dict[int, dict[str, tuple[str, ...]]] = {}
    for result in chosen:
        if not isinstance(result, dict) or result.get("type") != "choices":
            continue
        dimension, value = result.get("from_name"), result.get("value")
        if not isinstance(value, dict) or not isinstance(dimension, str):
            raise FormatError("a result is incomplete", field="annotations", hint=_NOT_OURS)
        start, end = str(value.get("start", "")), str(value.get("end", ""))
        if not start.isdecimal() or start != end or int(start) >= turns:
            hint = "Choose for one turn at a time: click the turn, then the label"
            raise FormatError("a choice belongs to no turn", field=dimension, hint=hint)
        labels = checks.gold({dimension: value.get("choices")}, "annotations")
        gold.setdefault(int(start), {}).update(labels)
    return gold


def _that_counts(annotations: object) -> list[object]:
    """The results of the ground truth, or of the latest annotation that was not skipped."""
    given = [
        one
        for one in (annotations if isinstance(annotations, list) else [])
        if isinstance(one, dict) and not one.get("was_cancelled")
    ]
    if not given:
        return []
    latest = max(
        given,
        key=lambda one: (
            one.get("ground_truth") is True,
            str(one.get("updated_at") or one.get("created_at") or ""),
        ),
    )
    result = latest.get("result")
    return result if isinstance(result, list) else []
