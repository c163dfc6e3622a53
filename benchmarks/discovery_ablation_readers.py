"""A reader that stands in for a language model in the ablations of discovery: a simulation.

No model is asked. The reader knows the gold intent of every text, and is asked through the judge
and the namer that ask models, so that it sees what these show: the sampled utterances, not the
cluster. It says what a perfect reader of them would say, or errs as often as it is told to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.discovery_data import GoldSet, words_of
from benchmarks.discovery_judge_data import COHERENT
from turnwise.clusters import ClusterName, Judge, Rows, Space
from turnwise.discovery.naming.llm import OBJECTIVE_WORDS
from turnwise.discovery.shown import on_a_line
from turnwise.llm import KeptAnswer, Question, Reply
from turnwise.sampling import stable_hash

ANY_ACTION = "inquire"  # of an intent that one word names


@dataclass
class Reader:
    """Answers by gold what a judge's or a namer's prompt asks; implements `Asker`.

    A cluster is good where `COHERENT` of the utterances that are shown, or more, share the most
    frequent intent; its name is that intent's.

    Attributes:
        intents: a text as it is shown -> its gold intent.
        wrong: share of verdicts that are turned round, drawn by what is shown: the same question
            has the same answer, as kept answers have.
        seed: of that draw. asked: questions so far.
    """

    intents: Mapping[str, str]
    wrong: float = 0.0
    seed: int = 0
    asked: int = 0
    source_name: str = "simulated reader"

    @classmethod
    def of(cls, gold: GoldSet, wrong: float = 0.0, seed: int = 0) -> Reader:
        return cls(dict(zip(map(on_a_line, gold.texts), gold.gold, strict=True)), wrong, seed)

    async def ask(self, question: Question[Any]) -> Reply[Any]:
        """Answer, checked as a client checks it: a name that is another's can't be used."""
        self.asked += 1
        texts = question.values["texts"]
        assert isinstance(texts, tuple)
        read = [self.intents[text] for text in texts]
        named = question.task.name == "discovery-name"
        said = _naming(majority(read)) if named else {"verdict": self._verdict(texts, read)}
        value = question.task.answer.model_validate(said)
        problem = question.task.check(value, question.values)
        return Reply(None if problem else value, _kept(question, problem), reused=False)

    def _verdict(self, texts: Sequence[str], read: Sequence[str]) -> str:
        errs = stable_hash("\n".join((str(self.seed), *texts))) % 10_000 < self.wrong * 10_000
        return "good" if (purity(read) >= COHERENT) != errs else "bad"


def majority(intents: Sequence[str]) -> str:
    """The most frequent one; by name where two tie."""
    counts = Counter(intents)
    return min(counts, key=lambda one: (-counts[one], one))


def purity(intents: Sequence[str]) -> float:
    """The share of the most frequent one."""
    return max(Counter(intents).values()) / len(intents)


def gold_name(intent: str) -> ClusterName:
    """`card_arrival` -> card-arrival: an intent's own words, as action and objective."""
    said = _naming(intent)
    return ClusterName(said["action"], said["objective"], said["title"], "en")


def agreement(
    judge: Judge, space: Space, clusters: Sequence[Rows], gold: Sequence[str]
) -> dict[str, float]:
    """How often a judge says of clusters what their whole gold says.

    Returns:
        accuracy; missed: share of the coherent that it calls bad; let_through: share of the
        others that it calls good; coherent: share that is; clusters: how many.
    """
    truth = np.array([purity([gold[row] for row in rows]) >= COHERENT for rows in clusters])
    said = np.array([one.good for one in judge.judge(space, clusters)])
    return {
        "accuracy": float((said == truth).mean()),
        "missed": float((~said[truth]).mean()) if truth.any() else 0.0,
        "let_through": float(said[~truth].mean()) if not truth.all() else 0.0,
        "coherent": float(truth.mean()),
        "clusters": len(clusters),
    }


def _naming(intent: str) -> dict[str, str]:
    """An intent's words as the namer's prompt wants them: none is lost unless there are many."""
    words = words_of(intent).split()
    first = 1 if len(words) <= 1 + OBJECTIVE_WORDS else 2
    action, objective = words[:first], words[first : first + OBJECTIVE_WORDS]
    if not objective:
        action, objective = [ANY_ACTION], words
    return {
        "action": "-".join(action),
        "objective": "-".join(objective),
        "title": " ".join(words),
        "language": "en",
        "description": " ".join(words),
    }


def _kept(question: Question[Any], problem: str) -> KeptAnswer:
    return KeptAnswer(
        key="",
        task=question.task.name,
        version=question.task.version,
        prompt_hash="",
        model="simulated",
        endpoint="",
        parameters={},
        text="",
        value=None,
        problem=problem,
        tokens_in=0,
        tokens_out=0,
        cost=0.0,
        latency=0.0,
        attempts=1,
    )
