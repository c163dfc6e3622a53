"""A model that answers by rule, in this process: it asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from turnwise.conversations import Conversation, Example, Turn
from turnwise.llm.answers import KeptAnswer
from turnwise.llm.tasks import Question, Reply

Rule = Callable[[Question[Any]], Mapping[str, Any] | None]

NOTHING: Mapping[str, Any] = {"no": "answer"}


class RuleAsker:
    """Answers what a rule says, checked as a client checks it.

    None is an answer that can't be used, NOTHING none at all.
    """

    def __init__(self, rule: Rule, source_name: str = "rule") -> None:
        self.rule, self.source_name = rule, source_name
        self.asked: list[Question[Any]] = []

    async def ask(self, question: Question[Any]) -> Reply[Any]:
        self.asked.append(question)
        answered = self.rule(question)
        if answered == NOTHING:
            return Reply(None, kept(question, "the server kept failing", latency=0.0), False)
        if answered is None:
            return Reply(None, kept(question, "no JSON"), False)
        value = question.task.answer.model_validate(answered)
        problem = question.task.check(value, question.values)
        return Reply(None if problem else value, kept(question, problem), False)


def kept(question: Question[Any], problem: str, latency: float = 0.1) -> KeptAnswer:
    return KeptAnswer(
        key=str(id(question)),
        task=question.task.name,
        version=question.task.version,
        prompt_hash="",
        model="rule",
        endpoint="",
        parameters={},
        text="",
        value=None if problem else "{}",
        problem=problem,
        tokens_in=0,
        tokens_out=0,
        cost=0.0,
        latency=latency,
        attempts=1,
        conversation_id=question.conversation_id,
    )


def example_of(*said: str, id: str = "talk") -> Example:
    """The last of some turns, customer and agent in turn, the customer speaking last."""
    roles = ["customer" if (len(said) - at) % 2 else "agent" for at in range(len(said))]
    turns = tuple(Turn(role, text) for role, text in zip(roles, said, strict=True))
    return Example(Conversation(id, turns), len(said) - 1)


def single_answer(**changes: Any) -> dict[str, Any]:
    """What a model may answer to `single` about `talk`."""
    return {
        "turn_evidence": ["how much is it"],
        "history_evidence": ["my bike is broken"],
        "reason": "The price of the repair that was spoken of.",
        "labels": {"product": "Bike", "wish": "PRICE"},
        "certainty": {"product": "likely", "wish": "certain"},
        **changes,
    }


def review_answer(**changes: Any) -> dict[str, Any]:
    """A review that keeps what `single_answer` says."""
    return {
        "objections": "It might be an answer only.",
        "verdicts": {"product": "kept", "wish": "kept"},
        "final_labels": {"product": "Bike", "wish": "PRICE"},
        "quotes": {"product": [], "wish": []},
        "verdict_reason": '"how much" asks for a price.',
        "final_certainty": {"product": "certain", "wish": "certain"},
        **changes,
    }
