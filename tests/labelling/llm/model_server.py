"""A local server that answers chat completions by rule, as a careful model might."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter

from tests.llm.chat_server import ChatServer

LAST = re.compile(r'^(?:\[\d+\] customer|Query \d+ \(the last one\)): (".*")$', re.M)
EARLIER = re.compile(r'^(?:\[\d+\] \w+|Query \d+|Reply by the \w+): (".*")$', re.M)
LEGEND = re.compile(r'^(?:"([A-Z]+)" = )"([A-Za-z]+)"', re.M)


class Server(ChatServer):
    """Counts what it is asked, by what it is asked for; `fail` makes some answers useless."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.fail = re.compile("(?!)")  # turns whose answers are no JSON
        self.lock = threading.Lock()

    def answer(self, system: str, user: str) -> str:
        with self.lock:
            self.asked["review" if "You review" in system else "label"] += 1
        turn = json.loads(LAST.findall(user)[-1])
        return "I would rather not." if self.fail.search(turn) else answer(system, user)


def answer(system: str, user: str) -> str:
    """Bikes and prices by the words of the turn, then of the history; reviews keep all."""
    turn = json.loads(LAST.findall(user)[-1])
    history = [json.loads(text) for text in EARLIER.findall(user)][: -1 if "[" in user else None]
    history = [text for text in history if text != turn] or []
    words = " ".join([turn, *reversed(history)]).lower()
    wish = "PRICE" if "cost" in turn or "how much" in turn else "REPAIR"
    if turn.lower().startswith("yes"):
        wish = "ANSWER"
    labels = {"product": "Boat" if "boat" in words else "Bike", "wish": wish}
    sure = {"product": "likely", "wish": "certain"}
    if "You review" in system:
        return json.dumps(
            {
                "objections": "None that holds.",
                "verdicts": dict.fromkeys(labels, "kept"),
                "final_labels": dict(re.findall(r'^- "(product|wish)": "(\w+)"', user, re.M)),
                "quotes": {name: [] for name in labels},
                "verdict_reason": "They fit.",
                "final_certainty": sure,
            }
        )
    if "turn_evidence" in system:
        said = {"turn_evidence": [turn], "history_evidence": history[:1], "reason": "It fits."}
        return json.dumps({**said, "labels": labels, "certainty": sure})
    letters = {title: letter for letter, title in LEGEND.findall(user)}
    if letters:
        labels = {name: letters[label] for name, label in labels.items()}
    return json.dumps({"labels": labels, "certainty": sure})
