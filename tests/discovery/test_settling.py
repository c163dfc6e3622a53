"""A left-over joins the cluster it clearly belongs to; what lies between stays out."""

from __future__ import annotations

import numpy as np

from turnwise.discovery.settling import settle


def unit(*rows):
    found = np.array(rows, np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


VECTORS = unit(
    (1, 0, 0), (0.9, 0.1, 0), (0, 1, 0), (0.1, 0.9, 0), (0.8, 0.2, 0), (1, 1, 0), (0, 0, 1)
)
KEPT = [np.array([0, 1]), np.array([2, 3])]


def test_a_row_joins_where_it_clearly_belongs_and_the_others_stay_left():
    clusters, left = settle(VECTORS, KEPT, np.array([4, 5, 6]))
    assert [rows.tolist() for rows in clusters] == [[0, 1, 4], [2, 3]]
    assert left.tolist() == [5, 6]


def test_with_one_cluster_or_nothing_left_all_stays():
    alone, left = settle(VECTORS, KEPT[:1], np.array([4, 5]))
    assert alone[0].tolist() == [0, 1]
    assert left.tolist() == [4, 5]
    assert settle(VECTORS, [], np.array([1]))[1].tolist() == [1]
    none = np.array([], np.intp)
    assert settle(VECTORS, KEPT, none)[1].tolist() == []
