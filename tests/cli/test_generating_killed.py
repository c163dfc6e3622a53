"""turnwise generate with a language model, killed while it writes, and run again."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Condition

import pytest

from tests.command import INSTALLED
from tests.llm.chat_server import ChatServer, serving_as_teacher
from tests.workspaces import copy_folder
from turnwise.llm import Endpoint

LATENCY = 0.02  # seconds of an answer, so that several are on the wire when a run is killed
PATIENCE = 60.0  # seconds until a run has asked its first questions
KILLED_AT = (0.3, 0.7)  # of the answers that a whole run takes


class Server(ChatServer):
    """Plays customer and agent; what it says hangs on what it is asked alone, and it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.more = Condition()

    def answer(self, system: str, user: str) -> str:
        time.sleep(LATENCY)
        with self.more:
            self.asked[system + user] += 1
            self.more.notify_all()
        said = user.count("customer: ") + user.count("agent: ")
        return json.dumps({"text": f"could you please help me with the order number {said}"})

    def wait_for(self, questions: int) -> bool:
        """Until so many different questions are answered."""
        with self.more:
            return self.more.wait_for(lambda: len(self.asked) >= questions, PATIENCE)


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    with serving_as_teacher(Server(), monkeypatch) as server:
        yield server


def workspace(finished: Path, folder: Path) -> Path:
    copied = copy_folder(finished, folder)
    (copied / "bundles" / "current").unlink()  # which would read other labels from such turns
    return copied


def command(folder: Path) -> tuple[object, ...]:
    return ("generate", "-w", folder, "--method", "llm", "-n", 24, "--keep", 1, "--json")


def kill(folder: Path, server: Server, answered: int) -> None:
    process = subprocess.Popen(
        [INSTALLED, *map(str, command(folder))], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    came = server.wait_for(answered)
    process.kill()
    said, _ = process.communicate()
    assert came, said.decode()


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_killed_generation_goes_on_to_the_same_set_and_pays_for_what_was_on_the_wire_alone(
    turnwise, finished, server, tmp_path
):
    whole, killed = (workspace(finished, tmp_path / name) for name in ("whole", "killed"))
    result = json.loads(turnwise(*command(whole)).stdout)
    asked = dict(server.asked)
    assert result["calls"] == len(asked) > 100  # each question once
    server.asked.clear()
    for share in KILLED_AT:
        kill(killed, server, int(share * len(asked)))
        assert not (killed / "generated").exists()
    server_saw = server.asked.total()
    resumed = json.loads(turnwise(*command(killed)).stdout)
    assert files(killed / "generated") == files(whole / "generated")
    assert server.asked.keys() == asked.keys()
    assert resumed["calls"] == server.asked.total() - server_saw < len(asked)
    twice = server.asked.total() - len(asked)
    assert twice <= len(KILLED_AT) * Endpoint(server.url, "a-model").concurrency
    again = json.loads(turnwise(*command(killed)).stdout)
    assert again["calls"] == 0
    assert files(killed / "generated") == files(whole / "generated")
