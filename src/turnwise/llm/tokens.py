"""How many tokens a text has, without the model's tokenizer: learnt from what a server counts."""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.llm.exchange import Message

# Bytes of UTF-8 a token, before a server has counted one. English has about 4, other languages
# and the vocabularies of small models down to 1.
LIKELY, FEW = 3.0, 2.0
PER_MESSAGE = 8  # tokens around each message that a chat template adds
PREAMBLE = 64  # tokens that a chat template may put before all messages
MARGIN = 1.15  # over the densest prompt seen


class TokenCount:
    """Estimates for one endpoint; better with each answer that tells its usage."""

    def __init__(self) -> None:
        self._bytes = self._tokens = 0
        self._densest = 0.0  # tokens a byte

    def likely(self, messages: Sequence[Message]) -> int:
        """As many as a prompt of this length has on average."""
        mean = self._tokens / self._bytes if self._bytes else 1 / LIKELY
        return _count(messages, mean)

    def cautious(self, messages: Sequence[Message]) -> int:
        """As many as it has if its words are no more common than in the densest seen so far."""
        return _count(messages, self._densest * MARGIN if self._bytes else 1 / FEW)

    def most(self, messages: Sequence[Message], body: bytes) -> int:
        """More than a request with this body is charged for, schema and all.

        One token a byte until a server has counted; what it counts has the schema in it.
        """
        if not self._bytes:
            return len(body) + PREAMBLE
        return _count(messages, self._densest * MARGIN) + PREAMBLE

    def of_text(self, text: str) -> int:
        """As many as an answer likely has, where the server does not say."""
        return self.likely([{"content": text}])

    def seen(self, messages: Sequence[Message], tokens: int) -> None:
        """A server counted this prompt."""
        if size := _size(messages):
            net = max(1, tokens - PER_MESSAGE * len(messages))
            self._bytes += size
            self._tokens += net
            self._densest = max(self._densest, net / size)


def _count(messages: Sequence[Message], tokens_a_byte: float) -> int:
    return int(_size(messages) * tokens_a_byte) + 1 + PER_MESSAGE * len(messages)


def _size(messages: Sequence[Message]) -> int:
    return sum(len(message["content"].encode("utf-8", "replace")) for message in messages)
