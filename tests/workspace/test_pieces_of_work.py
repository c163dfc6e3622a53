"""Annotations are kept by the piece of work, and gold is never touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from workspace_samples import EMBEDDED, labelled, talks

from turnwise.annotations import PERSON, Annotation, Evidence, Source
from turnwise.errors import WorkspaceError
from turnwise.workspace import Workspace

RICH = Annotation(
    "c00001",
    0,
    "intent",
    "ask",
    EMBEDDED,
    0.875,
    (("buy", 0.1), ("leave", 0.025)),
    'It resembles "question" — a lot.',
    (
        Evidence("question of c00002", ("question", "of"), 0.5, "c00002", 0),
        Evidence("what is asked", (), -0.25),
    ),
)


@pytest.fixture(autouse=True)
def _some_conversations(workspace: Workspace) -> None:
    workspace.add(talks(4))


def made(workspace: Workspace, source: Source | None = EMBEDDED) -> list[Annotation]:
    return list(workspace.annotations(source=source))


def test_an_annotation_comes_back_with_all_that_it_says(workspace: Workspace) -> None:
    abstained = Annotation("c00001", 0, "domain", None, EMBEDDED, 0.2)
    workspace.put_annotations("key", "c00001", [RICH, abstained])
    assert made(workspace) == [RICH, abstained]


def test_work_is_done_under_its_key(workspace: Workspace) -> None:
    workspace.put_annotations("key 1", "c00001", [labelled("c00001")])
    workspace.put_annotations("key 2", "c00002", [])
    assert workspace.done(["key 1", "key 2", "key 3"]) == {"key 1", "key 2"}


def test_other_inputs_replace_what_the_same_annotator_made(workspace: Workspace) -> None:
    newer = replace(EMBEDDED, version="2")
    workspace.put_annotations("old", "c00001", [RICH])
    workspace.put_annotations("new", "c00001", [labelled("c00001", "buy", newer)])
    assert made(workspace, None)[1:3] == [
        Annotation("c00001", 0, "intent", "ask"),
        labelled("c00001", "buy", newer),
    ]
    assert workspace.done(["old", "new"]) == {"new"}, "going back means doing it again"
    assert workspace.counts().annotations == {PERSON: 4, newer: 1}


def test_other_annotators_and_other_conversations_keep_theirs(workspace: Workspace) -> None:
    other = Source("llm", "two-stage")
    workspace.put_annotations("a", "c00001", [labelled("c00001")])
    workspace.put_annotations("b", "c00001", [labelled("c00001", source=other)])
    workspace.put_annotations("c", "c00002", [labelled("c00002")])
    workspace.put_annotations("d", "c00001", [labelled("c00001", "buy")])
    assert {(one.conversation_id, one.source.kind, one.label) for one in made(workspace, None)} == {
        *((f"c0000{n}", "person", "ask") for n in range(4)),
        ("c00001", "llm", "ask"),
        ("c00001", "embedded", "buy"),
        ("c00002", "embedded", "ask"),
    }
    assert workspace.done("abcd") == {"b", "c", "d"}


def test_work_of_two_sources_is_replaced_as_a_whole(workspace: Workspace) -> None:
    escalated = Source("llm", "escalation")
    both = [labelled("c00001"), labelled("c00001", "buy", escalated)]
    workspace.put_annotations("both", "c00001", both)
    workspace.put_annotations("one", "c00001", [labelled("c00001", "leave")])
    assert [one.label for one in workspace.annotations(["c00001"])] == ["ask", "leave"]


def test_the_same_key_again_stores_the_work_once(workspace: Workspace) -> None:
    for _ in range(2):
        workspace.put_annotations("key", "c00001", [labelled("c00001")])
    assert len(made(workspace)) == 1
    assert workspace.counts().annotations[EMBEDDED] == 1


def test_sources_are_asked_for_by_any_part(workspace: Workspace) -> None:
    workspace.put_annotations("key", "c00001", [labelled("c00001")])
    for asked, number in (
        (Source("embedded"), 1),
        (Source("embedded", "neighbours"), 1),
        (Source("embedded", "neighbours", "2"), 0),
        (Source("bundle"), 0),
        (None, 5),
    ):
        assert len(made(workspace, asked)) == number, asked


def test_annotations_of_some_conversations_come_in_their_order(workspace: Workspace) -> None:
    for id in ("c00002", "c00001"):
        workspace.put_annotations(id, id, [labelled(id)])
    ids = ["c00003", "c00002", "c00001"]
    found = [one.conversation_id for one in workspace.annotations(ids, EMBEDDED)]
    assert found == ["c00001", "c00002"]


def test_work_on_a_conversation_that_is_gone_is_refused(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="no conversation 'x'"):
        workspace.put_annotations("key", "x", [])


@pytest.mark.parametrize(
    "wrong",
    [labelled("c00002"), replace(labelled("c00001"), turn=2), labelled("c00001", source=PERSON)],
    ids=["another conversation", "no such turn", "gold"],
)
def test_work_that_does_not_fit_its_conversation_is_a_mistake(
    workspace: Workspace, wrong: Annotation
) -> None:
    with pytest.raises(ValueError, match=r"annotation of|gold is"):
        workspace.put_annotations("key", "c00001", [wrong])
    assert workspace.done(["key"]) == set()
