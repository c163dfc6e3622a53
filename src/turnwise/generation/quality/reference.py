"""What generated conversations are measured against: the logs, a fifth of them held apart.

The held conversations are measured as generated ones are, so that the logs have a row of their
own in the same table, of turns that the n-gram model has not learnt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from turnwise.encoders.encoder import Encoder
from turnwise.generated import LabelledConversation, State
from turnwise.generation.quality.lengths import Lengths, counted
from turnwise.generation.quality.ngrams import NgramModel
from turnwise.generation.quality.talks import Talk, talk_of
from turnwise.generation.quality.variety import runs
from turnwise.generation.quality.wording import words
from turnwise.sampling import hold_apart

HELD = 0.2  # of the conversations of the logs

LogLikelihood = Callable[[Sequence[State]], float]


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in texts of the logs: whole texts, folded, and runs of eight words."""

    texts: frozenset[str]
    runs: frozenset[int]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Said:
        kept = list(texts)
        known = frozenset(run for text in kept for run in runs(words(text)))
        return cls(frozenset(map(folded, kept)), known)


@dataclass(frozen=True, slots=True)
class Reference:
    """The logs, as measures need them.

    Attributes:
        dimensions: what states are made of.
        held: conversations that nothing else here was learnt from.
        customer, agent: n-gram models of the other conversations' turns, of customers and of
            the other side.
        known: texts of the other conversations, of both sides, folded.
        learnt: what stands in the other conversations' customer turns; all: in those of all.
        words_per_turn, turns_per_talk: of the other conversations' customers.
        log_likelihood: the mean natural logarithm of the probabilities of the transitions of a
            chain of states, as `ChainSampler` has it; None where none is known.
        encoder: for topic flow; None: it is not measured.
    """

    dimensions: tuple[str, ...]
    held: tuple[Talk, ...]
    customer: NgramModel
    agent: NgramModel
    known: frozenset[str]
    learnt: Said
    all: Said
    words_per_turn: Lengths
    turns_per_talk: Lengths
    log_likelihood: LogLikelihood | None = None
    encoder: Encoder | None = None

    @classmethod
    def of(
        cls,
        logs: Iterable[LabelledConversation],
        dimensions: Sequence[str],
        *,
        log_likelihood: LogLikelihood | None = None,
        encoder: Encoder | None = None,
    ) -> Reference:
        """Learn from the logs; labels serve for the transitions of the held ones alone.

        Which conversations are held apart depends on their ids alone.
        """
        talks = {talk.id: talk for talk in (talk_of(one, dimensions) for one in logs)}
        taught, held = ([talks[one] for one in ids] for ids in hold_apart(list(talks), HELD))
        customer = [text for talk in taught for text in talk.customer]
        others = [text for talk in taught for role, text in talk.turns if role != "customer"]
        return cls(
            dimensions=tuple(dimensions),
            held=tuple(held),
            customer=NgramModel(customer),
            agent=NgramModel(others),
            known=frozenset(map(folded, [*customer, *others])),
            learnt=Said.of(customer),
            all=Said.of([*customer, *(text for talk in held for text in talk.customer)]),
            words_per_turn=words_per_turn(taught),
            turns_per_talk=turns_per_talk(taught),
            log_likelihood=log_likelihood,
            encoder=encoder,
        )


def folded(text: str) -> str:
    """A text as it is compared word for word: without case, and with single spaces."""
    return " ".join(text.casefold().split())


def words_per_turn(talks: Iterable[Talk]) -> dict[int, int]:
    """Words of a customer turn -> how many turns have so many."""
    return counted(Counter(len(words(text)) for talk in talks for text in talk.customer))


def turns_per_talk(talks: Iterable[Talk]) -> dict[int, int]:
    """Customer turns of a conversation -> how many conversations have so many."""
    return counted(Counter(len(talk.customer) for talk in talks))
