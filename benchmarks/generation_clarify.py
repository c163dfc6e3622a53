"""Ambiguous queries and clarification conversations, embedded, on BANKING77, SNIPS and ATIS.

    python -m benchmarks.generation_clarify [--data-set NAME ...] [--queries N] [--coverage 0.95]
        [--seeds 0,1,2] [--quick]

A reader (logistic regression on frozen vectors of the default encoder) learns from the training
split; the tuning split gives the level of its conformal sets. Test queries are made ambiguous and
played by the library's embedded assistant and customer, and judged by its embedded judge.

NOBODY ANSWERED ANYTHING HERE: customer, assistant and judge share the one reader, so the shares of
right labels and the scores are those of a closed circle. Figures of one cell:

    made, made_of_clear         ambiguous of the queries; of those that were clear to begin with
    pairs                       queries that fit a pair of labels; pairs_tried
    labels                      that an ambiguous query may mean, on average
    words, words_clear          on average, of ambiguous and of clear queries
    seen_pairs, seen_pairs_clear  share of neighbouring words that the training split also shows
    dangling                    share that ends in a word which asks for another
    right, asked, turns         conversations from ambiguous queries that end in the right label;
                                that asked at all; turns of the customer on average
    unknown                     share of the answers that are "I do not know"
    sdrs, ars                   means over all conversations, also those that ended wrongly
    out_of_domain               right of those whose label was not offered
    dropped                     reason -> how many queries and conversations

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, protocol
from benchmarks.runner import Figures, Table, parser, run, seeds_of
from turnwise.conversations import Conversation, Example
from turnwise.encoders import DEFAULT_ENCODER, Encoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.generation.ambiguity import (
    Ambiguous,
    ClearQuery,
    EmbeddedAmbiguity,
    Phrasing,
    ReaderSets,
    make_ambiguous,
)
from turnwise.generation.ambiguity.leaving_out import LONG, UNCLEAR
from turnwise.generation.ambiguity.pairing import NO_QUERY
from turnwise.generation.ambiguity.phrases import tokens
from turnwise.generation.ambiguity.words import LEADS_ON
from turnwise.generation.clarification import (
    EmbeddedAssistant,
    EmbeddedCustomer,
    EmbeddedJudge,
    Failed,
    Played,
    Sdrs,
    fault_of,
    play,
    score,
    starts,
)
from turnwise.generation.clarification.customer import UNKNOWN
from turnwise.project import encoder_cache
from turnwise.sampling import in_tuning_split, stable_hash
from turnwise.taxonomy import Taxonomy

HOURS = "about 5 minutes a seed on 1 core"
DATA = ("banking77", "snips", "atis")
DIMENSION = "intent"
QUERIES, QUICK_QUERIES, QUICK_TRAINING = 700, 100, 2000
COVERAGE = 0.95
DROPOUT = 0.1
PENALTY = 20.0  # inverse, of the regression; not tuned


class Frozen:
    """Logistic regression on frozen vectors; each distinct text is read once."""

    def __init__(
        self, encoder: Encoder, taxonomy: Taxonomy, taught: Sequence[Conversation]
    ) -> None:
        from sklearn.linear_model import LogisticRegression

        self._encoder, self._names = encoder, taxonomy[DIMENSION].names
        self._model = LogisticRegression(C=PENALTY, max_iter=300)
        self._model.fit(encoder.encode(list(map(_said, taught))), list(map(_label, taught)))
        self._kept: dict[str, NDArray[np.float32]] = {}

    def probabilities(self, examples: Sequence[Example]) -> Mapping[str, NDArray[np.float32]]:
        texts = [one.text for one in examples]
        missing = [one for one in dict.fromkeys(texts) if one not in self._kept]
        if missing:
            found = self._model.predict_proba(self._encoder.encode(missing))
            rows = np.zeros((len(missing), len(self._names)), np.float32)
            rows[:, [self._names.index(one) for one in self._model.classes_]] = found
            self._kept.update(zip(missing, rows, strict=True))
        return {DIMENSION: np.stack([self._kept[one] for one in texts])}


@dataclass(frozen=True)
class Bench:
    """One data set, its reader and its clear queries."""

    sets: ReaderSets
    phrasing: Phrasing
    clear: Sequence[ClearQuery]
    accuracy: float


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--data-set", nargs="+", choices=DATA, default=DATA, metavar="NAME")
    options.add_argument("--queries", type=int, default=QUERIES)
    options.add_argument("--coverage", type=float, default=COVERAGE)
    options.add_argument("--seeds", type=seeds_of, default=protocol.SEEDS)
    return run("generation_clarify", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell, and means over the seeds."""
    if options.quick:
        options.data_set, options.seeds, options.queries = DATA[:1], (0,), QUICK_QUERIES
    encoder = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    summary: dict[str, dict[str, float]] = {}
    for name in options.data_set:
        bench: list[Bench] = []  # made when a cell needs it
        cells = []
        for seed in options.seeds:
            key = {
                "data": name,
                "seed": seed,
                "queries": options.queries,
                "coverage": options.coverage,
                "quick": options.quick,
            }

            def measure(name: str = name, seed: int = seed, bench: list[Bench] = bench) -> Figures:
                if not bench:
                    bench.append(_prepared(encoder, name, options))
                return _measured(bench[0], seed, options.queries)

            cells.append(table.cell(key, measure))
        shared = [one for one, value in cells[0].items() if isinstance(value, (int, float))]
        summary[name] = {one: round(mean(float(cell[one]) for cell in cells), 4) for one in shared}  # type: ignore[arg-type]
    return {"licence": {one: data.ORIGINS[one].licence for one in options.data_set}, **summary}


