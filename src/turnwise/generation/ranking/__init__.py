"""Answer ranking pairs: for the last question of a conversation, a better and a worse answer.

    last_turns --contests--> two answers each --rank_answers, by a judge--> RankingPair

What an agent answers tells what the customer wants, so a classifier that learns to tell the better
answer learns that, too (Chain-of-Intent and MINT-CL, S2, 3.2.4 and 4.3.1).
"""

from turnwise.generation.ranking.contests import Candidate, Contest, contests
from turnwise.generation.ranking.embedded import EmbeddedAnswerJudge
from turnwise.generation.ranking.files import read_pairs, write_pairs
from turnwise.generation.ranking.judging import AnswerJudge, LlmAnswerJudge
from turnwise.generation.ranking.pairs import Ranked, RankingPair, rank_answers
from turnwise.generation.ranking.rivals import rival_answers

__all__ = [
    "AnswerJudge",
    "Candidate",
    "Contest",
    "EmbeddedAnswerJudge",
    "LlmAnswerJudge",
    "Ranked",
    "RankingPair",
    "contests",
    "rank_answers",
    "read_pairs",
    "rival_answers",
    "write_pairs",
]
