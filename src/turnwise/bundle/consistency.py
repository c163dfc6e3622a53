"""Whether what a manifest says fits the labels and the vectors of its bundle.

A manifest is no file that its own hashes cover: what was changed by hand, or taken from another
bundle, is named when the bundle is opened and not where a prediction stumbles over it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from turnwise.bundle.levels import levels_of
from turnwise.bundle.manifest import MANIFEST, PACK_AGAIN, Manifest
from turnwise.bundle.refusal import (
    CENTROIDS,
    COMBINED,
    ENERGY,
    MAHALANOBIS,
    NEIGHBOURS,
    PROBABILITY,
    REFUSAL,
    OutOfDomain,
    RefusalArrays,
)
from turnwise.errors import BundleError
from turnwise.taxonomy import Taxonomy


def check_fields(folder: Path, manifest: Manifest, taxonomy: Taxonomy) -> None:
    """Raise BundleError with the first field that does not fit the taxonomy."""
    for reason in chain(_temperatures(manifest, taxonomy), _refusal(manifest, taxonomy)):
        raise BundleError(f"{folder / MANIFEST}: field {reason}. {PACK_AGAIN}")


def check_arrays(
    folder: Path,
    arrays: RefusalArrays,
    manifest: Manifest,
    classes: OutOfDomain,
    taxonomy: Taxonomy,
) -> None:
    """Raise BundleError where turns can't be compared with what refusal.npz holds."""
    labels = len(taxonomy[classes.dimension].labels)
    size = len(arrays.whitening)
    if size != manifest.encoder.size:
        reason = f"vectors of {size} numbers, the encoder gives {manifest.encoder.size}"
    elif not 0 <= arrays.classes.min() <= arrays.classes.max() < labels:
        reason = f"a class beyond the {labels} labels of {classes.dimension}"
    else:
        return
    raise BundleError(f"{folder / REFUSAL}: holds {reason}. {PACK_AGAIN}")


def _temperatures(manifest: Manifest, taxonomy: Taxonomy) -> Iterator[str]:
    if manifest.temperatures.keys() != set(taxonomy.dimension_names):
        yield f"temperatures must name {', '.join(taxonomy.dimension_names)}"
        return
    for name, found in manifest.temperatures.items():
        levels = len(levels_of(taxonomy[name]).sizes)
        if len(found) not in (1, levels) or not all(0 < one < math.inf for one in found):
            yield f"temperatures.{name} must hold one number above 0, or one for each level"


def _refusal(manifest: Manifest, taxonomy: Taxonomy) -> Iterator[str]:
    refusal = manifest.refusal
    if refusal is None:
        return
    for part, named in (("conformal", refusal.conformal), ("operating", refusal.operating)):
        for name in named:
            if name not in taxonomy:
                yield f"refusal.{part} names {name}, which the taxonomy lacks"
    for name, sets in refusal.conformal.items():
        labels = len(taxonomy[name].labels)
        if len(sets.least_by_label) != labels:
            yield f"refusal.conformal.{name}.least_by_label must hold {labels} numbers"
    facts = refusal.out_of_domain
    if facts is None:
        return
    one_label = [name for name in taxonomy.dimension_names if name not in manifest.several]
    kinds = {f"{kind} {name}" for kind in (ENERGY, PROBABILITY) for name in one_label}
    if facts.dimension not in one_label:
        yield f"refusal.out_of_domain.dimension must be one of {', '.join(one_label)}"
    if facts.scales.keys() != kinds | {NEIGHBOURS, MAHALANOBIS, CENTROIDS}:
        yield "refusal.out_of_domain.scales must name every score"
    if not all(0 < scale.deviation < math.inf for scale in facts.scales.values()):
        yield "refusal.out_of_domain.scales must hold deviations above 0"
    if COMBINED not in facts.thresholds:
        yield f"refusal.out_of_domain.thresholds must name {COMBINED}"