def _prepared(encoder: Encoder, name: str, options: argparse.Namespace) -> Bench:
    whole = data.utterances(data.data_folder(options.data), name)
    taxonomy = whole.taxonomy
    names = set(taxonomy[DIMENSION].names)
    usable = {
        split: [one for one in part if _label(one) in names] for split, part in whole.splits.items()
    }
    taught = [one for one in usable["train"] if not in_tuning_split(one.id)]
    if options.quick:
        taught = sorted(taught, key=lambda one: stable_hash(one.id))[:QUICK_TRAINING]
    tuning = [one for one in usable["train"] if in_tuning_split(one.id)]
    reader = Frozen(encoder, taxonomy, taught)
    rows = reader.probabilities([Example(one, 0) for one in tuning])[DIMENSION]
    truth = [taxonomy[DIMENSION].index[_label(one)] for one in tuning]
    given = np.sort(rows[np.arange(len(truth)), truth])
    least = float(max(given[int((1 - options.coverage) * len(given))], 1e-6))
    clear = [
        ClearQuery(_said(one), {DIMENSION: _label(one)}, f"{one.id}#0") for one in usable["test"]
    ]
    return Bench(
        ReaderSets(reader, taxonomy, {DIMENSION: least}),
        Phrasing.of(map(_said, usable["train"])),
        clear,
        float((rows.argmax(1) == truth).mean()),
    )


def _measured(bench: Bench, seed: int, count: int) -> Figures:
    ordered = sorted(bench.clear, key=lambda one: stable_hash(f"{seed} {one.source}"))
    queries, dropped = ordered[:count], Counter[str]()
    start = time.perf_counter()
    maker = EmbeddedAmbiguity(bench.sets, bench.phrasing)
    made = list(make_ambiguous(queries, maker, dropped=dropped, seed=seed))
    making = time.perf_counter() - start
    start = time.perf_counter()
    results = play(
        starts(made, bench.sets.taxonomy, dropout=DROPOUT, seed=seed),
        EmbeddedAssistant(bench.sets),
        EmbeddedCustomer(bench.sets),
    )
    playing = time.perf_counter() - start
    dropped.update(fault for one in results if (fault := fault_of(one)))
    played = [one for one in results if isinstance(one, Played)]
    scores = [
        one for one in score(played, EmbeddedJudge(bench.sets)) if not isinstance(one, Failed)
    ]
    edits = [one for one in made if len(one.clear) == 1]
    clear = len(queries) - dropped[UNCLEAR] - dropped[LONG]
    pairs = len(made) - len(edits)
    return {
        "made": len(edits) / len(queries),
        "made_of_clear": len(edits) / max(1, clear),
        "pairs": pairs,
        "pairs_tried": pairs + dropped[NO_QUERY],
        **_plausible(bench, made, queries),
        **_played(played, scores),
        "accuracy": bench.accuracy,
        "least": bench.sets.least[DIMENSION],
        "making_seconds": round(making, 1),
        "playing_seconds": round(playing, 1),
        "dropped": dict(sorted(dropped.items())),
    }


def _plausible(
    bench: Bench, made: Sequence[Ambiguous], queries: Sequence[ClearQuery]
) -> dict[str, float]:
    """How much like queries of customers they are, as far as counting tells."""
    texts, clear = [one.text for one in made], [one.text for one in queries]
    return {
        "labels": mean(len(one.labels) for one in made),
        "words": mean(len(one.split()) for one in texts),
        "words_clear": mean(len(one.split()) for one in clear),
        "seen_pairs": mean(_seen(bench.phrasing, one) for one in texts),
        "seen_pairs_clear": mean(_seen(bench.phrasing, one) for one in clear),
        "dangling": mean(_dangles(one) for one in texts),
        "dangling_clear": mean(_dangles(one) for one in clear),
    }


def _seen(phrasing: Phrasing, text: str) -> float:
    words = ["", *(one.word for one in tokens(text)), ""]
    return mean(phrasing.pairs[pair] > 0 for pair in pairwise(words))


def _dangles(text: str) -> bool:
    said = tokens(text)
    return bool(said) and said[-1].word in LEADS_ON


def _played(played: Sequence[Played], scores: Sequence[Sdrs]) -> dict[str, float]:
    unclear = [one for one in played if one.talk.start.target is not None]
    clear = [one for one in played if one.talk.start.target is None]
    answers = [said for one in played for said in one.talk.answers]
    return {
        "conversations": len(played),
        "right": mean(one.right for one in unclear),
        "asked": mean(bool(one.talk.questions) for one in unclear),
        "turns": mean(len(one.talk.customer) for one in unclear),
        "unknown": mean(one == UNKNOWN for one in answers),
        "sdrs": mean(one.value for one in scores),
        "ars": mean(one.ambiguity for one in scores),
        "out_of_domain": mean(one.right for one in clear) if clear else 0.0,
    }


def mean(values: Iterable[float]) -> float:
    """0 where there are none."""
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def _said(one: Conversation) -> str:
    return one.turns[0].text


def _label(one: Conversation) -> str:
    return one.turns[0].gold[DIMENSION][0]


if __name__ == "__main__":
    sys.exit(main())
