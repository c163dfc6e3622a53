"""Representatives of a cluster: what each way of sampling shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.discovery import DiscoveryConfig
from turnwise.discovery.representatives import Sampler, flatten, hull_corners

WAYS = ("random", "nearest", "farthest", "convex")


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def vectors():
    """60 that say much the same, and 2 far from them and from each other, in the last rows."""
    generator = np.random.default_rng(0)
    core = np.eye(16)[0] + 0.05 * generator.normal(size=(60, 16))
    return unit(np.vstack([core, np.eye(16)[1:3] + 0.3 * np.eye(16)[0]]))


@settings(deadline=None)
@given(
    way=st.sampled_from(WAYS),
    size=st.integers(3, 30),
    members=st.integers(1, 60),
    dimensions=st.integers(2, 8),
    alike=st.booleans(),
)
def test_every_way_draws_different_members_as_many_as_asked(way, size, members, dimensions, alike):
    generator = np.random.default_rng(members)
    vectors = unit(generator.normal(size=(80, 6)))
    if alike:
        vectors[:] = vectors[0]
    rows = generator.permutation(80)[:members]
    sampler = Sampler(way, size, dimensions)
    drawn = sampler.draw(vectors, rows)
    assert len(drawn) == len(set(drawn)) == min(size, members)
    assert set(drawn) <= set(rows)
    assert drawn.tolist() == sampler.draw(vectors, rows).tolist()


def test_hull_and_farthest_show_what_does_not_belong_and_nearest_does_not(vectors):
    rows = np.arange(62)
    for way, shows in (("convex", True), ("farthest", True), ("nearest", False)):
        drawn = set(Sampler(way, 20).draw(vectors, rows))
        assert {60, 61} <= drawn if shows else not {60, 61} & drawn, way


def test_random_and_convex_draw_anew_each_time_and_the_others_do_not(vectors):
    rows = np.arange(60)
    for way in WAYS:
        first, second = (set(Sampler(way, 20).draw(vectors, rows, repeat)) for repeat in (0, 1))
        assert (first != second) == (way in ("random", "convex")), way


def test_a_seed_changes_what_is_drawn(vectors):
    draws = [Sampler("random", 10, seed=seed).draw(vectors, np.arange(60)) for seed in (0, 1)]
    assert set(draws[0]) != set(draws[1])


def test_corners_of_a_square_are_its_hull_whatever_lies_within():
    square = np.array([[0, 0], [0.5, 0.5], [1, 0], [0.2, 0.7], [1, 1], [0, 1]], float)
    assert hull_corners(square).tolist() == [0, 2, 4, 5]


def test_points_on_a_line_have_two_ends_and_equal_points_one():
    line = np.linspace(0, 1, 9)[:, None] * np.array([[1.0, 1.0]])
    assert hull_corners(line).tolist() == [0, 8]
    assert hull_corners(flatten(line.astype(np.float32), 3)).tolist() == [0, 8]
    assert hull_corners(flatten(np.ones((9, 4), np.float32), 2)).tolist() == [0]


def test_a_sampler_reads_the_configuration():
    config = DiscoveryConfig(sampling="nearest", sample=7, dimensions=3, seed=9)
    assert Sampler.of(config) == Sampler("nearest", 7, 3, 9)
