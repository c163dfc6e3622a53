"""What an annotator said of a conversation -> the workspace, taking no other way's labels.

Strategies with stages or members hand on the labels of these too. They are stored as work of
their own: labelling again by a stage alone, or by the whole on a few turns, takes nothing away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, examples
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
    """Store labels of turns of a conversation; a killed process leaves all of it to be redone.

    Args:
        source: of the way's own labels; the others in `said` are of its stages or members.
    """
    for member in dict.fromkeys(one.source for one in said if one.source != source):
        _keep_member(workspace, way, conversation.id, [one for one in said if one.source == member])
    own = [one for one in said if one.source == source]
    turns = {one.turn for one in own}
    whole = turns == {one.index for one in examples(conversation)}
    key = way.whole(conversation.id) if whole else way.part(conversation.id, turns)
    workspace.put_annotations(key, conversation.id, own)


def _keep_member(workspace: Workspace, way: Way, id: str, said: Sequence[Annotation]) -> None:
    """Store what a member said, with what it had said of other turns in the same way."""
    source = said[0].source
    new = {(one.turn, one.dimension): one.label for one in said}
    known = list(workspace.annotations([id], replace(source, version="")))
    old = {(one.turn, one.dimension): one.label for one in known if one.source == source}
    if new.items() <= old.items():
        return
    same = all(old.get(place, label) == label for place, label in new.items())
    turns = {turn for turn, _ in new}
    rest = [one for one in known if same and one.source == source and one.turn not in turns]
    every = [*rest, *said]
    key = key_of(way.key, "member", source.name, way.contents[id], sorted({a.turn for a in every}))
    workspace.put_annotations(key, id, every)
