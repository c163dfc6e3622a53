"""How good an answer is, from 1 to 10, told by what the logs answered to such questions.

The embedded twin of `LlmAnswerJudge`: of the six things that a model looks at it sees relevance
and what is usual.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from itertools import chain

import numpy as np

from turnwise.encoders.encoder import Encoder, Vectors, distinct_texts
from turnwise.errors import GenerationError
from turnwise.generated import LabelledConversation, Labels
from turnwise.generation.quality.rating import Rating, on_scale
from turnwise.generation.quality.wording import words
from turnwise.generation.ranking.contests import Asked, Candidate, Contest, answered
from turnwise.progress import Progress, silent
from turnwise.sampling import stable_hash

MOST_ANSWERS = 200  # of the logs, to one set of labels; lowest hash of their place first
NEAREST = 3  # answers of the logs that one is compared with
USUAL, RELEVANT, LENGTH = "as the logs answer", "relevance", "length"
WEIGHTS = {USUAL: 0.6, RELEVANT: 0.3, LENGTH: 0.1}

Key = tuple[tuple[str, str], ...]  # labels, by dimension


class EmbeddedAnswerJudge:
    """Compares an answer with those that the logs gave to questions of the same labels;
    implements `AnswerJudge`.

    Three parts, each from 0 to 1: its cosine with the three nearest of these answers, its cosine
    with the question, and how usual its length is. Where the logs answered no question of all
    these labels, those serve that share most labels. What the conversation itself answered, and
    the answer's own place in the logs, are left out, so that no answer vouches for itself.
    """

    name = "embedded"

    def __init__(
        self, logs: Iterable[LabelledConversation], encoder: Encoder, progress: Progress = silent
    ) -> None:
        """Learn what the logs answered.

        Raises:
            GenerationError: no labelled customer turn of theirs was answered.
        """
        groups: dict[Key, list[Asked]] = defaultdict(list)
        for one in chain.from_iterable(answered(log.conversation, log.labels) for log in logs):
            groups[_key(one.labels)].append(one)
        if not groups:
            raise GenerationError(
                "no labelled customer turn of the logs was answered, so that nothing tells a good "
                "answer. Import logs with both sides, or let a language model judge"
            )
        self._answers: list[Asked] = []
        self._rows: dict[Key, range] = {}
        for key, some in sorted(groups.items()):
            first = len(self._answers)
            self._answers += nsmallest(
                MOST_ANSWERS, some, key=lambda one: stable_hash(one.answer.source)
            )
            self._rows[key] = range(first, len(self._answers))
        texts = [one.answer.text for one in self._answers]
        self._lengths = sorted(len(words(text)) for text in texts)
        self._encoder = encoder
        self._vectors = _encoded(texts, encoder, progress)

    def rate(
        self, contests: Sequence[Contest], progress: Progress = silent
    ) -> list[tuple[Rating, Rating]]:
        """Rate the first and the second answer of each; `parts` say why."""
        texts = [
            text
            for one in contests
            for text in (one.context[-1][1], *(answer.text for answer in one.answers))
        ]
        vectors = _encoded(texts, self._encoder, progress)
        return [
            (
                self._rating(one, one.first, vectors[[at, at + 1]]),
                self._rating(one, one.second, vectors[[at, at + 2]]),
            )
            for at, one in zip(range(0, len(texts), 3), contests, strict=True)
        ]

    def _rating(self, contest: Contest, answer: Candidate, vectors: Vectors) -> Rating:
        """The rating of an answer; its question's vector is the first of the two."""
        parts = {RELEVANT: float(vectors[0] @ vectors[1]), LENGTH: self._usual_length(answer)}
        rows = [
            row for row in self._comparable(contest.labels) if self._other(row, contest, answer)
        ]
        if rows:
            cosines = np.sort(self._vectors[rows] @ vectors[1])[-NEAREST:]
            parts[USUAL] = float(cosines.mean())
        bounded = {name: min(1.0, max(0.0, part)) for name, part in sorted(parts.items())}
        weight = sum(WEIGHTS[name] for name in bounded)
        score = sum(WEIGHTS[name] * part for name, part in bounded.items()) / weight
        return Rating(on_scale(score), tuple(bounded.items()))

    def _comparable(self, labels: Labels) -> Sequence[int]:
        """Rows of the answers to questions that share most labels."""
        key = _key(labels)
        if key in self._rows:
            return self._rows[key]
        shared = {one: len({*one} & {*key}) for one in self._rows}
        most = max(shared.values())
        return [row for one, count in shared.items() if count == most for row in self._rows[one]]

    def _other(self, row: int, contest: Contest, answer: Candidate) -> bool:
        there = self._answers[row]
        same = there.conversation_id == contest.conversation_id
        return not same and there.answer.source != answer.source

    def _usual_length(self, answer: Candidate) -> float:
        """1 for a length in the middle of those of the logs, 0 for one beyond all."""
        count = len(words(answer.text))
        below = bisect_left(self._lengths, count) + bisect_right(self._lengths, count)
        return 1 - abs(below / len(self._lengths) - 1)


def _key(labels: Labels) -> Key:
    return tuple(sorted(labels.items()))


def _encoded(texts: Sequence[str], encoder: Encoder, progress: Progress) -> Vectors:
    different, places = distinct_texts(texts)
    return encoder.encode(different, progress)[places]
