"""Simulates with a model, keeping answers in a file, until it is done or killed.

python -m tests.generation.killed_simulation URL FILE CONVERSATIONS
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from tests.generation.repair_logs import TAXONOMY, repair_logs
from turnwise.generated import GeneratedConversation
from turnwise.generation.emission.pools import Pools
from turnwise.generation.simulation import Exchanges, llm_players, seed_queries, simulate
from turnwise.generation.turn_checks import turn_checks
from turnwise.llm import Background, Client, Endpoint, KeptAnswer


class FileAnswers:
    """An answer store that outlives its process; a line that was cut is lost."""

    def __init__(self, path: Path) -> None:
        self.kept: dict[str, KeptAnswer] = {}
        for line in path.read_text("utf-8").splitlines(keepends=True) if path.exists() else ():
            if line.endswith("\n"):
                answer = KeptAnswer(**json.loads(line))
                self.kept[answer.key] = answer
        self._file = path.open("a", encoding="utf-8")

    def get(self, key: str) -> KeptAnswer | None:
        return self.kept.get(key)

    def put(self, answer: KeptAnswer) -> None:
        self.kept[answer.key] = answer
        self._file.write(json.dumps(asdict(answer)) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def simulated(url: str, path: Path, count: int) -> list[GeneratedConversation]:
    """Conversations of the repair shop, with what is kept in a file."""
    logs = repair_logs()
    exchanges = Exchanges(Pools.gather(logs, TAXONOMY))
    with Background() as background:
        client = Client(Endpoint(url, "small"), FileAnswers(path))
        background.finally_(client.close)
        players = llm_players(client, TAXONOMY, exchanges, turn_checks(repair_logs(), TAXONOMY))
        seeds = seed_queries(logs, "product")
        return list(simulate(players, seeds, range(count), background=background))


if __name__ == "__main__":
    simulated(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
