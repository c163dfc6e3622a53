"""The map keeps neighbours together, its labels apart, and its libraries out of everything else."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from found_cases import found, grouped
from hypothesis import given
from hypothesis import strategies as st

from turnwise.evaluation.discovery import map as maps
from turnwise.evaluation.discovery.labels import place_labels
from turnwise.evaluation.discovery.map import lay_out
from turnwise.evaluation.discovery.scatter import draw_map

EXTENT = (600.0, 400.0)


def test_umap_keeps_groups_together_and_draws_the_same_map_again():
    vectors, group = grouped(4, 30), np.repeat(np.arange(4), 30)
    layout = lay_out(vectors, [], seed=3)
    assert layout.method == "UMAP"
    assert layout.points.min() >= 0
    assert layout.points.max() <= 1
    away = np.square(layout.points[:, None] - layout.points[None]).sum(axis=2)
    np.fill_diagonal(away, np.inf)
    assert np.mean(group[away.argmin(axis=1)] == group) > 0.95
    again = lay_out(vectors, [], seed=3)
    assert np.array_equal(layout.points, again.points)


def test_without_umap_the_principal_components_are_drawn_and_the_page_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    discovery = found(12, each=12)
    layout = lay_out(discovery.vectors, [])
    assert layout.method == "PCA"
    assert "principal components" in draw_map(discovery, layout).reading


@pytest.mark.parametrize("count", [0, 1, 2, 150])
def test_vectors_that_are_all_the_same_are_laid_out_too(count):
    layout = lay_out(np.tile(grouped(1, 1), (count, 1)), [])
    assert layout.points.shape == (count, 2)
    assert np.isfinite(layout.points).all()


def test_of_too_many_utterances_a_sample_is_drawn_that_leaves_no_cluster_out(monkeypatch):
    monkeypatch.setattr(maps, "MOST_POINTS", 60)
    monkeypatch.setitem(sys.modules, "umap", None)
    clusters = [np.arange(400), np.arange(400, 500), np.arange(500, 506)]
    layout = lay_out(grouped(20, 30), clusters)
    shares = [len(np.intersect1d(layout.rows, rows)) for rows in clusters]
    assert shares == [40, 10, 5]
    assert len(layout.rows) == 40 + 10 + 5 + 9  # the last of what is in no cluster
    assert np.array_equal(layout.rows, lay_out(grouped(20, 30), clusters).rows)


def test_the_page_tells_how_many_are_left_out(monkeypatch):
    monkeypatch.setattr(maps, "MOST_POINTS", 20)
    discovery = found()
    layout = lay_out(discovery.vectors, [np.array(one.members) for one in discovery.clusters])
    drawn = draw_map(discovery, layout)
    assert f"Of 34 a sample of {len(layout.rows)} is drawn" in drawn.reading
    assert drawn.svg.count("h0") == len(layout.rows)


def test_every_cluster_has_its_dots_its_tip_and_the_largest_a_name():
    discovery = found(5, left=4)
    drawn = draw_map(discovery, lay_out(discovery.vectors, [])).svg
    for number, one in enumerate(discovery.clusters, start=1):
        assert f"<title>{number}. {one.name.name}, 12 turns</title>" in drawn
        assert f">{one.name.name}</text>" in drawn
    assert drawn.count("<title>unclustered</title>") == 1


def test_clusters_that_lie_together_get_different_colours():
    discovery = found(10, each=3, left=3)
    same = replace(discovery, vectors=np.tile(discovery.vectors[:1], (len(discovery.vectors), 1)))
    drawn = draw_map(same, lay_out(same.vectors, [])).svg
    colours = [part.split('"')[0] for part in drawn.split('stroke="')[1:]]
    assert len(set(colours)) >= 11  # and the grey of what is in none


places = st.lists(st.tuples(st.floats(0, 600), st.floats(0, 400)), max_size=60)


@given(places, st.integers(1, 40))
def test_labels_never_overlap_and_stay_on_the_drawing(centres, length):
    dots = np.array(centres, dtype=np.float32).reshape(-1, 2)
    names = [f"{at}{'n' * length}" for at in range(len(centres))]
    placed = place_labels(names, centres, dots, EXTENT)
    assert all(label.is_inside(EXTENT) for label in placed)
    for at, label in enumerate(placed):
        assert not any(label.overlaps(other) for other in placed[:at])


def test_a_name_without_room_becomes_a_number_and_a_name_avoids_the_dots():
    crowded = [(300.0, 200.0)] * 50
    texts = [label.text for label in place_labels(["same-name"] * 50, crowded, _none(), EXTENT)]
    assert texts[0] == "same-name"
    assert any(text.isdigit() for text in texts) or len(texts) < 50
    blob = np.random.default_rng(0).normal((300, 200), 9, size=(300, 2)).astype(np.float32)
    alone = place_labels(["a-name"], [(300.0, 200.0)], blob, EXTENT)[0]
    assert abs(alone.y - 200) + abs(alone.x - 300) > 12
    assert alone.is_away


def _none():
    return np.zeros((0, 2), dtype=np.float32)


def test_importing_the_report_brings_no_heavy_library_along():
    code = (
        "import sys, turnwise.evaluation.discovery; heavy = {'umap', 'numba', 'sklearn', 'scipy', "
        "'altair'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_runs_after_the_map_has_as_many_threads_as_before():
    # A training that is killed and goes on ends with the same weights on as many threads only.
    code = (
        "import numpy, torch; from turnwise.evaluation.discovery.map import lay_out; "
        "vectors = numpy.random.default_rng(0).normal(size=(120, 8)).astype(numpy.float32); "
        "assert lay_out(vectors, []).method == 'UMAP'; assert torch.get_num_threads() == 1"
    )
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", code], check=True, env=alone)
