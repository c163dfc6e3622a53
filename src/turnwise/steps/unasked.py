"""Who is asked in a plan: nobody."""

from __future__ import annotations

from dataclasses import dataclass

from turnwise.llm import Endpoint, Question, Reply
from turnwise.llm.tasks import A


@dataclass(frozen=True)
class Unasked:
    """Stands for a client: a plan needs no key, and asks nothing."""

    endpoint: Endpoint

    @property
    def source_name(self) -> str:
        return self.endpoint.model

    async def ask(self, question: Question[A]) -> Reply[A]:
        raise RuntimeError("a plan asks nothing")
