"""The levels of a label tree, and the scores of labels from the scores of levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from turnwise.bundle.levels import Levels, leaves_only, level_logits, levels_of, path_scores
from turnwise.bundle.model import softmax
from turnwise.taxonomy import PATH_SEPARATOR, Dimension, Label


def dimension(*paths: str) -> Dimension:
    split = [tuple(path.split(PATH_SEPARATOR)) for path in paths]
    return Dimension("intent", tuple(Label(path[-1], path) for path in split))


@st.composite
def trees(draw: st.DrawFn) -> Dimension:
    above = draw(st.lists(st.lists(st.sampled_from("ABC"), max_size=3), min_size=1, max_size=9))
    return dimension(*(PATH_SEPARATOR.join([*path, f"L{at}"]) for at, path in enumerate(above)))


@st.composite
def scored(draw: st.DrawFn) -> tuple[Levels, np.ndarray, list[float]]:
    levels = levels_of(draw(trees()))
    shape = (draw(st.integers(1, 4)), levels.width)
    logits = draw(arrays(np.float32, shape, elements=st.floats(-5, 5, width=32)))
    depth = len(levels.sizes)
    return levels, logits, draw(st.lists(st.floats(0.2, 5), min_size=depth, max_size=depth))


def test_levels_go_from_the_root_to_the_labels():
    levels = levels_of(dimension("A > a > x", "A > a > y", "A > b > z", "B > c > u", "B > c > v"))
    assert levels.ancestors == ((0, 0, 0, 1, 1), (0, 0, 1, 2, 2), (0, 1, 2, 3, 4))
    assert (levels.sizes, levels.width) == ((2, 3, 5), 10)


def test_a_label_above_the_deepest_level_stands_for_itself_below():
    levels = levels_of(dimension("A > a > x", "A > a > y", "A > z", "u"))
    assert levels.ancestors == ((0, 0, 0, 1), (0, 0, 1, 2), (0, 1, 2, 3))


@pytest.mark.parametrize("paths", [("a", "b", "c"), ("A > a", "A > b"), ("A > a", "B > b")])
def test_levels_that_tell_nothing_more_are_left_out(paths):
    assert levels_of(dimension(*paths)) == leaves_only(dimension(*paths))


def test_levels_can_be_compared_and_kept_in_sets():
    one, again = levels_of(dimension("A > a", "b")), levels_of(dimension("C > a", "d"))
    assert len({one, again}) == 1


@given(trees())
def test_every_level_divides_the_one_above_and_the_last_is_the_labels(tree):
    levels = levels_of(tree)
    assert levels.ancestors[-1] == tuple(range(len(tree.labels)))
    for above, below in zip(levels.ancestors, levels.ancestors[1:], strict=False):
        assert len(set(zip(above, below, strict=True))) == max(below) + 1 > max(above) + 1 > 1


@given(trees())
def test_the_labels_of_a_node_are_those_under_a_path(tree):
    prefixes = {label.path[:depth] for label in tree.labels for depth in range(1, 5)}
    under = {tree.under(PATH_SEPARATOR.join(prefix)) for prefix in prefixes}
    for level, size in zip(levels_of(tree).ancestors, levels_of(tree).sizes, strict=True):
        nodes = [
            frozenset(name for name, place in zip(tree.names, level, strict=True) if place == node)
            for node in range(size)
        ]
        assert under.issuperset(nodes)


@given(scored())
def test_a_label_scores_the_sum_over_its_path(case):
    levels, logits, temperatures = case
    parts = list(zip(level_logits(logits, levels), levels.ancestors, temperatures, strict=True))
    for row in range(len(logits)):
        wanted = [
            sum(float(part[row, places[label]]) / t for part, places, t in parts)
            for label in range(levels.sizes[-1])
        ]
        assert path_scores(logits, levels, temperatures)[row] == pytest.approx(wanted, abs=1e-4)


@given(scored())
def test_their_softmax_is_the_product_of_the_levels_over_the_paths_there_are(case):
    levels, logits, temperatures = case
    found = softmax(path_scores(logits, levels, temperatures))
    product = np.ones_like(found)
    for part, places, t in zip(
        level_logits(logits, levels), levels.ancestors, temperatures, strict=True
    ):
        product *= softmax(part, t)[:, list(places)]
    np.testing.assert_allclose(found, product / product.sum(1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@given(arrays(np.float32, (3, 4), elements=st.floats(-9, 9, width=32)), st.floats(0.05, 20))
def test_one_level_is_plain_temperature_scaling(logits, temperature):
    levels = leaves_only(dimension("A > a", "A > b", "c", "d"))
    found = path_scores(logits, levels, [temperature])
    np.testing.assert_array_equal(found, logits / np.float32(temperature))
    assert found.dtype == np.float32


def test_no_examples_have_no_scores():
    levels = levels_of(dimension("A > a", "A > b", "c"))
    assert path_scores(np.zeros((0, 5), np.float32), levels, [1, 1]).shape == (0, 3)


def test_each_level_needs_its_temperature():
    levels = levels_of(dimension("A > a", "A > b", "c"))
    with pytest.raises(ValueError, match="shorter"):
        path_scores(np.zeros((1, 5), np.float32), levels, [1])
