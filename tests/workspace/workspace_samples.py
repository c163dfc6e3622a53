"""Small conversations, annotations and files for the tests of the workspace."""

from __future__ import annotations

from pathlib import Path

from turnwise.annotations import Annotation, Evidence, Source
from turnwise.conversations import Conversation, Turn
from turnwise.llm.answers import KeptAnswer
from turnwise.workspace import Workspace

EMBEDDED = Source("embedded", "neighbours", "1")


def talk(id: str, *texts: str, intent: str | None = None, **more: object) -> Conversation:
    """A conversation of the texts, the customer first; its first turn may have gold."""
    gold = {"intent": (intent,)} if intent else {}
    turns = tuple(
        Turn("agent" if place % 2 else "customer", text, gold if place == 0 else {}, (place,))
        for place, text in enumerate(texts or (f"question of {id}", f"answer to {id}"))
    )
    return Conversation(id, turns, **more)  # type: ignore[arg-type]


def talks(number: int, *, first: int = 0) -> list[Conversation]:
    return [talk(f"c{place:05d}", intent="ask") for place in range(first, first + number)]


def numbered(number: int) -> Conversation:
    """A conversation of one to thirty turns, told by its number."""
    return talk(f"{number:05d}", *map(str, range(number % 30 + 1)), intent="ask")


def labelled(
    id: str, label: str | None = "ask", source: Source = EMBEDDED, cites: str = ""
) -> Annotation:
    evidence = (Evidence(f"words of {cites}", ("words",), 0.75, cites, 0),) if cites else ()
    return Annotation(id, 0, "intent", label, source, 0.8, (("buy", 0.2),), "since", evidence)


def answer(conversation_id: str = "", key: str = "", **more: object) -> KeptAnswer:
    """What a model answered to a question about a conversation."""
    given: dict[str, object] = {
        "key": key or f"question about {conversation_id}",
        "task": "label",
        "version": "1",
        "prompt_hash": "hash of the prompt",
        "model": "small",
        "endpoint": "http://127.0.0.1:8080/v1",
        "parameters": {"temperature": 0.0, "max_tokens": 64},
        "text": f'I think {{"intent": "ask", "reason": "{conversation_id} asks"}}',
        "value": f'{{"intent": "ask", "reason": "{conversation_id} asks"}}',
        "problem": "",
        "tokens_in": 100,
        "tokens_out": 10,
        "cost": 0.25,
        "latency": 0.5,
        "attempts": 2,
        "conversation_id": conversation_id,
    }
    return KeptAnswer(**{**given, **more})  # type: ignore[arg-type]


def new_workspace(folder: Path) -> Workspace:
    workspace = Workspace.create(folder)
    (folder / "turnwise.yaml").write_text("redact: true\n")
    return workspace


def files_holding(folder: Path, text: str) -> list[str]:
    """Names of the files below a folder in whose bytes a text stands, plainly or as in JSON."""
    wanted = {text.encode(), text.encode("ascii", "backslashreplace")}
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(one in path.read_bytes() for one in wanted)
    ]
