"""What people are shown of a cluster."""

import numpy as np

from turnwise.discovery.examples import EXAMPLES, SAME, typical_rows

CENTRE = np.eye(8)[0]


def around(spread, count, seed=0):
    """Unit vectors around one direction."""
    drawn = CENTRE + spread * np.random.default_rng(seed).normal(size=(count, 8))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def test_examples_are_near_the_centre_and_not_at_the_edge():
    vectors = np.vstack([around(0.2, 40), around(2.0, 10, seed=1)])
    rows = typical_rows(vectors, np.arange(50))
    assert len(rows) == EXAMPLES
    assert max(rows) < 40
    centre = vectors.mean(axis=0)
    assert (vectors[rows] @ centre).mean() > (vectors[:40] @ centre).mean()
    assert list(vectors[rows] @ centre) == sorted(vectors[rows] @ centre, reverse=True)


def test_what_says_the_same_is_shown_once_while_there_is_anything_else():
    same = np.repeat(around(0.01, 1), 30, axis=0)
    vectors = np.vstack([same, around(0.8, 20, seed=1)])
    rows = typical_rows(vectors, np.arange(50))
    alike = vectors[rows] @ vectors[rows].T - 2 * np.eye(len(rows))
    assert alike.max() < SAME


def test_of_few_or_equal_members_all_are_shown_up_to_so_many():
    equal = np.repeat(around(0.0, 1), 30, axis=0)
    assert typical_rows(equal, np.arange(3, 7)) == [3, 4, 5, 6]
    assert len(set(typical_rows(equal, np.arange(30)))) == EXAMPLES
