"""Large logs: clusters are looked for among a sample, and the others join them."""

from __future__ import annotations

import numpy as np
import pytest

from turnwise.clusters import Space, Utterance, Verdict
from turnwise.discovery.config import DiscoveryConfig
from turnwise.discovery.loop import find_clusters
from turnwise.discovery.thinning import SAMPLE, WHOLE, fill_up, looked_at, thinned

INTENTS = 8


class Memory(dict):
    """Rounds by number."""

    def put(self, found):
        self[found.number] = found


class PureJudge:
    """Calls good what is nearly all of one intent; a text begins with its intent."""

    source_name = "pure"

    def judge(self, space, clusters):
        said = [[text.split()[0] for text in space.texts(rows)] for rows in clusters]
        shares = [max(map(one.count, set(one))) / len(one) for one in said]
        return [Verdict(share >= 0.8, share) for share in shares]


@pytest.fixture(scope="module")
def many() -> Space:
    """More utterances than are clustered, of some intents in turn."""
    each = WHOLE // INTENTS + 40
    draw = np.random.default_rng(3)
    rows = np.repeat(np.eye(INTENTS, 24), each, axis=0)
    rows = rows + 1.2 / 24**0.5 * draw.normal(size=rows.shape)
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    texts = tuple(Utterance(f"{row // each} {row}") for row in range(len(vectors)))
    return Space(texts, vectors, vectors)


@pytest.mark.parametrize("n", [2, WHOLE])
def test_up_to_a_size_all_is_looked_at(n):
    assert looked_at(n, 0).tolist() == list(range(n))


def test_of_more_a_sample_of_one_size_is_drawn_by_the_seed():
    rows = looked_at(WHOLE + 1, 0)
    assert len(set(rows)) == len(rows) == len(looked_at(10 * WHOLE, 0)) == SAMPLE
    assert (np.diff(rows) > 0).all()
    assert (rows == looked_at(WHOLE + 1, 0)).all()
    assert (rows != looked_at(WHOLE + 1, 1)).any()


def test_a_sample_is_drawn_to_its_own_neighbours_only_where_vectors_are_adapted(many):
    rows = looked_at(len(many), 0)
    assert (thinned(many, rows, adapted=False).vectors == many.vectors[rows]).all()
    drawn = thinned(many, rows, adapted=True)
    assert drawn.texts(np.arange(3)) == many.texts(rows[:3])
    assert np.linalg.norm(drawn.vectors.mean(axis=0)) != np.linalg.norm(many.vectors.mean(axis=0))
    assert np.allclose(np.linalg.norm(drawn.vectors, axis=1), 1, atol=1e-4)


def test_the_others_join_the_nearest_cluster_and_what_is_far_from_all_stays_out():
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 0, 1, 2]]
    seen = np.arange(4)
    clusters, out = fill_up(vectors, [np.array([0, 1]), np.array([2, 3])], seen)
    assert [rows.tolist() for rows in clusters] == [[0, 1, 4], [2, 3, 5]]
    assert out.tolist() == [6]
    assert fill_up(vectors, [], seen)[1].tolist() == [4, 5, 6]


def test_large_logs_give_as_many_clusters_as_there_are_intents(many):
    store = Memory()
    found = find_clusters(many, PureJudge(), DiscoveryConfig(), store)
    assert abs(len(found.clusters) - INTENTS) <= 1
    rows = np.sort(np.concatenate([*found.clusters, found.left]))
    assert rows.tolist() == list(range(len(many)))
    assert len(found.left) < 0.05 * len(many)
    assert f"{SAMPLE:,} utterances by lot" in found.notes[-1]
    again = find_clusters(many, PureJudge(), DiscoveryConfig(), store)
    assert [one.tolist() for one in again.clusters] == [one.tolist() for one in found.clusters]


def test_the_rounds_of_large_logs_tell_rows_of_the_whole(many):
    found = find_clusters(many, PureJudge(), DiscoveryConfig(), Memory())
    kept = {row for one in found.rounds for rows in one.kept for row in rows}
    assert kept <= set(looked_at(len(many), 0).tolist())
    for rows, cluster in zip(found.rounds[0].kept, found.clusters, strict=False):
        assert set(rows) <= set(cluster.tolist())
