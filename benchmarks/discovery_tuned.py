"""What discovery would gain by a space that is learnt from the logs by contrast with neighbours.

    python -m benchmarks.discovery_tuned [--set NAME ...] [--seeds 0,1,2] [--quick]

    default       discovery as it is
    tuned         its clusters, every utterance given to the nearest of their centroids, five times
                  over, in a space that is learnt

A linear map of the vectors, words beside them, starts as identity and draws each utterance to one
of its five nearest neighbours in the adapted space, away from the others of a batch (contrast as
in Zhang et al., New Intent Discovery with Pre-training and Contrastive Learning, ACL 2022, whose
encoder is tuned; here it stays frozen). The nearest thirtieth of all is not pushed away. The
number of clusters stays what it was: in a space that is learnt the silhouette misleads the screen.

Its settings were chosen on hwu64 and snips. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, dropout, normalize

from benchmarks import data, protocol
from benchmarks.discovery_data import SETS, GoldSet, gold_set
from benchmarks.discovery_ours import clusters_of, found_in, helpers_for, scores
from benchmarks.runner import OUT, Figures, Table, parser, run, seeds_of
from turnwise.clusters import Rows, Vectors
from turnwise.discovery.adaptation import NEIGHBOURS, centre, join_words, smooth, unit
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.keyphrases import add_wants
from turnwise.discovery.neighbours import nearest
from turnwise.discovery.vectors_words import word_vectors
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.project import encoder_cache
from turnwise.workspace.vectors import SqliteVectorStore

DRAWN_TO = 5  # neighbours
SPARED = 30  # one in so many of all utterances, the nearest ones, is not pushed away
EPOCHS, BATCH, RATE, TEMPERATURE, DROPPED = 10, 256, 1e-3, 0.1, 0.2
REASSIGNED = 5
QUICK_TEXTS = 300


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], "about 5 minutes on 1 core")
    options.add_argument("--set", nargs="+", choices=SETS, default=SETS, metavar="NAME")
    options.add_argument("--seeds", type=seeds_of, default=protocol.SEEDS)
    return run("discovery_tuned", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Both forms on each set, and their means over the seeds."""
    onnx = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    store = SqliteVectorStore(OUT / "vectors.db", onnx.id)
    encoder = KeptEncoder(onnx, store)
    folder = data.data_folder(options.data)
    values: dict[str, list[float]] = defaultdict(list)
    for name in SETS[:1] if options.quick else options.set:
        gold = gold_set(folder, name)
        gold = gold.capped(QUICK_TEXTS) if options.quick else gold
        for seed in (0,) if options.quick else options.seeds:
            found = table.cell({"set": name, "seed": seed}, partial(both, gold, encoder, seed))
            for figure, value in found.items():
                if isinstance(value, (int, float)):
                    values[f"{name}, {figure}"].append(value)
    store.close()
    return {name: asdict(protocol.spread(runs)) for name, runs in values.items()}


def both(gold: GoldSet, encoder: Encoder, seed: int) -> Figures:
    """NMI and accuracy of discovery as it is, and of its clusters in the space that is learnt."""
    helpers = helpers_for(gold.name, encoder)
    found = found_in(gold.texts, encoder, DiscoveryConfig(seed=seed), helpers)
    clusters, plain = clusters_of(found), encoder.encode(gold.texts)
    start = time.perf_counter()
    vectors = centre(add_wants(gold.texts, plain, encoder))
    space = learnt(join_words(vectors, word_vectors(gold.texts, seed)), found.vectors, seed)
    moved = reassigned(space, clusters)
    seconds = round(time.perf_counter() - start, 1)
    figures: dict[str, float] = {"clusters": len(clusters), "seconds": seconds}
    for form, some in (("default", clusters), ("tuned", moved)):
        scored = scores(gold, some, plain, helpers.final_judge)
        figures |= {f"{form} {one}": scored[one] for one in ("nmi", "ari", "accuracy")}
    return figures


def learnt(vectors: Vectors, adapted: Vectors, seed: int) -> Vectors:
    """Map vectors, Float32[n, size], by contrast with neighbours in `adapted`; then smooth them."""
    n = len(vectors)
    spared = nearest(adapted, max(n // SPARED, DRAWN_TO)).ids.astype(np.int64)
    near = torch.eye(n, dtype=torch.bool)
    near[torch.arange(n)[:, None], torch.from_numpy(spared)] = True
    near |= near.T.clone()
    given, draw = torch.from_numpy(vectors), np.random.default_rng(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        added = nn.Linear(vectors.shape[1], vectors.shape[1], bias=False)
        nn.init.zeros_(added.weight)
        optimiser = torch.optim.AdamW(added.parameters(), lr=RATE)
        for _ in range(EPOCHS):
            order = draw.permutation(n)
            for rows in np.array_split(order, max(1, n // BATCH)):
                drawn_to = spared[rows, draw.integers(0, DRAWN_TO, len(rows))]
                views = [dropout(given[one], DROPPED) for one in (rows, drawn_to)]
                first, second = (normalize(one + added(one), dim=1) for one in views)
                loss = contrast(first @ second.T, near[rows][:, drawn_to])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
                optimiser.step()
    with torch.inference_mode():
        found: Vectors = normalize(given + added(given), dim=1).numpy()
    return smooth(found, nearest(found, NEIGHBOURS))


def contrast(cosines: torch.Tensor, near: torch.Tensor) -> torch.Tensor:
    """The loss of pairs on the diagonal; other near ones, Bool[n, n], count as nothing."""
    own = torch.eye(len(near), dtype=torch.bool)
    scaled = (cosines / TEMPERATURE).masked_fill(near & ~own, -1e9)
    wanted = torch.arange(len(near))
    return (cross_entropy(scaled, wanted) + cross_entropy(scaled.T, wanted)) / 2


def reassigned(vectors: Vectors, clusters: Sequence[Rows]) -> list[Rows]:
    """Give every utterance to the nearest centroid, those that were in no cluster, too."""
    kept = list(clusters)
    for _ in range(REASSIGNED):
        means = np.stack([vectors[rows].mean(axis=0) for rows in kept])
        home = (vectors @ unit(means, means).T).argmax(axis=1)
        kept = [rows for one in range(len(kept)) if len(rows := np.flatnonzero(home == one))]
    return kept


if __name__ == "__main__":
    sys.exit(main())
