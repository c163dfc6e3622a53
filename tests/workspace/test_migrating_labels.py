"""Whatever labels become: each annotation follows, is kept as it was, or stays untouched."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from workspace_samples import EMBEDDED, new_workspace, talk

from turnwise.annotations import Annotation
from turnwise.label_map import LabelMap
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.workspace import content_hash

OLD, NEW = "abcd", "abwx"

any_map = st.dictionaries(
    st.sampled_from(OLD), st.lists(st.sampled_from(NEW), max_size=2, unique=True).map(tuple)
).map(lambda moves: {"c": ("w",), "d": ("x",), **moves})
any_talks = st.lists(
    st.tuples(st.sampled_from([None, *OLD]), st.sampled_from([None, *OLD])), min_size=1, max_size=6
)


def taxonomy(labels: str) -> Taxonomy:
    return Taxonomy(labels, (Dimension("intent", tuple(Label(one, (one,)) for one in labels)),))


@settings(max_examples=25, deadline=None)
@given(any_map, any_talks)
def test_every_label_becomes_what_the_map_says_and_nothing_is_lost(moves, said):
    label_map = LabelMap({"intent": {old: to for old, to in moves.items() if to != (old,)}})
    with TemporaryDirectory() as folder, new_workspace(Path(folder) / "w") as workspace:
        ids = [f"c{at}" for at in range(len(said))]
        workspace.add([talk(id, intent=gold) for id, (gold, _) in zip(ids, said, strict=True)])
        for id, (_, label) in zip(ids, said, strict=True):
            workspace.put_annotations(id, id, [Annotation(id, 0, "intent", label, EMBEDDED)])
        before = list(workspace.annotations())
        first = workspace.put_taxonomy(taxonomy(OLD))
        change = workspace.migrate(first, workspace.put_taxonomy(taxonomy(NEW)), label_map)

        became = [(one, label_map.became("intent", one.label or "")) for one in before]
        expected = [
            (one.key, one.source, to[0] if one.label else None)
            for one, to in became
            if one.label is None or len(to) == 1
        ]
        assert [(one.key, one.source, one.label) for one in workspace.annotations()] == expected
        touched = [one for one, to in became if one.label is not None and to != (one.label,)]
        assert list(workspace.earlier.annotations(first)) == touched
        open_turns = {one.key for one, to in became if one.label and len(to) != 1}
        found = {(one.conversation_id, one.turn) for one in workspace.earlier.open_turns(change)}
        assert found == open_turns
        undone = {
            one.conversation_id
            for one, to in became
            if one.source == EMBEDDED and one.label and len(to) != 1
        }
        assert workspace.done(ids) == set(ids) - undone
        counts = workspace.counts()
        assert sum(counts.annotations.values()) == len(expected)
        assert counts.gold_conversations == len(workspace.gold_ids())
        for one in workspace.conversations():
            again = workspace.add([one])
            assert again.same == 1, f"{content_hash(one)} is not what is stored"
