"""Two answers to the last question of a conversation, still to be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from turnwise.conversations import Conversation, Role
from turnwise.generated import GeneratedConversation, LabelledConversation, Labels

FROM_LOGS = "logs"  # as who made an answer
DRAWS = 50  # of another intent's answer, before a conversation is left out

Said = tuple[tuple[Role, str], ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that one side of a pair may become.

    Attributes:
        maker: who wrote it: `logs`, `embedded`, or a model.
        source: `conversation id#turn` that it is from, where it was said; else empty.
        other_intent: it was given to a question with other labels, so that it should be worse.
    """

    text: str
    maker: str
    source: str = ""
    other_intent: bool = False


@dataclass(frozen=True, slots=True)
class Contest:
    """A question and two answers to it.

    Attributes:
        context: who said what up to the question, which comes last.
        labels: what the question means.
        first, second: the answers; where one is of another intent it is the second.
    """

    conversation_id: str
    turn: int
    context: Said
    labels: Labels
    first: Candidate
    second: Candidate

    @property
    def answers(self) -> tuple[Candidate, Candidate]:
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class Asked:
    """The last customer turn of a conversation that was answered, and its answer."""

    conversation_id: str
    turn: int
    context: Said
    labels: Labels
    answer: Candidate


def contests(
    conversations: Sequence[GeneratedConversation | LabelledConversation],
    *,
    alternatives: Mapping[str, Candidate] | None = None,
    seed: int = 0,
) -> Iterator[Contest]:
    """Set another answer beside the last one of each conversation.

    Conversations without an answer, or whose last answered turn has no labels, are passed over,
    and so are those for which there is no other answer with another text.

    Args:
        alternatives: conversation id -> an answer of another maker to the same question. Where
            there is none, an answer to a question of other labels is drawn from the other
            conversations; which one depends on the seed, the id and the set of them alone.
    """
    found = [one for one in map(last_answered, conversations) if one is not None]
    pool = sorted(found, key=lambda one: (one.conversation_id, one.turn))
    for one in found:
        other = (alternatives or {}).get(one.conversation_id) or _of_other_intent(one, pool, seed)
        if other is not None and plain(other.text) not in ("", plain(one.answer.text)):
            yield Contest(one.conversation_id, one.turn, one.context, one.labels, one.answer, other)


def answered(conversation: Conversation, labels: Mapping[int, Labels]) -> Iterator[Asked]:
    """Yield every labelled customer turn of a conversation of the logs that was answered."""
    said: Said = tuple((turn.role, turn.text.strip()) for turn in conversation.turns)
    for place, named in sorted(labels.items()):
        role, text = said[place + 1] if place + 1 < len(said) else ("customer", "")
        if named and role != "customer" and text:
            answer = Candidate(text, FROM_LOGS, f"{conversation.id}#{place + 1}")
            yield Asked(conversation.id, place, said[: place + 1], named, answer)


def plain(text: str) -> str:
    """A text as answers are compared."""
    return " ".join(text.casefold().split())


def last_answered(one: GeneratedConversation | LabelledConversation) -> Asked | None:
    """The last labelled customer turn that was answered; None where none was."""
    if isinstance(one, LabelledConversation):
        return next(reversed(list(answered(one.conversation, one.labels))), None)
    labels = {place: turn.labels for place, turn in enumerate(one.turns) if turn.labels}
    asked = next(reversed(list(answered(one.conversation(), labels))), None)
    if asked is None:
        return None
    turn = one.turns[asked.turn + 1]
    answer = Candidate(asked.answer.text, one.maker, next(iter(turn.sources), ""))
    return Asked(asked.conversation_id, asked.turn, asked.context, asked.labels, answer)


def _of_other_intent(one: Asked, pool: Sequence[Asked], seed: int) -> Candidate | None:
    """An answer of another conversation to a question that differs in a label."""
    random = Random(f"answer of another intent {seed} {one.conversation_id}")
    for _ in range(DRAWS):
        drawn = pool[random.randrange(len(pool))]
        apart = drawn.labels != one.labels and drawn.conversation_id != one.conversation_id
        if apart and plain(drawn.answer.text) != plain(one.answer.text):
            source = drawn.answer.source or f"{drawn.conversation_id}#{drawn.turn + 1}"
            return Candidate(drawn.answer.text, drawn.answer.maker, source, other_intent=True)
    return None
