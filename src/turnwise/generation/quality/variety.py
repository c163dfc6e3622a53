"""How much texts repeat themselves and the logs: distinct-n, self-BLEU, copies.

Distinct-n is of Li et al., "A diversity-promoting objective function for neural conversation
models" (2016), self-BLEU of Zhu et al., "Texygen" (2018). Both hang on how much text they are
taken of, so a sample of the same size is taken of every set.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

SAMPLED_WORDS = 5_000  # that distinct-n is taken of
SAMPLED_TALKS = 200  # that self-BLEU compares
BLEU_ORDER = 4
COPIED = 8  # words in a row, in the logs too: hardly by chance

Words = Sequence[str]


def distinct(texts: Iterable[Words], order: int, most: int = SAMPLED_WORDS) -> float:
    """The share of different n-grams among those of the first `most` words, in (0, 1]; NaN
    where there is none."""
    found: list[tuple[str, ...]] = []
    read = 0
    for said in texts:
        found += ngrams(said[: most - read], order)
        if (read := read + len(said)) >= most:
            break
    return len(set(found)) / len(found) if found else math.nan


def self_bleu(texts: Sequence[Words], most: int = SAMPLED_TALKS) -> float:
    """How alike texts are, in [0, 1]: the mean BLEU of each against all others.

    Of the first `most` texts that have words, up to four in a row, every order as weighty; with
    two words or more one is added to the hits and to what could be hit (Lin and Och, "ORANGE",
    2004). There is no penalty for short texts: among many references one is as short. NaN under
    two texts.
    """
    chosen = [said for said in texts[:most] if said]
    if len(chosen) < 2:
        return math.nan
    logs = [0.0] * len(chosen)
    for order in range(1, BLEU_ORDER + 1):
        counts = [Counter(ngrams(said, order)) for said in chosen]
        most_seen = _two_most(counts)
        for place, count in enumerate(counts):
            hits = sum(
                min(times, _among_others(most_seen[one], times)) for one, times in count.items()
            )
            added = order > 1
            share = (hits + added) / (count.total() + added) if count or added else 0.0
            logs[place] += math.log(max(share, 1e-9)) / BLEU_ORDER
    return sum(map(math.exp, logs)) / len(logs)


def copied_ngrams(texts: Iterable[Words], known: frozenset[int]) -> float:
    """The share of runs of eight words that stand in the logs, in [0, 1]; NaN without any run.

    Args:
        known: of the logs, as `runs` has them.
    """
    found = [run in known for said in texts for run in runs(said)]
    return sum(found) / len(found) if found else math.nan


def runs(said: Words) -> list[int]:
    """Hashes of all runs of eight words; only to be compared within this process."""
    return [hash(run) for run in ngrams(said, COPIED)]


def ngrams(said: Words, order: int) -> list[tuple[str, ...]]:
    """All n-grams of a text, in their order."""
    return [tuple(said[at : at + order]) for at in range(len(said) - order + 1)]


def _two_most(counts: Sequence[Counter[tuple[str, ...]]]) -> dict[tuple[str, ...], list[int]]:
    """N-gram -> its highest and second highest count in one text."""
    found: dict[tuple[str, ...], list[int]] = {}
    for count in counts:
        for one, times in count.items():
            high = found.setdefault(one, [0, 0])
            if times > high[0]:
                high[:] = [times, high[0]]
            elif times > high[1]:
                high[1] = times
    return found


def _among_others(two_most: Sequence[int], times: int) -> int:
    """The highest count in another text than one that has it so many times."""
    return two_most[1] if times == two_most[0] else two_most[0]
