"""What an annotator said of a conversation -> the workspace, taking no other way's labels.

Strategies with stages or members hand on the labels of these too. They are stored as work of
their own: labelling again by a stage alone, or by the whole on a few turns, takes nothing away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, examples
from turnwise.labelling.llm import is_unusable
from turnwise.project import key_of
from turnwise.steps.ways import Way
from turnwise.workspace import Workspace


def keep_labels(
    workspace: Workspace,
    way: Way,
    conversation: Conversation,
    source: Source,
    said: Sequence[Annotation],
) -> None:
    """Store labels of turns of a conversation beside what the way had said of other turns.

    A conversation is done when every customer turn is labelled by answers that could be used.
    The others are asked about again: at no cost, where neither model nor question changed.

    Args:
        source: of the way's own labels; the others in `said` are of its stages or members.
    """
    for member in dict.fromkeys(one.source for one in said if one.source != source):
        _keep_member(workspace, way, conversation.id, [one for one in said if one.source == member])
    own = [one for one in said if one.source == source]
    new = {one.turn for one in own}
    earlier = _annotations(workspace, conversation.id, source)
    if earlier and _is_of(workspace, way, conversation.id, earlier):
        own += [one for one in earlier if one.turn not in new]
    turns = {one.turn for one in own}
    every = {one.index for one in examples(conversation)}
    whole = turns == every and not any(map(is_unusable, own))
    key = way.whole(conversation.id) if whole else way.part(conversation.id, turns)
    workspace.put_annotations(key, conversation.id, own)


def settled_turns(
    workspace: Workspace, way: Way, source: Source, ids: Sequence[str]
) -> dict[str, set[int]]:
    """Turns of conversations that have usable labels of a way as it is now."""
    known: dict[str, list[Annotation]] = defaultdict(list)
    for one in workspace.annotations(ids, replace(source, version="")):
        known[one.conversation_id].append(one)
    return {
        id: {one.turn for one in said} - {one.turn for one in said if is_unusable(one)}
        for id, said in known.items()
        if _is_of(workspace, way, id, said)
    }


def _annotations(workspace: Workspace, id: str, source: Source) -> list[Annotation]:
    return list(workspace.annotations([id], replace(source, version="")))


def _is_of(workspace: Workspace, way: Way, id: str, said: Sequence[Annotation]) -> bool:
    """Whether stored labels are of a way as it is now."""
    return bool(workspace.done([way.whole(id), way.part(id, {one.turn for one in said})]))


def _keep_member(workspace: Workspace, way: Way, id: str, said: Sequence[Annotation]) -> None:
    """Store what a member said, with what it had said of other turns in the same way."""
    source = said[0].source
    new = {(one.turn, one.dimension): one.label for one in said}
    known = [one for one in _annotations(workspace, id, source) if one.source == source]
    old = {(one.turn, one.dimension): one.label for one in known}
    if new.items() <= old.items():
        return
    same = all(old.get(place, label) == label for place, label in new.items())
    turns = {turn for turn, _ in new}
    every = [*(one for one in known if same and one.turn not in turns), *said]
    key = key_of(way.key, "member", source.name, way.contents[id], sorted({a.turn for a in every}))
    workspace.put_annotations(key, id, every)
