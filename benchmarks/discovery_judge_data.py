"""The clusters that the embedded judges of discovery learn from and are measured on.

Each set, whole and in draws with fewer intents of uneven size, is clustered in several ways at
many numbers of clusters, on the encoder's vectors and on those that the loop sees. So that the
judge knows large logs and later rounds, many more utterances are thinned out and clustered as the
loop does, and again without the clusters that are fit. What was described is kept in
benchmarks/out, a file a set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.data import DataSet
from benchmarks.discovery_data import TALK
from benchmarks.runner import OUT, say
from turnwise.clusters import Rows, Space, Utterance, Vectors
from turnwise.conversations import Conversation, Turn
from turnwise.discovery.adaptation import adapt
from turnwise.discovery.candidates import lay_out
from turnwise.discovery.clusterings import by_average, by_graph, by_kmeans, by_ward
from turnwise.discovery.judging.statistics import Surroundings, describe
from turnwise.discovery.judging.wording import Worded, describe_wording
from turnwise.discovery.keyphrases import add_wants
from turnwise.discovery.thinning import WHOLE, looked_at, thinned
from turnwise.discovery.vectors_words import word_vectors
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.project import encoder_cache
from turnwise.sampling import stable_hash
from turnwise.workspace.vectors import SqliteVectorStore

FIT, MOST_OF = 0.7, 0.5  # of the cluster one intent's, of the intent in the cluster
COHERENT = 0.8
LARGEST, QUICK_LARGEST = 2_000, 600  # utterances of a draw
MANY = 10_000  # of those that are thinned out
DRAWS, QUICK_DRAWS = 3, 2  # the first is the whole set
FEWEST = 5  # members of a cluster that is judged
COUNTS = (0.3, 0.6, 0.85, 1.0, 1.25, 1.7, 2.5, 4.0)  # numbers of clusters, of intents
FEW_COUNTS = COUNTS[1::2]
RESOLUTIONS = (0.5, 1.0, 2.0, 4.0)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Part = tuple[Floats, Floats, Floats, Floats, Bools]


@dataclass(frozen=True)
class Shapes:
    """Many clusters of one set, described and told by gold.

    Attributes:
        geometry, wording: Float64[n, ...]. purity: share of the largest intent; recall: share of
            that intent in the cluster; Float64[n]. whole: made of the whole set.
    """

    geometry: Floats
    wording: Floats
    purity: Floats
    recall: Floats
    whole: Bools

    @property
    def fit(self) -> Bools:
        return _fit(self.purity, self.recall)

    @property
    def coherent(self) -> Bools:
        return self.purity >= COHERENT


def _fit(purity: Floats, recall: Floats) -> Bools:
    return (purity >= FIT) & (recall >= MOST_OF)


def read_shapes(folder: Path, name: str, *, quick: bool, fresh: bool, many: bool) -> Shapes:
    """Clusters of a set: those that an earlier run kept, or new ones.

    Args:
        quick: few draws of few utterances, always new. fresh: new ones. many: also of a large
            log, as the loop sees it, where the set is large.
    """
    path = OUT / f"discovery_judge.{name}{'.quick' if quick else ''}.npz"
    if not path.exists() or fresh or quick:
        say(f"clusters of {name} ...")
        found = list(chain.from_iterable(_draws(folder, name, quick, many)))
        columns = [np.concatenate(column) for column in zip(*found, strict=True)]
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, *columns)
    with np.load(path) as kept:
        geometry, wording, purity, recall, whole = (kept[one] for one in kept.files)
    return Shapes(geometry, wording, purity, recall, whole.astype(bool))


def _draws(folder: Path, name: str, quick: bool, many: bool) -> Iterator[list[Part]]:
    texts, gold = _utterances(folder, name)
    largest = QUICK_LARGEST if quick else LARGEST
    for seed in range(QUICK_DRAWS if quick else DRAWS):
        rows = _drawn(gold[: 2 * largest], seed)[:largest]
        spaces = _spaces([texts[row] for row in rows], seed)
        worded = Worded.of([texts[row] for row in rows])
        for space in spaces:
            around = Surroundings.of(space)
            yield [
                _part(around, worded, clusters, gold[rows], whole=seed == 0)
                for clusters in _clusterings(space, len(set(gold[rows])), seed)
            ]
    if many and len(texts) > WHOLE and not quick:
        yield list(_of_many(texts[:MANY], gold[:MANY]))


def _of_many(texts: list[str], gold: Rows) -> Iterator[Part]:
    """Many utterances as the loop sees them in its first round, and in a later one."""
    whole = Space(tuple(map(Utterance, texts)), *reversed(_spaces(texts, 0)))
    rows = looked_at(len(texts), 0)
    space = thinned(whole, rows, adapted=True)
    around, worded, gold = (
        Surroundings.of(space.vectors),
        Worded.of([texts[row] for row in rows]),
        gold[rows],
    )
    for clusters in _by_ladder(space.vectors):
        part = _part(around, worded, clusters, gold, whole=False)
        yield part
        fit = _fit(part[2], part[3])
        if fit.any() and not fit.all():
            kept = np.concatenate(list(compress(clusters, fit)))
            left = np.setdiff1d(np.arange(len(gold)), kept)
            for again in _by_ladder(space.vectors[left]):
                yield _part(around, worded, [left[one] for one in again], gold, whole=False)


def _by_ladder(vectors: Vectors) -> Iterator[list[Rows]]:
    """Communities at every third resolution that the loop would try."""
    cut = by_graph(vectors, 0)
    for resolution in lay_out("graph", len(vectors))[1::3]:
        if clusters := [rows for rows in cut(resolution) if len(rows) >= FEWEST]:
            yield clusters


def _spaces(texts: list[str], seed: int) -> tuple[Vectors, Vectors]:
    """The vectors that the loop sees, without and with the setting `adapt`."""
    plain = _encoder().encode(texts)
    return plain, adapt(add_wants(texts, plain, _encoder()), word_vectors(texts, seed))


def _utterances(folder: Path, name: str) -> tuple[list[str], Rows]:
    """Distinct texts with one intent, those of lowest h first, and their intents."""
    found: dict[str, str] = {}
    for data_set in _data_sets(folder, name):
        for turn in chain.from_iterable(map(_openings, _conversations(data_set))):
            (label,) = turn.gold["intent"]
            service, _, intent = label.rpartition("/")  # services of SGD share intents
            domain = turn.gold.get("domain", ()) if not service else ()
            if intent not in TALK | {"NONE"} and not data.out_of_scope(label):
                found.setdefault(turn.text, "/".join((*domain, intent)))
    texts = sorted(found, key=stable_hash)
    return texts, np.unique([found[text] for text in texts], return_inverse=True)[1]


def _data_sets(folder: Path, name: str) -> list[DataSet]:
    if name == "natcs_insurance":
        return [data.natcs_insurance(folder), data.utterances(folder, name)]
    dialogues = {"multidogo": data.multidogo, "sgd": data.sgd}
    read = dialogues.get(name)
    return [read(folder) if read else data.utterances(folder, name)]


def _conversations(data_set: DataSet) -> Iterator[Conversation]:
    return chain.from_iterable(data_set.splits.values())


def _openings(conversation: Conversation) -> Iterator[Turn]:
    """Turns with one intent; of several in a row with the same one, the first."""
    before: tuple[str, ...] = ()
    for turn in conversation.turns:
        labels = turn.gold.get("intent", ())
        if len(labels) == 1 and labels != before:
            yield turn
        before = labels or before


def _drawn(gold: Rows, seed: int) -> Rows:
    """All rows, or for a seed over 0 some intents, of each another share."""
    if not seed:
        return np.arange(len(gold))
    generator = np.random.default_rng(seed)
    intents = np.unique(gold)
    kept = generator.permutation(intents)[: max(5, int(len(intents) * generator.uniform(0.4, 1)))]
    shares = np.zeros(intents.max() + 1)
    shares[kept] = generator.uniform(0.1, 1, len(kept))
    return generator.permutation(np.flatnonzero(generator.random(len(gold)) < shares[gold]))


def _clusterings(vectors: Vectors, intents: int, seed: int) -> Iterator[list[Rows]]:
    ways = (
        (by_ward, COUNTS, intents),
        (by_kmeans, FEW_COUNTS, intents),
        (by_average, FEW_COUNTS, intents),
        (by_graph, RESOLUTIONS, 1),
    )
    for way, candidates, unit in ways:
        cut = way(vectors, seed)
        for candidate in candidates:
            count = candidate * unit
            if way is not by_graph and not 2 <= count <= len(vectors) / FEWEST:
                continue
            if clusters := [rows for rows in cut(count) if len(rows) >= FEWEST]:
                yield clusters


def _part(
    around: Surroundings, worded: Worded, clusters: list[Rows], gold: Rows, *, whole: bool
) -> Part:
    totals = np.bincount(gold)
    counts = np.stack([np.bincount(gold[rows], minlength=len(totals)) for rows in clusters])
    largest = counts.argmax(axis=1)
    most = counts.max(axis=1).astype(np.float64)
    return (
        describe(around, clusters).statistics,
        describe_wording(worded, clusters),
        most / counts.sum(axis=1),
        most / totals[largest],
        np.full(len(clusters), whole),
    )


@cache
def _encoder() -> Encoder:
    onnx = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    return KeptEncoder(onnx, SqliteVectorStore(OUT / "vectors.db", onnx.id))
