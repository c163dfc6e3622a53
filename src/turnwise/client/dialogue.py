"""A conversation that is under way: its messages and its state, turn by turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from turnwise.client.answers import DecideAnswer, StateAnswer
from turnwise.client.asking import DecidedConversation, Message, Role

NEW = StateAnswer((), False, {}, 0)  # of a conversation that begins


class Transcript:
    """What was said so far, and what a decision has to know of it.

    Attributes:
        messages: oldest first; state: of the last decision. It is always sent, so that neither
            what a service kept of an id that was used before counts, nor which process answers.
    """

    def __init__(self, conversation_id: str, locale: str | None = None) -> None:
        self.conversation_id, self.locale = conversation_id, locale
        self.messages: list[Message] = []
        self.state = self._before = NEW

    def agent(self, text: str) -> None:
        """A person on the service's side said something."""
        self._say("agent", text)

    def bot(self, text: str) -> None:
        """A program on the service's side said something."""
        self._say("bot", text)

    def _case(self, text: str) -> DecidedConversation:
        """What is asked about when the customer says something.

        Customers write in pieces: what is said on top of a turn makes it a new one in its place,
        which is decided on in the state before it.
        """
        goes_on = bool(self.messages) and self.messages[-1]["role"] == "customer"
        if not goes_on:
            self._before = self.state
        return {
            "messages": [*self.messages, {"role": "customer", "content": text}],
            "conversation_id": self.conversation_id,
            "locale": self.locale,
            "state": self._before,
        }

    def _decided(self, case: DecidedConversation, answer: DecideAnswer) -> DecideAnswer:
        """Take over what was decided; not before, so that a call that failed can be repeated."""
        self.messages, self.state = list(case["messages"]), answer.state
        if answer.question is not None:
            self._say("bot", answer.question.text)
        return answer

    def _say(self, role: Role, text: str) -> None:
        self.messages.append({"role": role, "content": text})


class Dialogue(Transcript):
    """A conversation of a `Client`. One turn at a time; messages stay 200 and fewer."""

    def __init__(
        self,
        conversation_id: str,
        locale: str | None,
        decide: Callable[[DecidedConversation], DecideAnswer],
    ) -> None:
        super().__init__(conversation_id, locale)
        self._decide = decide

    def customer(self, text: str) -> DecideAnswer:
        """The customer said something: what to do about it.

        A question that comes of it is added as the bot's message; ask it.

        Raises:
            ServiceError: the conversation is then as it was before.
        """
        case = self._case(text)
        return self._decided(case, self._decide(case))


class AsyncDialogue(Transcript):
    """A conversation of an `AsyncClient`. One turn at a time; messages stay 200 and fewer."""

    def __init__(
        self,
        conversation_id: str,
        locale: str | None,
        decide: Callable[[DecidedConversation], Awaitable[DecideAnswer]],
    ) -> None:
        super().__init__(conversation_id, locale)
        self._decide = decide

    async def customer(self, text: str) -> DecideAnswer:
        """As `Dialogue.customer`."""
        case = self._case(text)
        return self._decided(case, await self._decide(case))
