"""Whether sampled chains are true to the statistics that they are sampled from.

    python -m benchmarks.generation_chains [--seeds 0,1,2] [--quick] [--data DIR]

Chains are estimated on the gold of the training splits of SGD and MultiDoGO (the first label where
a turn has several), and 20,000 are sampled. A G-test each holds their lengths, their first states
and the row of every state against the estimated probabilities, cells of fewer than five expected
added up; Holm's correction goes over all tests of a cell of the table, at 5%. `*_apart` is the
total variation between what was sampled and the estimates (of transitions the mean over rows,
weighted by their samples), and `*_chance` what it is when as many are drawn from the estimates at
one stroke: pure sampling error. `smoothed_apart` is how far smoothing moves the rows from the bare
shares of the logs, and `switching` the share of transitions that change a label, in the logs and in
the chains: these differ where what follows a state depends on the place in the conversation, of
which a chain knows nothing. `unseen` counts states of chains that the logs do not show; there must
be none. `log_likelihood` is the mean of a transition of the tuning conversations, estimated on the
others, beside that of the states' bare shares. Half a minute; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, protocol
from benchmarks.runner import Figures, Table, parser, run, seeds_of
from turnwise.conversations import Conversation, examples
from turnwise.evaluation.experiment.testing import holm
from turnwise.generated import LabelledConversation, State
from turnwise.generation.chains import ChainSampler, ChainStatistics, estimate_chains

HOURS = "half a minute on 1 core"
CHAINS, QUICK_CHAINS = 20_000, 2_000
LEVEL = 0.05
EXPECTED = 5  # of a cell of a test
LOADERS = {"sgd": data.sgd, "multidogo": data.multidogo}

Float = NDArray[np.float64]
T = TypeVar("T")
Chains = Sequence[tuple[State, ...]]


def main() -> int:
    options = parser(__doc__ or "", HOURS)
    options.add_argument("--seeds", type=seeds_of, default=protocol.SEEDS)
    return run("generation_chains", options.parse_args(), measure)


def measure(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    folder = data.data_folder(options.data)
    count = QUICK_CHAINS if options.quick else CHAINS
    cells: list[Figures] = []
    for name, load in LOADERS.items():
        whole = protocol.parts(load(folder))
        statistics = estimated(whole.known)
        table.cell({"data": name, "measured": "held out"}, partial(likelihoods, whole))
        for seed in options.seeds[:1] if options.quick else options.seeds:
            key = {"data": name, "seed": seed, "chains": count}
            cells.append(table.cell(key, partial(compared, statistics, seed, count)))
    return {
        "origin": {name: data.ORIGINS[name].licence for name in LOADERS},
        "tests": sum(int(str(one["tests"])) for one in cells),
        "rejected": sum(int(str(one["rejected"])) for one in cells),
        "within_sampling_error": all(one["rejected"] == 0 for one in cells),
        "unseen": sum(int(str(one["unseen"])) for one in cells),
    }


def estimated(conversations: Iterable[Conversation]) -> ChainStatistics:
    """The chains of conversations with gold."""
    labelled = [
        LabelledConversation(
            one,
            {
                turn.index: {name: labels[0] for name, labels in turn.gold.items()}
                for turn in examples(one)
                if turn.gold
            },
        )
        for one in conversations
    ]
    dimensions = sorted({n for one in labelled for said in one.labels.values() for n in said})
    intent = "intent" if len(dimensions) > 1 else None
    return estimate_chains(labelled, dimensions, intent=intent)


def compared(statistics: ChainStatistics, seed: int, count: int) -> Figures:
    """Sample chains, and hold them against what they were sampled from."""
    sampler, start = ChainSampler(statistics), time.perf_counter()
    chains = [sampler.chain(seed, number) for number in range(count)]
    seconds = time.perf_counter() - start
    tests, sampled = Tests(np.random.default_rng(seed)), transitions(chains)
    counts = statistics.together
    tests.add("lengths", Counter(map(len, chains)), shares(counts.lengths))
    tests.add("first", Counter(chain[0] for chain in chains), shares(counts.first))
    for state, row in sampled.items():
        expected = dict(zip(sampler.states, sampler.row(state), strict=True))
        tests.add(f"row {state}", row, expected)
    corrected = holm({name: p for name, p in tests.p.items() if p is not None})
    return {
        "tests": len(corrected),
        "rejected": sum(p < LEVEL for p in corrected.values()),
        "least_p_corrected": min(corrected.values()),
        "below_level_uncorrected": sum(p is not None and p < LEVEL for p in tests.p.values()),
        **tests.figures(),
        "smoothed_apart": smoothed_apart(statistics, sampler),
        "switching_logs": counts.switching,
        "switching": switching(chains),
        "mean_length_logs": mean_length(counts.lengths),
        "mean_length": float(np.mean([len(chain) for chain in chains])),
        "unseen": len({state for chain in chains for state in chain} - {*counts.states}),
        "states": len(counts.states),
        "chains_per_second": round(count / seconds),
        "turns_per_second": round(sum(map(len, chains)) / seconds),
    }


class Tests:
    """G-tests of counts against probabilities, and how far they are apart."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self.p: dict[str, float | None] = {}
        self._apart: dict[str, tuple[int, float, float]] = {}

    def add(self, name: str, counts: Mapping[T, int], expected: Mapping[T, float]) -> None:
        """Test counts; ones of what is not expected at all make p nought."""
        observed = np.array([counts.get(one, 0) for one in expected], dtype=np.float64)
        shares, total = np.array(list(expected.values())), sum(counts.values())
        outside = total - observed.sum()
        self.p[name] = 0.0 if outside else g_test(observed, shares)
        drawn = self._random.multinomial(total, shares / shares.sum()) / total
        apart = np.abs(observed / total - shares).sum() / 2
        self._apart[name] = (total, float(apart), float(np.abs(drawn - shares).sum() / 2))

    def figures(self) -> dict[str, float]:
        """Total variation of lengths, first states and rows, and that of pure chance."""
        rows = [one for name, one in self._apart.items() if name.startswith("row ")]
        weights, apart, chance = map(np.array, zip(*rows, strict=True))
        return {
            "lengths_apart": self._apart["lengths"][1],
            "lengths_chance": self._apart["lengths"][2],
            "first_apart": self._apart["first"][1],
            "first_chance": self._apart["first"][2],
            "rows_apart": float(np.average(apart, weights=weights)),
            "rows_chance": float(np.average(chance, weights=weights)),
        }


