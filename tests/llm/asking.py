"""A small task and what tests ask with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from turnwise.llm import Budget, Client, Endpoint, MemoryAnswers, Question, Task


class Pick(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str
    label: Literal["cancel", "refund"]


TEMPLATE = """\
{% block system %}Choose a label for what the customer says.{% endblock %}
{% block user %}customer: {{ text }}{% endblock %}
"""
PICK = Task("pick", "1", TEMPLATE, Pick)
GOOD = '{"reason": "they say so", "label": "cancel"}'
BAD = '{"reason": "they say so", "label": "complain"}'


def question(text: str = "please cancel it", task: Task[Pick] = PICK, **more) -> Question[Pick]:
    return Question(task, {"text": text}, **more)


def endpoint(server, **more) -> Endpoint:
    return Endpoint(server.url, "tiny", **{"timeout": 5.0, **more})


def ask_all(client: Client, questions: Sequence[Question[Pick]]) -> list:
    """Ask at the same time; an error stands in the place of a reply."""

    async def asked() -> list:
        try:
            return await asyncio.gather(
                *(client.ask(one) for one in questions), return_exceptions=True
            )
        finally:
            await client.close()

    return asyncio.run(asked())


def ask(server, *texts: str, budget: Budget | None = None, store=None, **limits) -> tuple:
    """One client, every text at the same time; gives the client and the replies."""
    store = MemoryAnswers() if store is None else store
    client = Client(endpoint(server, **limits), store, budget)
    return client, ask_all(client, [question(text) for text in texts or ("please cancel it",)])


def ask_in_turn(server, count: int, **limits) -> tuple:
    """One client, one question after the other."""
    client = Client(endpoint(server, **limits), MemoryAnswers())

    async def asked() -> list:
        try:
            return [await client.ask(question(f"cancel number {n}")) for n in range(count)]
        finally:
            await client.close()

    return client, asyncio.run(asked())
