"""What a model is asked: a task, made once; a question, one filling of it; and the reply.

A task's template is Jinja source with two blocks, the instructions and the question:

    {% block system %}You choose a label for the last turn. ...{% endblock %}
    {% block user %}{% for turn in history %}{{ turn.role|inline }}: {{ turn.text }}
    {% endfor %}{% endblock %}

Everything that `{{ }}` prints is data, written as JSON: see `templates`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from turnwise.llm.answers import KeptAnswer

A = TypeVar("A", bound=BaseModel)

Values = Mapping[str, object]


def no_check(answer: BaseModel, values: Values) -> str:
    """Whatever fits the answer model is right."""
    return ""


@dataclass(frozen=True)
class Task(Generic[A]):
    """One kind of question with one kind of answer.

    Attributes:
        name, version: what kept answers are filed under. A template that changes gets a new
            version.
        template: Jinja source, see above.
        answer: pydantic model of the answer; where labels are offered, made for the taxonomy
            with `Literal` fields.
        check: given an answer that fits the model and the values it was asked with, says what
            is wrong with it, for the model to read; empty where nothing is.
    """

    name: str
    version: str
    template: str
    answer: type[A]
    check: Callable[[A, Values], str] = no_check


@dataclass(frozen=True)
class Question(Generic[A]):
    """One filling of a task.

    Attributes:
        values: for the template.
        conversation_id: whose text is in them; empty for none.
        shrink: given how many tokens too long the prompt is, the values with that much less
            history; None where nothing can be left out.
    """

    task: Task[A]
    values: Values
    conversation_id: str = ""
    shrink: Callable[[int], Values] | None = None


@dataclass(frozen=True, slots=True)
class Reply(Generic[A]):
    """What came of a question.

    Attributes:
        value: the checked answer; None where it can't be used: `kept.problem` says why.
        kept: the answer with its cost, also in the store unless no answer came at all.
        reused: nothing was paid now: it was kept already, or is the answer to the same question
            asked at the same time.
    """

    value: A | None
    kept: KeptAnswer
    reused: bool


class Asker(Protocol):
    """Who can be asked: what stages are handed."""

    @property
    def source_name(self) -> str:
        """The model, as annotations name it."""
        ...

    def ask(self, question: Question[A]) -> Awaitable[Reply[A]]: ...


AnyTask = Task[Any]
