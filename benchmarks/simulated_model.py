"""A simulated language model, for `strategies.py`: it is asked real questions and knows the gold.

No language model is in it, and how right it is says nothing of any. What is real: the questions,
the prompts as they are written, and how answers are read and checked. What is stated
(`Stated`), and drawn by hash, so that a seed always answers the same:

Along each dimension the model has one answer of its own to a turn, right with chance a. With
chance s (see `simulated.Orders`) the prompt decides, its wording or the order of its
demonstrations, and the answer is drawn anew in the same way. An error goes to a label that the
taxonomy says the right one is confused with, with chance `near`, else to any. A label that is not
offered can't be chosen: where it is the right one, the answer is wrong. The reviewer is that of
`simulated.Review`. Of how certain it is the model says a word, drawn by whether it is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.llm_server import tokens
from benchmarks.simulated import Review
from turnwise.labelling.llm.answers import Certainty, Reviewed
from turnwise.labelling.llm.lara import Part
from turnwise.labelling.llm.shown import Shown
from turnwise.labelling.llm.two_stage import LIKELY_REASON
from turnwise.llm import Endpoint, KeptAnswer, Question, Reply
from turnwise.llm.client import question_key
from turnwise.llm.exchange import Message
from turnwise.llm.reading import read_answer
from turnwise.llm.tasks import A
from turnwise.llm.templates import render
from turnwise.llm.written import prompt_hash
from turnwise.sampling import stable_hash
from turnwise.taxonomy import Taxonomy
from turnwise.workspace import Spending

# The prices are examples, in money per million tokens; nobody was paid.
ENDPOINT = Endpoint("http://simulated.invalid/v1", "simulated", price_in=0.15, price_out=0.60)
QUOTED_WORDS = 6
CERTAINTIES: tuple[Certainty, ...] = ("certain", "likely", "unsure")

Gold = Mapping[tuple[str, int], Mapping[str, str]]  # turn -> dimension -> the right label
Shares = tuple[float, float, float]  # of CERTAINTIES


@dataclass(frozen=True)
class Stated:
    """What the model is like.

    Attributes:
        accuracy: dimension -> a. sensitivity: s. near: see above.
        hits, false_alarms, puts_right: of the reviewer, as in `simulated.Review`.
        if_right, if_wrong: how often it is certain, likely or unsure.
    """

    accuracy: Mapping[str, float] = field(
        default_factory=lambda: {"domain": 0.75, "intent": 0.70, "issue": 0.65}
    )
    sensitivity: float = 0.3
    near: float = 0.7
    hits: float = 0.5
    false_alarms: float = 0.03
    puts_right: float = 0.8
    if_right: Shares = (0.6, 0.3, 0.1)
    if_wrong: Shares = (0.25, 0.45, 0.3)

    def review(self, dimension: str) -> Review:
        """Both stages along a dimension, for theory."""
        a = self.accuracy[dimension]
        return Review(a, self.hits, self.false_alarms, self.puts_right)


@dataclass
class SimulatedModel:
    """Answers the questions of the labelling strategies; implements `llm.Asker`.

    As a client does, it answers the same question once.

    Attributes:
        spending: (task, version) -> what was asked, as a workspace counts it.
        seed: another one makes other errors, as many in the mean.
    """

    gold: Gold
    taxonomy: Taxonomy
    stated: Stated
    seed: int
    spending: dict[tuple[str, str], Spending] = field(default_factory=dict, init=False)
    _kept: dict[str, Reply[Any]] = field(default_factory=dict, init=False, repr=False)

    @property
    def source_name(self) -> str:
        return ENDPOINT.model

    async def ask(self, question: Question[A]) -> Reply[A]:
        """Write the prompt, answer it, and read the answer as any model's is read."""
        messages = render(question.task.template, question.values)
        key = question_key(question.task, messages, ENDPOINT)
        if key not in self._kept:
            text = json.dumps(self._answer(question, prompt_hash(messages)))
            self._kept[key] = self._read(question, messages, key, text)
        return self._kept[key]

    def _read(
        self, question: Question[A], messages: list[Message], key: str, text: str
    ) -> Reply[A]:
        task = question.task
        reading = read_answer(text, task.answer)
        value, problem = reading.value, reading.problem
        if value is not None and (problem := task.check(value, question.values)):
            value = None
        asked, said = sum(tokens(one["content"]) for one in messages), tokens(text)
        kept = KeptAnswer(
            key=key,
            task=task.name,
            version=task.version,
            prompt_hash=prompt_hash(messages),
            model=ENDPOINT.model,
            endpoint=ENDPOINT.base_url,
            parameters={},
            text=text,
            value=None if value is None else text,
            problem=problem,
            tokens_in=asked,
            tokens_out=said,
            cost=(asked * ENDPOINT.price_in + said * ENDPOINT.price_out) / 1e6,
            latency=1.0,
            attempts=1,
            conversation_id=question.conversation_id,
        )
        self._count(kept)
        return Reply(value, kept, reused=False)

    def _count(self, kept: KeptAnswer) -> None:
        none = Spending(kept.task, kept.version, kept.model, 0, 0, 0, 0, 0, 0.0)
        before = self.spending.get((kept.task, kept.version), none)
        self.spending[kept.task, kept.version] = replace(
            before,
            answers=before.answers + 1,
            unusable=before.unusable + (kept.value is None),
            calls=before.calls + kept.attempts,
            tokens_in=before.tokens_in + kept.tokens_in,
            tokens_out=before.tokens_out + kept.tokens_out,
            cost=before.cost + kept.cost,
        )

    def _answer(self, question: Question[Any], prompt: str) -> Mapping[str, object]:
        """What is answered, as JSON, to any of the tasks of labelling."""
        shown = question.values["shown"]
        assert isinstance(shown, Shown)
        turn = question.conversation_id, shown.turn.number
        if issubclass(question.task.answer, Reviewed):
            return self._reviewed(question, turn, shown)
        offers = self._offers(question.values)
        names = {one: self._label(turn, one, prompt, tuple(offers[one])) for one in offers}
        certainty = {one: self._certainty(turn, one, prompt, names[one]) for one in offers}
        labels = {one: offers[one][name] for one, name in names.items()}
        chosen = {"labels": labels, "certainty": certainty}
        if question.task.name != "label-single":
            return chosen
        return {
            "turn_evidence": _quotes(shown.turn.text),
            "history_evidence": next(filter(None, map(_quotes, _earlier(shown))), []),
            "reason": LIKELY_REASON.strip(),
            **chosen,
        }

    def _offers(self, values: Mapping[str, object]) -> dict[str, dict[str, str]]:
        """Dimension -> label -> how the prompt calls it."""
        parts = values.get("parts")
        if not isinstance(parts, tuple):
            return {
                one.name: {name: name for name in one.names} for one in self.taxonomy.dimensions
            }
        offers: dict[str, dict[str, str]] = {}
        for part in parts:
            assert isinstance(part, Part)
            offers[part.name] = {one.label: one.shown for one in part.candidates}
        return offers

    def _reviewed(
        self, question: Question[Any], turn: tuple[str, int], shown: Shown
    ) -> Mapping[str, object]:
        """What the reviewer makes of the labels of the first stage."""
        first = question.values["labels"]
        assert isinstance(first, Mapping)
        final = {name: self._second(turn, name, label) for name, label in first.items()}
        revised = {name: final[name] != first[name] for name in first}
        quotes = _quotes(shown.turn.text) or next(filter(None, map(_quotes, _earlier(shown))), [])
        return {
            "objections": LIKELY_REASON.strip(),
            "verdicts": {name: "revised" if revised[name] else "kept" for name in first},
            "final_labels": final,
            "quotes": {name: quotes if revised[name] else [] for name in first},
            "verdict_reason": LIKELY_REASON.strip(),
            "final_certainty": {
                name: self._certainty(turn, name, "review", label) for name, label in final.items()
            },
        }

    def _second(self, turn: tuple[str, int], dimension: str, first: str) -> str:
        right = self.gold[turn][dimension]
        doubts = self.stated.false_alarms if first == right else self.stated.hits
        if self._chance(turn, dimension, "doubt") >= doubts:
            return first
        if first != right and self._chance(turn, dimension, "mend") < self.stated.puts_right:
            return right
        others = [one for one in self.taxonomy[dimension].names if one not in (first, right)]
        return self._one_of(others, turn, dimension, "revise") if others else first

    def _label(
        self, turn: tuple[str, int], dimension: str, prompt: str, offered: Sequence[str]
    ) -> str:
        """The model's own answer, or where the prompt decides, one drawn for the prompt."""
        swayed = self._chance(turn, dimension, "swayed", prompt) < self.stated.sensitivity
        drawn = prompt if swayed else "own"
        right = self.gold[turn][dimension]
        knows = self._chance(turn, dimension, "right", drawn) < self.stated.accuracy[dimension]
        wrong = [one for one in offered if one != right]
        if (knows and right in offered) or not wrong:
            return right
        every = self.taxonomy[dimension]
        confused = every.label(right).confused_with
        near = [one for one in every.names if one in confused]
        if self._chance(turn, dimension, "near", drawn) >= self.stated.near or not near:
            near = [one for one in every.names if one != right]
        mine = self._one_of(near, turn, dimension, "wrong", drawn)
        return mine if mine in wrong else self._one_of(wrong, turn, dimension, "wrong", drawn)

    def _certainty(
        self, turn: tuple[str, int], dimension: str, prompt: str, label: str
    ) -> Certainty:
        right = label == self.gold[turn][dimension]
        shares = self.stated.if_right if right else self.stated.if_wrong
        drawn = self._chance(turn, dimension, "certainty", prompt)
        at = sum(drawn >= sum(shares[:place]) for place in (1, 2))
        return CERTAINTIES[at]

    def _one_of(self, labels: Sequence[str], *what: object) -> str:
        return labels[int(self._chance(*what) * len(labels))]

    def _chance(self, *what: object) -> float:
        """A number in [0, 1) that is drawn for something."""
        return (stable_hash(repr((self.seed, *what))) >> 203) / (1 << 53)


def _earlier(shown: Shown) -> list[str]:
    """Texts of the history that can be quoted, the nearest first."""
    texts = [line.text for line in reversed(shown.history)]
    return [text for text in texts if any(map(str.isalnum, text))]


def _quotes(text: str) -> list[str]:
    """The first words of a text; nothing where there is nothing to quote."""
    words = " ".join(text.split()[:QUOTED_WORDS])
    return [words] if words else []
