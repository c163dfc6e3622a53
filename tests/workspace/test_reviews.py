from __future__ import annotations

import pytest
from workspace_samples import EMBEDDED, files_holding, labelled, talk, talks

from turnwise.annotations import PERSON, REVIEW, Annotation, Source
from turnwise.errors import WorkspaceError
from turnwise.workspace import Workspace


def review(id: str, label: str | None = "buy", turn: int = 0, dimension: str = "intent"):
    return Annotation(id, turn, dimension, label, REVIEW)


def stored(workspace: Workspace) -> list[tuple[str, int, str, str | None]]:
    found = workspace.annotations(None, REVIEW)
    return [(one.conversation_id, one.turn, one.dimension, one.label) for one in found]


def test_a_review_is_read_back_under_its_own_source(workspace):
    workspace.add([talk("a")])
    put = workspace.put_review([review("a"), review("a", "north", dimension="place")])
    assert (put.added, put.same, put.replaced, put.kept) == (2, 0, [], [])
    assert stored(workspace) == [("a", 0, "intent", "buy"), ("a", 0, "place", "north")]
    assert workspace.counts().annotations[REVIEW] == 2


def test_a_review_changes_neither_conversation_nor_gold_ids(workspace):
    workspace.add([talk("a"), talk("b", intent="ask")])
    before = (list(workspace.conversations()), workspace.gold_ids(), workspace.content_hashes())
    counts = workspace.counts().gold_conversations
    workspace.put_review([review("a"), review("b", "north", dimension="place")])
    after = (list(workspace.conversations()), workspace.gold_ids(), workspace.content_hashes())
    assert after == before
    assert workspace.counts().gold_conversations == counts
    assert workspace.add([talk("b", intent="ask")]).same == 1  # an import again meets no conflict


def test_the_same_review_again_changes_nothing(workspace):
    workspace.add([talk("a")])
    workspace.put_review([review("a")])
    fingerprint = workspace.fingerprint()
    put = workspace.put_review([review("a"), review("a")])
    assert (put.added, put.same, put.replaced) == (0, 2, [])
    assert workspace.fingerprint() == fingerprint
    assert workspace.counts().annotations[REVIEW] == 1


def test_a_later_review_takes_the_place_of_an_earlier_one(workspace):
    workspace.add([talk("a")])
    workspace.put_review([review("a")])
    put = workspace.put_review([review("a", "ask")])
    assert [(one.before, one.annotation.label) for one in put.replaced] == [("buy", "ask")]
    assert stored(workspace) == [("a", 0, "intent", "ask")]
    assert workspace.counts().annotations[REVIEW] == 1


def test_imported_gold_is_never_overwritten(workspace):
    workspace.add([talk("a", intent="ask")])
    put = workspace.put_review([review("a", "buy"), review("a", "ask")])
    assert [(one.annotation.label, one.gold) for one in put.kept] == [("buy", ("ask",))]
    assert (put.added, put.same) == (0, 1)
    assert stored(workspace) == []
    assert workspace.conversation("a").turns[0].gold == {"intent": ("ask",)}


def test_the_fingerprint_changes_with_each_review(workspace):
    workspace.add([talk("a")])
    seen = {workspace.fingerprint()}
    for one in (review("a"), review("a", "ask"), review("a", "north", dimension="place")):
        workspace.put_review([one])
        seen.add(workspace.fingerprint())
    assert len(seen) == 4


def test_labels_of_models_come_and_go_beside_a_review(workspace):
    workspace.add([talk("a")])
    workspace.put_review([review("a")])
    for key, label in (("first", "ask"), ("second", "help")):
        workspace.put_annotations(key, "a", [labelled("a", label)])
    assert [one.label for one in workspace.annotations(["a"], EMBEDDED)] == ["help"]
    assert stored(workspace) == [("a", 0, "intent", "buy")]


def test_what_is_forgotten_takes_its_reviews_along(workspace):
    workspace.add([talk("a"), talk("b")])
    workspace.put_review([review("a", "a rare label"), review("b")])
    assert workspace.forget(["a"]).annotations == 1
    assert stored(workspace) == [("b", 0, "intent", "buy")]
    assert workspace.counts().annotations[REVIEW] == 1
    assert files_holding(workspace.folder, "a rare label") == []


def test_gold_labels_name_those_of_reviews_too(workspace):
    workspace.add([talk("a", intent="ask")])
    workspace.put_review([review("a", "north", dimension="place")])
    assert workspace.gold_labels() == {"intent": {"ask"}, "place": {"north"}}


def test_an_unknown_conversation_keeps_all_of_the_reviews_out(workspace):
    workspace.add([talk("a")])
    with pytest.raises(WorkspaceError, match="'gone'"):
        workspace.put_review([review("a"), review("gone")])
    assert stored(workspace) == []


@pytest.mark.parametrize(
    "wrong",
    [
        review("a", None),
        review("a", turn=2),
        Annotation("a", 0, "intent", "buy", PERSON),
        Annotation("a", 0, "intent", "buy", Source("llm", "single m")),
    ],
)
def test_what_is_no_review_of_a_turn_is_a_mistake_of_the_program(workspace, wrong):
    workspace.add([talk("a")])
    with pytest.raises(ValueError, match="review of"):
        workspace.put_review([wrong])


def test_many_reviews_are_stored_at_once(workspace):
    workspace.add(talks(1_200))
    ids = workspace.ids()
    put = workspace.put_review([review(one, "north", dimension="place") for one in ids])
    assert put.added == 1_200
    assert len(stored(workspace)) == 1_200
