"""What was found -> a taxonomy: of one dimension, or a given one with what it lacked.

The result passes the checks of `turnwise.taxonomy_file`: names are unique, paths end in their
names, and no label is an inner node of another's path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from turnwise.clusters import Cluster, Discovery
from turnwise.errors import TaxonomyError
from turnwise.taxonomy import PATH_SEPARATOR, Dimension, Label, Taxonomy

DIMENSION = "intent"
ABOUT = "What the customer wants."
LONGEST_NAME = 100
LONGEST_EXAMPLE = 300  # characters


def propose_labels(found: Discovery, taken: Iterable[str] = ()) -> tuple[Label, ...]:
    """One label for each cluster, in their order.

    Args:
        taken: names of labels and of inner nodes that are there already; a cluster of such a name
            gets a number behind it.

    Returns:
        Labels with title, description and examples. Clusters whose names are near each other, but
        that were not merged, are said to be easily mistaken for one another.
    """
    names = _unique([one.name.name for one in found.clusters], taken)
    called = dict(zip((one.name.name for one in found.clusters), names, strict=True))
    labels = []
    for cluster, name in zip(found.clusters, names, strict=True):
        own = cluster.name
        near = (
            called[two]
            for merge in found.merges
            if not merge.done and own.name in (merge.one, merge.other)
            for two in (merge.one, merge.other)
            if two != own.name and two in called
        )
        labels.append(
            Label(
                name,
                (*filter(None, map(_node, cluster.path[:-1])), name),
                _line(own.description),
                examples_of(found, cluster),
                confused_with=tuple(dict.fromkeys(near)),
                titles={own.language or "en": _line(own.title)} if own.title.strip() else {},
            )
        )
    return _untangled(labels)


def examples_of(found: Discovery, cluster: Cluster) -> tuple[str, ...]:
    """Texts that speak for a cluster; those that say nothing alone only where there are no others.

    Long ones are cut, and each is on one line.
    """
    shown = [found.utterances[row] for row in cluster.examples]
    alone = [one.text for one in shown if not one.before]
    texts = map(_line, alone or [one.whole for one in shown])
    cut = (text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}…" for text in texts)
    return tuple(dict.fromkeys(filter(None, cut)))


def new_taxonomy(labels: Sequence[Label], name: str = "discovered") -> Taxonomy:
    """A taxonomy of one dimension.

    Raises:
        TaxonomyError: there is no label.
    """
    if not labels:
        raise TaxonomyError("no intent was found, so there is no taxonomy to propose")
    return Taxonomy(name, (Dimension(DIMENSION, _untangled(labels), ABOUT),))


def extended(taxonomy: Taxonomy, dimension: str, labels: Sequence[Label]) -> Taxonomy:
    """A taxonomy with more labels in one dimension, and the next version.

    Args:
        labels: with names that the dimension lacks.

    Raises:
        TaxonomyError: there is no such dimension.
    """
    check_dimension(taxonomy, dimension)
    every = _untangled((*taxonomy[dimension].labels, *labels), len(taxonomy[dimension].labels))
    dimensions = tuple(
        replace(one, labels=every) if one.name == dimension else one for one in taxonomy.dimensions
    )
    return replace(taxonomy, dimensions=dimensions, version=taxonomy.version + bool(labels))


def check_dimension(taxonomy: Taxonomy, dimension: str) -> None:
    """Refuse a dimension that a taxonomy lacks.

    Raises:
        TaxonomyError: with the ones that it has.
    """
    if dimension not in taxonomy:
        known = ", ".join(taxonomy.dimension_names)
        raise TaxonomyError(
            f"there is no dimension {dimension!r}", field="dimension", hint=f"There is {known}"
        )


def names_taken(dimension: Dimension) -> set[str]:
    """Names of labels and of inner nodes: none of them may be a new label's."""
    return {part for label in dimension.labels for part in label.path}


def _unique(names: Sequence[str], taken: Iterable[str]) -> list[str]:
    used, given = set(taken), []
    for name in names:
        base = _node(name)[:LONGEST_NAME] or DIMENSION
        made, number = base, 2
        while made in used:
            made, number = f"{base}-{number}", number + 1
        used.add(made)
        given.append(made)
    return given


def _untangled(labels: Sequence[Label], fixed: int = 0) -> tuple[Label, ...]:
    """Labels of which none is an inner node: one whose path is, moves below it under its name.

    Args:
        fixed: so many of the first stay where they are.
    """
    made = list(labels)
    while True:
        inner = {one.path[:depth] for one in made for depth in range(1, len(one.path))}
        tangled = [at for at, one in enumerate(made) if one.path in inner and at >= fixed]
        if not tangled:
            break
        for at in tangled:
            made[at] = replace(made[at], path=(*made[at].path[:-1], "other", made[at].name))
    own = {one.path for one in made[:fixed]}
    return tuple(
        one if at < fixed or own.isdisjoint(_prefixes(one.path)) else replace(one, path=(one.name,))
        for at, one in enumerate(made)
    )


def _prefixes(path: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [path[:depth] for depth in range(1, len(path))]


def _node(name: str) -> str:
    """A name that can stand in a path as people write it."""
    return _line(name.replace(PATH_SEPARATOR.strip(), " "))


def _line(text: str) -> str:
    return " ".join(text.split())


def with_examples(
    taxonomy: Taxonomy, dimension: str, into: Mapping[str, Sequence[str]]
) -> Taxonomy:
    """A taxonomy whose labels have more examples behind their own, each once."""
    labels = tuple(
        replace(one, examples=tuple(dict.fromkeys((*one.examples, *into.get(one.name, ())))))
        for one in taxonomy[dimension].labels
    )
    dimensions = tuple(
        replace(one, labels=labels) if one.name == dimension else one for one in taxonomy.dimensions
    )
    return replace(taxonomy, dimensions=dimensions)
