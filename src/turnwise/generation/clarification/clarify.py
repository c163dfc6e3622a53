"""Clarification conversations from ambiguous queries: played, judged, scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from turnwise.errors import ConfigError
from turnwise.generated import GeneratedConversation, GeneratedTurn
from turnwise.generation.ambiguity import Ambiguous
from turnwise.generation.clarification.play import Check, play
from turnwise.generation.clarification.sdrs import Sdrs, sdrs
from turnwise.generation.clarification.talk import (
    Assistant,
    Customer,
    Failed,
    Judge,
    Played,
    Start,
)
from turnwise.progress import Progress, silent
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy

BLOCK = 256  # conversations that are played side by side
FEWEST_OFFERED = 2  # labels that are left where the right one is not offered

WRONG = "ended in another label than the one that is meant"
NOT_FOUND = "ended out of domain, though the label was offered"
TAKEN = "ended in a label, though the right one was not offered"
AT_LIMIT = "the turn limit was reached"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays, and who judges.

    Attributes:
        judge: None where nobody does; conversations carry no scores then.
    """

    assistant: Assistant
    customer: Customer
    judge: Judge | None = None

    @property
    def maker(self) -> str:
        """Who wrote the conversations."""
        return " + ".join(dict.fromkeys((self.assistant.source_name, self.customer.source_name)))


def clarify(
    openings: Sequence[Ambiguous],
    taxonomy: Taxonomy,
    cast: Cast,
    *,
    dropped: Counter[str],
    dropout: float = 0.0,
    seed: int = 0,
    check: Check = lambda text: "",
    progress: Progress = silent,
) -> Iterator[GeneratedConversation]:
    """Play a clarification conversation from each ambiguous query.

    Args:
        dropped: is told why conversations were not kept, and how often: those that did not end in
            the right label are not.
        dropout: share of the queries whose clear version is asked instead with its label left out
            of what is offered, so that the right answer is out of domain; in [0, 1].
        check: says what is wrong with a customer's answer; empty for nothing.

    Yields:
        Conversations, in the order of the queries. `offered` are the labels that could be chosen
        from, where one was left out; `outcome` is `label` or `out_of_domain`; the customer's turns
        carry the labels that are meant; `scores` are `sdrs`, `ambiguity` (A) and `quality` (R).

    Raises:
        ConfigError: the share is no share, or labels are not of the taxonomy.
        EndpointError: of those who ask a model; what it answered is kept, and the same call goes
            on from there.
    """
    begun = starts(openings, taxonomy, dropout=dropout, seed=seed)
    for first in range(0, len(begun), BLOCK):
        block = begun[first : first + BLOCK]
        results = play(block, cast.assistant, cast.customer, check)
        ended = [one for one in results if isinstance(one, Played) and not fault_of(one)]
        dropped.update(fault for one in results if (fault := fault_of(one)))
        yield from _scored(ended, cast, seed, dropped)
        progress("play clarifications", first + len(block), len(begun))


def starts(
    openings: Sequence[Ambiguous], taxonomy: Taxonomy, *, dropout: float = 0.0, seed: int = 0
) -> list[Start]:
    """What conversations begin with: one for each query, the clear version that the customer has
    in mind drawn where there are two, the right label left out for a share of them.

    Raises:
        ConfigError: as `clarify`.
    """
    if not 0 <= dropout <= 1:
        raise ConfigError(f"{dropout} is not between 0 and 1", field="generation.dropout")
    return [_start(at, one, taxonomy, dropout, seed) for at, one in enumerate(openings)]


def _start(number: int, one: Ambiguous, taxonomy: Taxonomy, dropout: float, seed: int) -> Start:
    drawn = stable_hash(f"clarify {seed} {number}")
    clear = one.clear[drawn % len(one.clear)]
    label = clear.labels[one.dimension]
    if one.dimension not in taxonomy or label not in taxonomy[one.dimension].index:
        raise ConfigError(
            f"the query {one.text!r} carries {one.dimension} {label!r}, which the taxonomy "
            f"{taxonomy.name} does not have",
            hint="Make the queries with the same taxonomy",
        )
    names = taxonomy[one.dimension].names
    sources = tuple(said.source for said in one.clear if said.source)
    left_out = stable_hash(f"drop {seed} {number}") % 10**6 < dropout * 10**6
    if left_out and len(names) > FEWEST_OFFERED:
        offered = tuple(name for name in names if name != label)
        said = (clear.source,) if clear.source else ()
        return Start(number, drawn, clear.text, clear, one.dimension, offered, "clear query", said)
    return Start(number, drawn, one.text, clear, one.dimension, names, one.made, sources)


def fault_of(result: Played | Failed) -> str:
    """Why a conversation is not kept; empty where it is."""
    if isinstance(result, Failed):
        return result.reason
    if result.right:
        return ""
    if result.last is None:
        return AT_LIMIT
    if result.talk.start.target is None:
        return TAKEN
    return WRONG if result.last.kind == "label" else NOT_FOUND


def score(played: Sequence[Played], judge: Judge) -> list[Sdrs | Failed]:
    """The SDRS of conversations, also of those that ended wrongly."""
    return [
        one if isinstance(one, Failed) else sdrs(one, right=done.right, at_limit=done.last is None)
        for one, done in zip(judge.judge(played), played, strict=True)
    ]


def _scored(
    ended: Sequence[Played], cast: Cast, seed: int, dropped: Counter[str]
) -> Iterator[GeneratedConversation]:
    scores = [None] * len(ended) if cast.judge is None else score(ended, cast.judge)
    for played, found in zip(ended, scores, strict=True):
        if isinstance(found, Failed):
            dropped[found.reason] += 1
        else:
            yield conversation_of(played, cast.maker, seed, found)


def conversation_of(
    played: Played, maker: str, seed: int, found: Sdrs | None = None
) -> GeneratedConversation:
    """A played conversation as generation gives it."""
    talk, start = played.talk, played.talk.start
    labels = dict(start.clear.labels)
    turns = [GeneratedTurn("customer", start.opening, labels, start.made, start.sources)]
    for at, question in enumerate(talk.questions):
        turns.append(GeneratedTurn("agent", question.text, made="clarifying question"))
        turns += [
            GeneratedTurn("customer", text, labels, "answer", start.sources)
            for text in talk.answers[at : at + 1]
        ]
    scores = {}
    if found is not None:
        scores = {"sdrs": found.value, "ambiguity": found.ambiguity}
        scores |= {} if found.quality is None else {"quality": found.quality}
    return GeneratedConversation(
        f"clarify-{seed}-{start.number}",
        "clarify",
        tuple(turns),
        maker,
        start.clear.market,
        start.clear.locale,
        offered={start.dimension: start.offered} if start.target is None else {},
        outcome="turn_limit" if played.last is None else played.last.kind,
        scores=scores,
    )
