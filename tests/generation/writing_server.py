"""A local server that plays customers and agents by rule, as a careful model might."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.llm import chat_server
from tests.llm.chat_server import ChatServer

LINE = re.compile(r'^(customer|agent): (".*")$', re.M)
KINDS = {
    "You plan what": "moves",
    "what a customer types next": "customer",
    "what the support agent": "agent",
}
Spoken = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a prompt asks for: `history` is the talk so far, role and text."""

    kind: str
    system: str
    user: str

    @property
    def history(self) -> list[tuple[str, str]]:
        return [(role, json.loads(text)) for role, text in LINE.findall(self.user)]

    @property
    def again(self) -> bool:
        return "could not be used" in self.user


def careful(asked: Asked) -> Spoken:
    """Settles a wish at its second answer, and never says the same twice."""
    turns = len(asked.history)
    if asked.kind == "moves":
        moves = ["end", "intent change"] if turns >= 4 else ["follow-up", "clarification"]
        return {"moves": moves}
    if asked.kind == "agent":
        said = {"text": f"we can certainly do that for you in step {turns}"}
        return {**said, "settled": turns >= 3} if "settled" in asked.system else said
    return {"text": f"and could you please tell me about number {turns}"}


class Server(ChatServer):
    """Counts what it is asked, by kind; `rule` says what it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.prompts: list[Asked] = []
        self.rule: Callable[[Asked], Spoken | str] = careful
        self.lock = threading.Lock()

    def answer(self, system: str, user: str) -> str:
        asked = Asked(next(kind for told, kind in KINDS.items() if told in system), system, user)
        with self.lock:
            self.asked[asked.kind] += 1
            self.prompts.append(asked)
        answer = self.rule(asked)
        return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


@contextmanager
def serving() -> Iterator[Server]:
    """Run it while in the context."""
    with chat_server.serving(Server()) as server:
        yield server
