"""Judged contests as pairs to learn from: a better answer and a worse one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from turnwise.generated import Dropped, Labels
from turnwise.generation.ranking.contests import Candidate, Contest, Said
from turnwise.generation.ranking.judging import AnswerJudge
from turnwise.progress import Progress, silent

CLOSE = 0.5  # ratings less far apart tie; closings get the same answer whatever was wanted before
TIED = "both answers are rated alike"
CONTRADICTED = "the answer to another intent is rated higher"
UNRATED = "an answer is not rated"


@dataclass(frozen=True, slots=True)
class RankingPair:
    """A question with a better and a worse answer.

    Attributes:
        conversation_id, turn: whose question; turn is its position.
        context: who said what up to the question, which comes last.
        labels: what the question means.
        better, worse: the answers; better_rating, worse_rating: 1-10, the first the higher.
        judge: who rated.
    """

    conversation_id: str
    turn: int
    context: Said
    labels: Labels
    better: Candidate
    worse: Candidate
    better_rating: float
    worse_rating: float
    judge: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """Pairs, and why contests became none."""

    pairs: tuple[RankingPair, ...]
    dropped: tuple[Dropped, ...] = ()


def rank_answers(
    contests: Iterable[Contest], judge: AnswerJudge, progress: Progress = silent
) -> Ranked:
    """Have both answers of each contest rated, and make pairs of those that the ratings part.

    Dropped and counted: answers whose ratings are less than 0.5 apart, those not rated, and an
    answer to another intent that is rated higher, as it contradicts how it was chosen.

    Raises:
        ConfigError: the judge wrote some of the answers.
        EndpointError: no question will be answered.
    """
    held = list(contests)
    pairs: list[RankingPair] = []
    reasons: Counter[str] = Counter()
    for one, (first, second) in zip(held, judge.rate(held, progress), strict=True):
        if not (first.rated and second.rated):
            reasons[UNRATED] += 1
        elif abs(first.score - second.score) < CLOSE:
            reasons[TIED] += 1
        elif second.score > first.score and one.second.other_intent:
            reasons[CONTRADICTED] += 1
        else:
            pairs.append(_pair(one, first.score, second.score, judge.name))
    dropped = sorted(reasons.items(), key=lambda reason: (-reason[1], reason[0]))
    return Ranked(tuple(pairs), tuple(Dropped(*reason) for reason in dropped))


def _pair(contest: Contest, first: float, second: float, judge: str) -> RankingPair:
    (worse_rating, worse), (better_rating, better) = (
        ((second, contest.second), (first, contest.first))
        if first > second
        else ((first, contest.first), (second, contest.second))
    )
    return RankingPair(
        conversation_id=contest.conversation_id,
        turn=contest.turn,
        context=contest.context,
        labels=contest.labels,
        better=better,
        worse=worse,
        better_rating=better_rating,
        worse_rating=worse_rating,
        judge=judge,
    )
