"""A tree over named clusters that a taxonomy file takes as it is."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.discovery.naming.named_clusters import named, space_of
from tests.labelling.conftest import WordEncoder
from turnwise.discovery.hierarchy import arrange
from turnwise.discovery.merging import Merged
from turnwise.taxonomy import Dimension, Label, Taxonomy, load_taxonomy, save_taxonomy

pytest.importorskip("scipy")

SUBJECTS = {"loan": ("renew", "find", "end"), "card": ("lose", "block", "order")}
ROOMS = {"room": ("book", "leave", "heat"), "fine": ("pay", "dispute", "lower")}


def tree_of(subjects, levels, extra=()):
    names = [f"{verb}-{noun}" for noun, verbs in subjects.items() for verb in verbs]
    texts = [
        [f"I want to {verb} my {noun} {noun} {number}" for number in ("now", "today", "soon")]
        for noun, verbs in subjects.items()
        for verb in verbs
    ]
    names += [name for name, _ in extra]
    texts += [some for _, some in extra]
    space, rows = space_of(texts)
    parts = tuple((at,) for at in range(len(names)))
    merged = Merged(tuple(rows), tuple(named(*names)), parts, ())
    return arrange(space, merged, WordEncoder(), levels)


def test_clusters_about_the_same_stand_under_a_parent_that_names_it():
    paths = tree_of(SUBJECTS | ROOMS, levels=2)
    parents = {path[-1].partition("-")[2]: path[0] for path in paths}
    assert parents == {"loan": "loan", "card": "card", "room": "room", "fine": "fine"}


def test_one_level_is_flat():
    assert tree_of(SUBJECTS, levels=1)[0] == ("renew-loan",)


def test_few_clusters_are_flat():
    assert all(len(path) == 1 for path in tree_of({"loan": ("renew", "end")}, levels=3))


def test_a_cluster_that_is_like_no_other_has_no_parent():
    paths = tree_of(
        {noun: (*verbs, "see") for noun, verbs in SUBJECTS.items()},
        levels=2,
        extra=[("greet-hello", ["hello there", "hi hello", "hello you"])],
    )
    assert paths[-1] == ("greet-hello",)


def test_a_cluster_without_a_word_of_its_groups_name_has_no_parent():
    strange = ["a cab to the station please", "one cab for us please", "a cab please"]
    paths = tree_of(SUBJECTS | ROOMS, levels=2, extra=[("take-cab", strange)])
    assert paths[-1] == ("take-cab",)
    for parent, name in (path for path in paths if len(path) > 1):
        assert set(parent.split("-")) & set(name.split("-")), "the name tells what stands under it"


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_the_tree_is_a_taxonomy(levels, tmp_path):
    paths = tree_of(SUBJECTS | ROOMS, levels=levels)
    labels = tuple(Label(path[-1], path) for path in paths)
    taxonomy = Taxonomy("library", (Dimension("intent", labels),))
    save_taxonomy(taxonomy, tmp_path / "taxonomy.yaml")
    assert load_taxonomy(tmp_path / "taxonomy.yaml") == taxonomy
    assert max(map(len, paths)) <= levels


@pytest.mark.parametrize("levels", [2, 3])
def test_no_parent_has_one_child_or_two_places(levels):
    paths = tree_of(SUBJECTS | ROOMS, levels=levels)
    children = Counter(
        parent for parent, _ in {(path[:n], path[n]) for path in paths for n in range(1, len(path))}
    )
    assert min(children.values()) > 1
    nodes = {path[:n] for path in paths for n in range(1, len(path) + 1)}
    assert len({node[-1] for node in nodes}) == len(nodes), "no name stands in two places"


def test_a_parent_never_takes_the_name_of_a_cluster():
    extra = [("loan", ["a loan", "my loan", "that loan"])]
    paths = tree_of(SUBJECTS | ROOMS, levels=2, extra=extra)
    assert all(path[0] != "loan" for path in paths if len(path) > 1)


def test_the_same_clusters_give_the_same_tree():
    assert tree_of(SUBJECTS | ROOMS, 3) == tree_of(SUBJECTS | ROOMS, 3)
