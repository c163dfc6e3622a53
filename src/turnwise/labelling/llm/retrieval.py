"""What `lara` and `clara` show a model of a turn: candidate labels and demonstrations of each.

A single-turn classifier is asked twice, for the last query alone and for the earlier ones
joined with it, and the best labels of both are united; for each, the labelled single-turn
examples nearest to either are retrieved (LARA, in S1: Balancing Accuracy and Efficiency in
Multi-Turn Intent Classification for LLM-Powered Dialog Systems in Production).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from turnwise.annotations import Evidence
from turnwise.conversations import ContextWindow, Example, context_text
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.demonstrations import Demonstration, Demonstrations, Proposer
from turnwise.taxonomy import Taxonomy

DEFAULTS = LabellingConfig()
READY = 4096  # turns, the last that were prepared: more than two batches of the labelling stage
RATIONALE_CHARACTERS = 120  # of a demonstration within a rationale; the evidence holds all of it


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered along one dimension.

    Attributes:
        candidates: labels, in the order of the taxonomy.
        demonstrations: labelled examples of the candidates, nearest first.
    """

    candidates: tuple[str, ...]
    demonstrations: tuple[Demonstration, ...]

    def evidence(self, label: str) -> tuple[Evidence, ...]:
        """The nearest demonstration of a label, if there is one."""
        for one in self.demonstrations:
            if one.example.label == label:
                said = one.example
                score = min(max(one.score, -1.0), 1.0)
                return (
                    Evidence(
                        said.text, score=score, conversation_id=said.conversation_id, turn=said.turn
                    ),
                )
        return ()

    def why(self, label: str) -> str:
        """In a sentence, what a label was chosen from, and what is nearest to the turn."""
        chosen = f"Chosen from {len(self.candidates)} candidates."
        for one in self.evidence(label):
            text = " ".join(one.text.split())[:RATIONALE_CHARACTERS]
            return f'{chosen} Nearest labelled example of it: "{text}" (cosine {one.score:.2f}).'
        return chosen


Offers = Mapping[str, Offer]  # by dimension


@dataclass
class Retriever:
    """Finds candidates and demonstrations of turns, for many turns together.

    Attributes:
        demonstrations: what is retrieved from.
        proposer: names the candidates; the demonstrations themselves can.
        config: how many of each.
    """

    taxonomy: Taxonomy
    demonstrations: Demonstrations
    proposer: Proposer
    config: LabellingConfig = DEFAULTS
    _ready: dict[tuple[str, int], tuple[Example, Offers]] = field(
        default_factory=dict, init=False, repr=False
    )

    def prepare(self, examples: Sequence[Example]) -> None:
        """Retrieve for turns that will be asked for, by one strategy or by several."""
        new = [one for one in examples if self._known(one) is None]
        for example, offers in zip(new, self.retrieve(new), strict=True):
            self._ready.pop(example.key, None)  # to stand last
            self._ready[example.key] = example, offers
        for key in list(self._ready)[:-READY]:
            del self._ready[key]

    async def offers(self, example: Example) -> Offers:
        """What was prepared for a turn, or, in a thread of its own, what is retrieved now."""
        known = self._known(example)
        return known or (await asyncio.to_thread(self.retrieve, [example]))[0]

    def retrieve(self, examples: Sequence[Example]) -> list[Offers]:
        """Per turn and dimension, candidates and demonstrations."""
        forms = [_forms(example) for example in examples]
        texts = list(dict.fromkeys(text for some in forms for text in some))
        if not texts:
            return []
        row = {text: at for at, text in enumerate(texts)}
        vectors = self.demonstrations.encoder.encode(texts)
        queries = [vectors[[row[text] for text in some]] for some in forms]
        found: list[dict[str, Offer]] = [{} for _ in examples]
        for dimension in self.taxonomy.dimensions:
            proposed = self.proposer.propose(texts, dimension.name, self.config.candidates)
            for place, example in enumerate(examples):
                named = {label for text in forms[place] for label, _ in proposed[row[text]]}
                # Who proposes nothing offers everything.
                labels = tuple(one for one in dimension.names if one in named) or dimension.names
                shown = self.demonstrations.nearest(
                    queries[place],
                    dimension.name,
                    labels,
                    self.config.demonstrations,
                    besides=example.conversation.id,
                )
                found[place][dimension.name] = Offer(labels, shown)
        return list(found)

    def _known(self, example: Example) -> Offers | None:
        # The same id may come with another history: then it is another turn.
        known = self._ready.get(example.key)
        return known[1] if known is not None and known[0] == example else None


def _forms(example: Example) -> tuple[str, ...]:
    """The last query alone, and joined behind the earlier ones where there are some."""
    window = ContextWindow("customer", max_turns=example.index, max_tokens=10**9)
    return tuple(dict.fromkeys((example.text, context_text(example, window, len))))
