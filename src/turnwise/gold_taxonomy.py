"""The labels that people gave, held against a taxonomy, or made into one."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path

from turnwise.errors import TaxonomyError
from turnwise.taxonomy import Dimension, Label, Taxonomy


def refuse_unknown_gold(gold: Mapping[str, Set[str]], taxonomy: Taxonomy, path: Path) -> None:
    """Complain of gold that a taxonomy lacks before any work: it may have changed since the import.

    Raises:
        TaxonomyError: naming the labels.
    """
    for dimension, labels in gold.items():
        known = taxonomy[dimension].index if dimension in taxonomy else labels
        if unknown := sorted(labels - set(known)):
            raise TaxonomyError(
                f"imported conversations carry {', '.join(unknown[:5])}, which it lacks",
                path=path,
                field=f"dimensions.{dimension}",
                hint="Where they were renamed, merged or split, carry what is stored over with "
                "'turnwise taxonomy migrate NEW_TAXONOMY.yaml --map MAP.yaml'; else add the "
                "labels, or forget the conversations",
            )


def infer_taxonomy(gold: Mapping[str, Set[str]]) -> Taxonomy:
    """A taxonomy of the labels that people gave, by name; `A/B` lies under the node `A`."""
    return Taxonomy(
        "inferred",
        tuple(
            Dimension(dimension, tuple(Label(name, _path(name)) for name in sorted(labels)))
            for dimension, labels in sorted(gold.items())
        ),
    )


def _path(name: str) -> tuple[str, ...]:
    parent, _, _ = name.rpartition("/")
    return (parent, name) if parent else (name,)
