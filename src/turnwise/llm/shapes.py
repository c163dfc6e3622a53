"""In which form an endpoint takes a question: found out from what it answers, and remembered.

Servers differ in how they are told the schema of an answer. Each form is tried in turn, from the
strictest down, and given up where the server refuses it, or takes it and answers otherwise:

    schema    response_format json_schema
    object    response_format json_object, with the schema beside it and written into the prompt
    plain     the schema written into the prompt

Fields that a server does not know are left out in the same way. The first question finds out
alone; the others wait for it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from turnwise.llm.exchange import Message

Form = Literal["schema", "object", "plain"]
FORMS: tuple[Form, ...] = ("schema", "object", "plain")

FORMAT_WORDS = ("response_format", "json_schema", "json_object", "schema", "grammar", "guided")
SYSTEM_WORDS = ("system role", "role system", "role 'system'", "system message")
FILTER_WORDS = ("content_filter", "content management policy", "content policy", "moderation")
CONTEXT_WORDS = (
    "context length",
    "context_length",
    "context window",
    "context size",
    "maximum context",
    "exceed_context",
    "too many tokens",
    "prompt is too long",
    "tokens exceed",
    "exceeds the available context",
    "exceed context",
)


class Shape:
    """What one endpoint has shown so far.

    Attributes:
        form: how it is told the schema.
        known: it has answered a question in that form.
        limit_name: the field for the length of the answer; empty where it takes none.
        takes_temperature, takes_system: whether a temperature, and a message of the role
            system, may be sent.
        finding: held while a question finds out.
    """

    def __init__(self) -> None:
        self.known = False
        self.finding = asyncio.Lock()
        self._forget()
        self._formed: Counter[Form] = Counter()  # answers of the form that was asked for
        self._unformed: Counter[Form] = Counter()

    def _forget(self) -> None:
        self.form: Form = FORMS[0]
        self.limit_name = "max_tokens"
        self.takes_temperature = self.takes_system = True
        self._failed: Counter[Form] = Counter()  # refusals that may have come from the form

    def lower(self, form: Form) -> Form | None:
        """The next form to try; None after the last."""
        place = FORMS.index(form) + 1
        return FORMS[place] if place < len(FORMS) else None

    def answered(self, form: Form) -> None:
        """The endpoint took a question in this form."""
        # One 500 may be an accident: the stricter form gets a second chance.
        if form == self.form or self._failed[self.form] > 1:
            self.form, self.known = form, True

    def failed(self, form: Form, message: str) -> Form | None:
        """A 5xx to a form that never worked: the form to ask the same question in, if any."""
        if self.known and form == self.form:
            return None
        self._failed[form] += 2 if _names(message, FORMAT_WORDS) else 1
        if (lower := self.lower(form)) is None:
            self._failed.clear()  # it fails whatever the form
        return lower

    def refused(self, form: Form, message: str) -> Form | None:
        """A 400 or 422: change what may have caused it, and say in which form to ask again.

        None: nothing that could be left out is left.
        """
        if self.limit_name and _names(message, (self.limit_name,)):
            other = "max_completion_tokens"
            self.limit_name = other if other in message and self.limit_name != other else ""
            return form
        if self.takes_temperature and _names(message, ("temperature",)):
            self.takes_temperature = False
            return form
        if self.takes_system and _names(message, SYSTEM_WORDS):
            self.takes_system = False
            return form
        if self.known and form == self.form and not _names(message, FORMAT_WORDS):
            return None
        if (lower := self.lower(form)) is not None:
            self._failed[form] += 2
            return lower
        if self.takes_temperature and not self.known:
            self.takes_temperature = False
            return form
        if self.limit_name and not self.known:
            self.limit_name = ""
            return form
        if not self.known:  # it was none of all that
            self._forget()
        return None

    def judged(self, form: Form, formed: bool) -> None:
        """An answer came to its end, of the form that was asked for or not.

        A server that takes a schema and ignores it shows by its answers.
        """
        (self._formed if formed else self._unformed)[form] += 1
        wrong = self._unformed[form]
        if form == self.form and wrong > 1 and wrong > self._formed[form]:
            self.form = self.lower(form) or form

    def told(self, messages: Sequence[Message]) -> list[Message]:
        """The messages, instructions and question in one where the server wants that."""
        if self.takes_system or messages[0]["role"] != "system":
            return list(messages)
        system, user, *rest = messages
        text = f"{system['content']}\n\n{user['content']}"
        return [{"role": "user", "content": text}, *rest]

    def fields(self, answer_tokens: int, temperature: float) -> dict[str, int | float]:
        """The fields of a request that the endpoint may do without."""
        fields: dict[str, int | float] = {}
        if self.limit_name:
            fields[self.limit_name] = answer_tokens
        if self.takes_temperature:
            fields["temperature"] = temperature
        return fields


def over_context(message: str) -> bool:
    """Whether a refusal says that the prompt is too long."""
    return _names(message, CONTEXT_WORDS)


def filtered(message: str) -> bool:
    """Whether a refusal says that the text of this question is not wanted."""
    return _names(message, FILTER_WORDS)


def _names(message: str, words: Sequence[str]) -> bool:
    lowered = message.lower()
    return any(word in lowered for word in words)
