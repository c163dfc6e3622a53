"""Conversations come back as they were stored, each once."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspace_samples import labelled, new_workspace, talk, talks

from turnwise.annotations import PERSON, Annotation
from turnwise.conversations import ROLES, Conversation, Turn
from turnwise.errors import WorkspaceError
from turnwise.workspace import AddResult, Workspace, content_hash

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
golds = st.dictionaries(words, st.lists(words, min_size=1, max_size=3).map(tuple), max_size=2)
some_turns = st.lists(
    st.builds(
        Turn,
        role=st.sampled_from(ROLES),
        text=words,
        gold=golds,
        messages=st.lists(st.integers(0, 99), max_size=3).map(tuple),
    ),
    max_size=4,
).map(tuple)
zones = st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))])
some_conversations = st.lists(
    st.builds(
        Conversation,
        id=words,
        turns=some_turns,
        started_at=st.none() | st.datetimes() | st.datetimes(timezones=zones),
        locale=words,
        market=words,
        channel=words,
        meta=st.dictionaries(words, words, max_size=2),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


def test_any_conversations_come_back_equal_and_in_order_of_id(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    workspace = new_workspace(tmp_path_factory.mktemp("law"))

    @settings(max_examples=60, deadline=None)
    @given(some_conversations)
    def law(conversations: list[Conversation]) -> None:
        with workspace._database.writing() as connection:  # quicker than a new one each time
            connection.exec_driver_sql("DELETE FROM conversations")
        workspace.add(conversations)
        assert list(workspace.conversations()) == sorted(conversations, key=lambda one: one.id)
        assert workspace.content_hashes() == {one.id: content_hash(one) for one in conversations}

    law()
    workspace.close()


def test_the_same_conversation_is_stored_once_and_another_under_its_id_is_refused(
    workspace: Workspace,
) -> None:
    one, two, other = talk("1"), talk("2"), talk("2", "something else")
    assert workspace.add([one, two, one]) == AddResult(added=2, turns=4, same=1)
    assert workspace.add([one, other, talk("3")]) == AddResult(
        added=1, turns=2, same=1, conflicting=("2",), conflicting_at=(1,)
    )
    assert workspace.conversation("2") == two


@pytest.mark.parametrize(
    "changed",
    [
        {"turns": talk("1", "another text").turns},
        {"turns": talk("1", intent="buy").turns},
        {"locale": "de"},
        {"meta": {"split": "test"}},
        {"started_at": datetime(2024, 5, 1)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_part_of_a_conversation_is_content(
    workspace: Workspace, changed: dict[str, Any]
) -> None:
    workspace.add([talk("1")])
    assert workspace.add([replace(talk("1"), **changed)]).conflicting == ("1",)


def test_gold_comes_back_on_its_turn_and_as_annotations_of_a_person(workspace: Workspace) -> None:
    gold = {"intent": ("buy", "ask"), "domain": ("shop",)}
    one = Conversation("1", (Turn("agent", "hello"), Turn("customer", "hi", gold)))
    workspace.add([one, talk("2")])
    assert workspace.conversation("1") == one
    assert workspace.gold_ids() == ("1",)
    assert list(workspace.annotations(source=PERSON)) == [
        Annotation("1", 1, "intent", "buy"),
        Annotation("1", 1, "intent", "ask"),
        Annotation("1", 1, "domain", "shop"),
    ]


def test_what_is_handed_out_is_what_was_asked_for(workspace: Workspace) -> None:
    workspace.add(talks(1201))
    assert [one.id for one in workspace.conversations(["c01200", "c00003", "c00003"])] == [
        "c00003",
        "c01200",
    ]
    assert list(workspace.conversations()) == talks(1201)
    assert workspace.ids() == tuple(one.id for one in talks(1201))
    assert list(workspace.conversations([])) == []


def test_an_unknown_id_is_named(workspace: Workspace) -> None:
    workspace.add(talks(2))
    with pytest.raises(WorkspaceError, match="no conversation 'x'"):
        list(workspace.conversations(["c00001", "x"]))


def test_conversations_may_be_written_while_others_are_being_read(workspace: Workspace) -> None:
    workspace.add(talks(600))
    for conversation in workspace.conversations():
        workspace.put_annotations(f"work on {conversation.id}", conversation.id, ())
    assert len(workspace.done(f"work on {one}" for one in workspace.ids())) == 600


def test_reading_takes_no_more_memory_for_more_conversations(workspace: Workspace) -> None:
    long = " ".join(["word"] * 400)

    def peak() -> int:
        tracemalloc.start()
        try:
            for _ in workspace.conversations():
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    workspace.add([talk(f"a{place}", *[long] * 3) for place in range(600)])
    few = peak()
    for part in range(4):
        workspace.add([talk(f"b{part}-{place}", *[long] * 3) for place in range(600)])
    assert peak() < 1.2 * few


def test_a_very_long_turn_and_a_very_long_conversation_are_stored(workspace: Workspace) -> None:
    letter, marathon = talk("letter", "x" * 1_000_000), talk("marathon", *map(str, range(5_000)))
    workspace.add([letter, marathon])
    assert list(workspace.conversations()) == [letter, marathon]


def test_a_text_that_is_no_text_is_refused_by_name(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match=r"conversation '2', turn 1: .*'\\ud83d'"):
        workspace.add([talk("1"), talk("2", "fine", "half \ud83d")])
    assert workspace.ids() == ()


def test_counts_follow_every_change(workspace: Workspace) -> None:
    workspace.add([*talks(3), talk("plain", "a", "b", "c")])
    workspace.put_annotations("k", "plain", [labelled("plain")])
    workspace.forget(["c00001"])
    counts = workspace.counts()
    assert (counts.conversations, counts.turns, counts.customer_turns) == (3, 7, 4)
    assert counts.gold_conversations == 2
    assert counts.annotations == {PERSON: 2, labelled("plain").source: 1}


def add_and_fail(workspace: Workspace) -> None:
    workspace.add(talks(2))
    assert len(workspace.ids()) == 2, "a transaction sees its own changes"
    workspace.add([talk("half", "half \ud83d")])


def test_a_transaction_keeps_all_or_nothing(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError), workspace.transaction():
        add_and_fail(workspace)
    assert workspace.ids() == ()
    with workspace.transaction():
        workspace.add(talks(2))
        workspace.add(talks(3))
    assert len(workspace.ids()) == 3


def test_a_transaction_is_not_kept_when_a_failure_inside_was_passed_over(
    workspace: Workspace,
) -> None:
    with (
        pytest.raises(WorkspaceError, match="nothing of all"),
        workspace.transaction(),
        suppress(WorkspaceError),
    ):
        add_and_fail(workspace)
    assert workspace.ids() == ()


def test_the_fingerprint_changes_with_content_and_with_annotations(workspace: Workspace) -> None:
    seen = {workspace.fingerprint()}
    workspace.add(talks(1))
    seen.add(workspace.fingerprint())
    workspace.put_annotations("key", "c00000", [labelled("c00000")])
    seen.add(workspace.fingerprint())
    workspace.add(talks(1))
    assert len(seen) == 3
    assert workspace.fingerprint() in seen, "adding the same again changes nothing"


def test_a_folder_name_may_hold_anything(tmp_path: Path) -> None:
    with new_workspace(tmp_path / "100% d'été #1?") as workspace:
        workspace.add(talks(1))
    with Workspace.open(tmp_path / "100% d'été #1?") as workspace:
        assert workspace.ids() == ("c00000",)
        assert workspace.vectors("e").get([b"k"]) == {}