def g_test(observed: Float, shares: Float) -> float | None:
    """The p of the likelihood-ratio test; None where too little is expected to tell two cells."""
    from scipy.stats import power_divergence

    expected = shares * observed.sum()
    large = expected >= EXPECTED
    cells, means = observed[large], expected[large]
    if not large.all():
        cells, means = (
            np.append(cells, observed[~large].sum()),
            np.append(means, expected[~large].sum()),
        )
    if means[-1] < EXPECTED and len(means) > 1:  # the rest, added up, may still be too little
        least = means[:-1].argmin()
        cells[least], means[least] = cells[least] + cells[-1], means[least] + means[-1]
        cells, means = cells[:-1], means[:-1]
    if len(means) < 2:
        return None
    means *= cells.sum() / means.sum()
    return float(power_divergence(cells, means, lambda_="log-likelihood").pvalue)


def transitions(chains: Iterable[Sequence[State]]) -> dict[State, Counter[State]]:
    """State -> what came next -> how often."""
    found: defaultdict[State, Counter[State]] = defaultdict(Counter)
    for chain in chains:
        for before, after in pairwise(chain):
            found[before][after] += 1
    return dict(sorted(found.items()))


def switching(chains: Chains) -> float:
    """Share of transitions that change a label."""
    pairs = [before != after for chain in chains for before, after in pairwise(chain)]
    return float(np.mean(pairs))


def smoothed_apart(statistics: ChainStatistics, sampler: ChainSampler) -> float:
    """Mean total variation between the rows and the bare shares, by how often a row was left."""
    total = apart = 0.0
    for state, row in statistics.together.transitions.items():
        bare = shares(row)
        near = zip(sampler.states, sampler.row(state), strict=True)
        left = sum(row.values())
        apart += left * sum(abs(p - bare.get(one, 0.0)) for one, p in near) / 2
        total += left
    return apart / total


def likelihoods(whole: protocol.Parts) -> Figures:
    """Mean natural logarithm of a transition of the tuning conversations; and where every state
    is drawn by its share of all turns, whatever came before."""
    statistics, pairs = estimated(whole.train), list(pairs_of(whole.tuning))
    sampler, known = ChainSampler(statistics), shares(statistics.together.states)
    unseen = 1 / (sum(statistics.together.states.values()) + 1)
    return {
        "transitions": len(pairs),
        "log_likelihood": float(np.mean([sampler.log_likelihood(pair) for pair in pairs])),
        "log_likelihood_shares": float(
            np.mean([np.log(known.get(two, unseen)) for _, two in pairs])
        ),
    }


def pairs_of(conversations: Iterable[Conversation]) -> Iterator[tuple[State, State]]:
    """The transitions of conversations with gold."""
    for before, row in estimated(conversations).together.transitions.items():
        for after, count in row.items():
            yield from [(before, after)] * count


def shares(counts: Mapping[T, int]) -> dict[T, float]:
    """Counts as shares of their sum."""
    total = sum(counts.values())
    return {one: count / total for one, count in counts.items()}


def mean_length(lengths: Mapping[int, int]) -> float:
    return sum(one * count for one, count in lengths.items()) / sum(lengths.values())


if __name__ == "__main__":
    sys.exit(main())
