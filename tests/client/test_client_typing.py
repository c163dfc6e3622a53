"""What a type checker knows of the client, in a program of somebody else's."""

from __future__ import annotations

from mypy import api

PROGRAM = """
from turnwise.client import AsyncClient, Client

with Client(key="tw_x") as client:
    answer = client.decide([{"role": "customer", "content": "hi"}], conversation_id="c1")
    reveal_type(answer.labels["intent"].candidates[0].probability)
    reveal_type(answer.question)
    client.decide([{"role": "boss", "content": "hi"}])
    client.feedback("c1", resolved=True, rating="soso")
    client.feedback("c1", solved=True)
    many = client.decide_many([{"messages": [], "state": answer.state}])
    reveal_type(many)


async def ask() -> None:
    async with AsyncClient() as client:
        reveal_type(await client.conversation("c1").customer("hi"))
"""
KNOWN = ['"float"', "QuestionAnswer | None", "list[turnwise.client.answers.DecideAnswer]"]


def test_a_type_checker_knows_answers_and_finds_faults(tmp_path, monkeypatch):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYPYPATH", "")
    options = ["--strict", "--no-error-summary", "--config-file", "", str(program)]
    told, faults, _ = api.run(options)
    assert not faults
    lines = [line.partition("program.py:")[2] for line in told.splitlines()]
    notes = [line for line in lines if "note: Revealed" in line]
    errors = [line for line in lines if "error:" in line]
    assert len(notes) == 4, told
    assert len(errors) == 3, told
    for part, line in zip([*KNOWN, "DecideAnswer"], notes, strict=True):
        assert part in line.replace("Union[", ""), told
    for part, line in zip(["role", "rating", "solved"], errors, strict=True):
        assert part in line, told
