"""A chain of intents written by a language model: a question for each state, then its answer.

After Chain-of-Intent (S2), section 3.2; the prompts are our own. What comes back is checked: a
faulty turn is asked for once again, and then its conversation is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from random import Random

from turnwise.conversations import Conversation, Example, Turn
from turnwise.errors import GenerationError
from turnwise.generated import (
    Dropped,
    GeneratedConversation,
    GeneratedTurn,
    Labels,
    Probabilities,
    Reader,
    State,
)
from turnwise.generation.asking import (
    AT_ONCE,
    FIRST,
    Again,
    GivenUpError,
    Said,
    Tally,
    TextCheck,
    ask_twice,
    converse,
    lines,
)
from turnwise.generation.emission.drafts import Chain
from turnwise.generation.emission.pools import Pools, Utterance
from turnwise.generation.emission.words import plain
from turnwise.llm import Asker, Background, Question, Task, load_template
from turnwise.llm.tasks import Values

VERSIONS = {"question": "1", "answer": "1"}  # raise one with its prompt or answer
EXAMPLES = 3  # that a question is shown
QUESTION_WORDS = 40  # at most
ANSWER_WORDS = 19  # at most: under 20
FEW = 4  # words that may be said again, or as an example has them
EMPTY = "a chain of no state"
COPIED = "the same words as an example or another turn"
MISREAD = "another label is read from it"
RULED_OUT = 0.05  # probability under which a label is not what was written


@dataclass
class LlmEmission:
    """The conversations of some chains, written by a model; iterating makes them, once.

    What is asked depends on the seed, the chain, its number, the pools and the answers before
    alone. A turn that is faulty twice ends its conversation, which is counted.

    Attributes:
        chains: states of the customer's turns. pools: the examples that are shown.
        asker: who writes; background: where the calls run.
        checks: of what a customer says, and of what an agent says.
        reader: reads the labels of the questions; None: whatever is written counts as meant.
        market, locale: of the logs that are followed. first: the number of the first chain.
        at_once: conversations that are written together, about twice the calls in flight.
        tally: what was dropped, and what the budget did not reach; whole when the iteration is.
    """

    chains: Iterable[Chain]
    pools: Pools
    asker: Asker
    background: Background
    checks: tuple[TextCheck, TextCheck]
    seed: int = 0
    reader: Reader | None = None
    market: str = ""
    locale: str = ""
    first: int = 0
    at_once: int = AT_ONCE
    tally: Tally = field(default_factory=Tally)

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What was not kept and why, the most frequent first."""
        return self.tally.reasons

    def __iter__(self) -> Iterator[GeneratedConversation]:
        """Yield the conversations that came to their end, in the order of their chains.

        Raises:
            EndpointError: no question will be answered.
            GenerationError: the chains are of another taxonomy.
        """
        numbered = enumerate(self.chains, self.first)
        return converse(numbered, self._written, self.background, self.tally, self.at_once)

    async def _written(self, numbered: tuple[int, Chain]) -> GeneratedConversation:
        number, chain = numbered
        if not chain:
            raise GivenUpError(EMPTY)
        turns: list[GeneratedTurn] = []
        for place, state in enumerate(chain):
            shown = self._examples(state, number, place)
            turns.append(await self._question(state, shown, turns))
            turns.append(await self._answer(turns, shown[0]))
        name = ("llm", self.market, str(self.seed), str(number))
        return GeneratedConversation(
            "-".join(filter(None, name)),
            "llm",
            tuple(turns),
            maker=self.asker.source_name,
            market=self.market,
            locale=self.locale,
        )

    def _examples(self, state: State, number: int, place: int) -> list[Utterance]:
        """Three different utterances of a state; fewer where there are no more."""
        size = len(self.pools.taxonomy.dimensions)
        if len(state) != size:
            raise GenerationError(
                f"a chain has states of {len(state)} labels, and the taxonomy has {size} "
                "dimensions: the chains are of another taxonomy"
            )
        some = self.pools.pool(state).distinct
        if not some:
            raise GivenUpError(f"no example of {' · '.join(filter(None, state)) or 'no label'}")
        random = Random(f"examples {self.seed} {number} {place}")
        return random.sample(some, min(EXAMPLES, len(some)))

    async def _question(
        self, state: State, shown: Sequence[Utterance], turns: Sequence[GeneratedTurn]
    ) -> GeneratedTurn:
        labels = self._labels(state)
        before = (*(one.text for one in shown), *(turn.text for turn in turns))

        async def fault(said: Said) -> str:
            wrong = self.checks[0].fault(said.text, QUESTION_WORDS) or copied(said.text, before)
            return wrong or await self._misread(said.text, labels, turns)

        asked = partial(self._asked, state, shown, tuple(turns))
        said = await ask_twice(self.asker, asked, fault, "question")
        sources = tuple(one.source for one in shown)
        return GeneratedTurn("customer", _line(said.text), labels, "model", sources)

    def _asked(
        self,
        state: State,
        shown: Sequence[Utterance],
        turns: Sequence[GeneratedTurn],
        again: Again = FIRST,
    ) -> Question[Said]:
        values = {
            "words": QUESTION_WORDS,
            "meanings": self._meanings(self._labels(state)),
            "examples": tuple(one.text for one in shown),
        }
        return _question(question_task(), values, turns, shown[0], again)

    async def _answer(self, turns: Sequence[GeneratedTurn], shown: Utterance) -> GeneratedTurn:
        async def fault(said: Said) -> str:
            wrong = self.checks[1].fault(said.text, ANSWER_WORDS)
            return wrong or copied(said.text, [turn.text for turn in turns])

        asked = partial(_question, answer_task(), {"words": ANSWER_WORDS}, tuple(turns), shown)
        said = await ask_twice(self.asker, asked, fault, "answer")
        return GeneratedTurn("agent", _line(said.text), made="model")

    def _labels(self, state: State) -> Labels:
        names = self.pools.taxonomy.dimension_names
        return {name: label for name, label in zip(names, state, strict=True) if label}

    def _meanings(self, labels: Labels) -> tuple[str, ...]:
        """Title and description of each label; no path, and no name where there is a title."""
        taxonomy = self.pools.taxonomy
        found = [(taxonomy[name].label(label)) for name, label in labels.items()]
        return tuple(
            f"{one.title(self.locale)}: {one.description}".removesuffix(": ") for one in found
        )

    async def _misread(self, text: str, labels: Labels, turns: Sequence[GeneratedTurn]) -> str:
        """What is wrong with a question that the reader finds another label in."""
        if self.reader is None:
            return ""
        said = tuple(Turn(turn.role, turn.text) for turn in turns)
        talk = Conversation("draft", (*said, Turn("customer", text)))
        async with self._reading:  # one at a time, beside the calls that are out
            found = await asyncio.to_thread(self.reader.probabilities, [Example(talk, len(said))])
        wrong = any(self._ruled_out(found, *one) for one in labels.items())
        self.tally.rewritten += 1
        self.tally.misread += wrong
        return MISREAD if wrong else ""

    def _ruled_out(self, found: Mapping[str, Probabilities], name: str, label: str) -> bool:
        """Whether a reader finds a label next to impossible: all of several dimensions are seldom
        the likeliest at once, even of what people wrote."""
        if name not in found:
            return False
        chances = found[name][0]
        meant = float(chances[self.pools.taxonomy[name].index[label]])
        return meant < min(RULED_OUT, float(chances.max()))

    @cached_property
    def _reading(self) -> asyncio.Lock:
        return asyncio.Lock()


@cache
def question_task() -> Task[Said]:
    template = load_template("turnwise.generation.emission", "prompts/question.j2")
    return Task("generate-question", VERSIONS["question"], template, Said)


@cache
def answer_task() -> Task[Said]:
    template = load_template("turnwise.generation.emission", "prompts/answer.j2")
    return Task("generate-answer", VERSIONS["answer"], template, Said)


def _question(
    task: Task[Said],
    values: Values,
    turns: Sequence[GeneratedTurn],
    shown: Utterance,
    again: Again = FIRST,
) -> Question[Said]:
    """A question about a conversation so far; the first example's is whose text it holds."""
    said = tuple(turns)

    def filled(saving: int = 0) -> Values:
        return {**values, "history": lines(said, saving), **again._asdict()}

    logged = "" if shown.source.startswith("taxonomy:") else shown.conversation
    return Question(task, filled(), logged, shrink=filled)


def copied(text: str, others: Iterable[str]) -> str:
    """What is wrong with a text that has the words of another one; empty where none has them."""
    words = plain(text)
    same = len(words.split()) > FEW and any(words == plain(other) for other in others)
    return COPIED if same else ""


def _line(text: str) -> str:
    return " ".join(text.split())
