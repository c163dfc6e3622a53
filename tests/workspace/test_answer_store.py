"""What a model answered is kept under its question, and what it cost is counted."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspace_samples import answer, new_workspace, talks

from turnwise.errors import WorkspaceError
from turnwise.llm.answers import UNREPAIRED, AnswerStore
from turnwise.workspace import Spending, Workspace


def test_an_answer_comes_back_as_it_was_put(workspace: Workspace) -> None:
    workspace.add(talks(1))
    store: AnswerStore = workspace.answers
    for one in (answer("c00000"), answer(key="of nobody", value=None, problem="no JSON")):
        store.put(one)
    with Workspace.open(workspace.folder) as again:
        assert again.answers.get("question about c00000") == answer("c00000")
        kept = again.answers.get("of nobody")
        assert kept == answer(key="of nobody", value=None, problem="no JSON")
        assert again.answers.get("unknown") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_any_text_is_kept_word_for_word(workspace: Workspace, text: str) -> None:
    one = answer(key="k", text=text, value=text, problem=text)
    workspace.answers.put(one)
    assert workspace.answers.get("k") == one


def test_what_no_database_holds_is_kept_as_json_writes_it(workspace: Workspace) -> None:
    workspace.answers.put(answer(key="k", text="a\0b\ud800c"))
    kept = workspace.answers.get("k")
    assert kept is not None
    assert kept.text == r"a\u0000b\ud800c"


def test_spending_is_told_by_task_version_and_model(workspace: Workspace) -> None:
    puts = [
        answer(key="1"),
        answer(key="2", value=None, attempts=3, endpoint="http://other/v1"),
        answer(key="3", parameters={"max_tokens": 9}),
        answer(key="4", task="review"),
        answer(key="5", model="large", cost=0.0),
    ]
    for one in puts:
        workspace.answers.put(one)
    assert workspace.answers.spending() == [
        Spending("label", "1", "large", 1, 0, 2, 100, 10, 0.0),
        Spending("label", "1", "small", 3, 1, 7, 300, 30, 0.75),
        Spending("review", "1", "small", 1, 0, 2, 100, 10, 0.25),
    ]


def test_a_second_answer_replaces_the_first_and_both_are_paid(workspace: Workspace) -> None:
    workspace.answers.put(answer(key="k", value=None))
    workspace.answers.put(answer(key="k"))
    assert workspace.answers.get("k") == answer(key="k")
    (spent,) = workspace.answers.spending()
    assert (spent.answers, spent.unusable, spent.cost) == (2, 1, 0.5)


def test_a_repair_that_came_later_adds_only_what_it_cost(workspace: Workspace) -> None:
    left = answer(key="k", value=None, problem=f"{UNREPAIRED} no JSON", attempts=1, cost=0.25)
    workspace.answers.put(left)
    workspace.answers.put(replace(left, value="{}", problem="", attempts=2, cost=0.75))
    (spent,) = workspace.answers.spending()
    assert (spent.answers, spent.unusable, spent.calls, spent.cost) == (1, 0, 2, 0.75)


def test_an_answer_about_an_unknown_conversation_is_refused_but_its_cost_is_not(
    workspace: Workspace,
) -> None:
    with pytest.raises(WorkspaceError, match="no conversation 'gone'"):
        workspace.answers.put(answer("gone"))
    assert workspace.answers.get(answer("gone").key) is None
    assert [one.cost for one in workspace.answers.spending()] == [0.25]


def test_threads_and_the_workspace_itself_may_use_it_at_once(workspace: Workspace) -> None:
    workspace.add(talks(1))
    store = workspace.answers
    with ThreadPoolExecutor(2) as pool:
        puts = pool.map(lambda n: store.put(answer("c00000", str(n))), range(60))
        for number in range(1, 20):
            workspace.add(talks(1, first=number))
        list(puts)
    assert all(store.get(str(number)) for number in range(60))
    assert len(workspace.ids()) == 20


PUT = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from turnwise.workspace import Workspace
from workspace_samples import answer
with Workspace.open(sys.argv[1]) as workspace:
    for number in range(100_000):
        workspace.answers.put(answer(key=str(number)))
        print(number, flush=True)
"""


def test_nothing_that_was_put_is_lost_with_a_killed_process(tmp_path: Path) -> None:
    new_workspace(tmp_path).close()
    command = [sys.executable, "-c", PUT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        put = -1
        for line in process.stdout:
            put = int(line)
            if put == 50:
                process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with Workspace.open(tmp_path) as workspace:
        kept = [workspace.answers.get(str(number)) for number in range(put + 1)]
        assert all(kept)
        (spent,) = workspace.answers.spending()
        assert spent.answers in (put + 1, put + 2), "the answers and their count agree"


def test_an_answer_that_is_replaced_leaves_no_trace(workspace: Workspace) -> None:
    first = answer(key="k", text="a parrot of Agatha " * 50)
    for one in (first, replace(first, text="nothing")):
        workspace.answers.put(one)
    workspace.close()
    files = [path for path in workspace.folder.rglob("*") if path.is_file()]
    assert not any(b"Agatha" in path.read_bytes() for path in files)
