"""When not to trust a prediction: sets of labels, out-of-domain turns, operating points.

    probabilities --Conformal--> the labels that can't be ruled out
    logits, vectors --Refuser--> how far turns are from what was trained on, and which too far

Split conformal sets: Papadopoulos et al., ECML 2002; one threshold per label: Vovk, ACML 2012.
Energy: Liu et al., NeurIPS 2020. Nearest neighbours: Sun et al., ICML 2022. Mahalanobis distance
relative to a background: Ren et al., 2021; here, as with the centroids, the distance is to the
classes that are predicted, each by its share, rather than to the nearest: a strange turn that
lies near one class and is predicted another shows. What is here was fitted by `training.operating`,
`training.conformal` and `training.out_of_domain`; numpy suffices to use it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle.model import Logits, Probabilities, softmax
from turnwise.encoders import Vectors
from turnwise.errors import BundleError

REFUSAL = "refusal.npz"
NEAREST = 10  # neighbours whose cosine is averaged
DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError)  # as numpy reports it
ROWS_AT_ONCE = 1024  # turns; bounds the memory of distances

PROBABILITY, ENERGY = "probability", "energy"
NEIGHBOURS, MAHALANOBIS, CENTROIDS = "neighbours", "mahalanobis", "centroids"
COMBINED = "combined"
# The maximum probability too would make the mean worse: it says nearly what the energy says, which
# would count twice. Frozen MiniLM-L6, AUROC without and with it: CLINC150 .978 and .976,
# BANKING77-OOS near .910 and .900.
IN_COMBINATION = (ENERGY, NEIGHBOURS, MAHALANOBIS, CENTROIDS)

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Conformal:
    """Prediction sets of one dimension that hold the true label as often as was asked.

    Attributes:
        coverage: the share of turns whose set holds the truth; turns: that it was fitted on.
        least: a label is in the set from this probability on.
        least_by_label: the same for each label, in the taxonomy's order, so that the coverage
            holds among the turns of each label; `least` for a label with too few turns.
        own: how many labels have a threshold of their own there.
    """

    coverage: float
    turns: int
    least: float
    least_by_label: tuple[float, ...]
    own: int

    def prediction_set(self, probabilities: Probabilities, by_label: bool = False) -> Bool:
        """Return Bool[n, n_labels], the labels in each turn's set; the likeliest always is.

        Args:
            probabilities: Float32[n, n_labels].
            by_label: hold the coverage for each label rather than over all turns.
        """
        least = np.array(self.least_by_label) if by_label else self.least
        inside: Bool = probabilities.astype(np.float64) >= least
        inside[np.arange(len(inside)), probabilities.argmax(1)] = True
        return inside


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What accepting turns from a confidence on means: their share, and how many are right."""

    confidence: float
    coverage: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """From which confidence on a dimension's label is taken, and what is offered below it.

    Attributes:
        target: accuracy of accepted turns that was asked for; reached: whether it is held.
        confidence: the threshold tau; a turn is accepted from it on.
        accuracy, coverage: of the held-out turns at tau; turns: how many were held out.
        candidates: K, how many labels to offer below tau; in_top: how often the truth is
            among them.
        curve: accuracy over coverage, from the most confident turns on.
        top: how often the truth is among the 1, 2, ... likeliest labels below tau.
    """

    target: float
    reached: bool
    confidence: float
    accuracy: float
    coverage: float
    turns: int
    candidates: int
    in_top: float
    curve: tuple[CurvePoint, ...]
    top: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean and standard deviation of a score over held-out turns of the domain."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class OutOfDomain:
    """How far from the training a turn may be.

    Attributes:
        dimension: whose labels are the classes of the Mahalanobis distance and the centroids.
        false_alarms: the share of turns of the domain that may be called out of it.
        turns: on how many held-out turns the thresholds were chosen.
        scales: raw score -> its scale; energy and probability have one per dimension, named
            `energy DIMENSION`.
        thresholds: score -> above it a turn is out of domain.
    """

    dimension: str
    false_alarms: float
    turns: int
    scales: Mapping[str, Scale]
    thresholds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Refusal:
    """All that a bundle's manifest says of refusal; what could not be fitted is left out.

    Attributes:
        conformal, operating: dimension -> what was fitted for it.
        notes: what a reader should know, such as too few turns for a part.
    """

    conformal: Mapping[str, Conformal]
    operating: Mapping[str, OperatingPoint]
    out_of_domain: OutOfDomain | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusalArrays:
    """What distances are measured to.

    Attributes:
        neighbours: Float16[n, size], vectors of training turns.
        classes: Int64[n_classes], places in the taxonomy of the labels that were trained on.
        means: Float32[n_classes, size], of the vectors of each.
        whitening: Float32[size, size]; a product with it makes the spread within classes round.
        background_mean: Float32[1, size], the mean of all vectors.
        background: Float32[size, size], as `whitening` for all vectors as one class.
    """

    neighbours: NDArray[np.float16]
    classes: NDArray[np.int64]
    means: NDArray[np.float32]
    whitening: NDArray[np.float32]
    background_mean: NDArray[np.float32]
    background: NDArray[np.float32]

    def __post_init__(self) -> None:
        size, classes = self.whitening.shape[-1:], self.classes.shape[:1]
        shapes = {
            "neighbours": (*self.neighbours.shape[:1], *size),
            "classes": classes,
            "means": (*classes, *size),
            "background_mean": (1, *size),
        }
        kinds = {"neighbours": np.float16, "classes": np.int64}
        for field in fields(self):
            array = getattr(self, field.name)
            shape = shapes.get(field.name, (*size, *size))
            fits = array.dtype == kinds.get(field.name, np.float32) and array.shape == shape
            if not fits or len(size) == 0 or array.size == 0:
                raise ValueError(f"{field.name} is {array.dtype}{list(array.shape)}")
            if not np.isfinite(array).all():
                raise ValueError(f"{field.name} holds a number that isn't finite")

    def write(self, path: Path) -> None:
        """Write one file, the same bytes for the same arrays."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            BundleError: the file is missing, damaged, or holds arrays of other shapes.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                if any(one.compress_type != zipfile.ZIP_STORED for one in archive.infolist()):
                    raise ValueError("it is compressed, and may swell to any size")
            with np.load(path, allow_pickle=False) as kept:
                return cls(**{field.name: kept[field.name] for field in fields(cls)})
        except (*DAMAGE, zipfile.BadZipFile) as error:
            raise BundleError(
                f"{path}: can't be read ({error}). Copy the whole bundle again from where it was "
                "packed, or run 'turnwise train'"
            ) from error


class Refuser:
    """Scores of how far turns are out of domain; the higher, the farther.

    The combined score is the mean of energy, neighbours, Mahalanobis distance and centroids, each
    in standard deviations from its mean over turns of the domain; energies of several dimensions
    are averaged in the same way first. A dimension with a label for everything else may be sure
    of a strange turn, and then only weakens the alarm of the others.

    Args:
        arrays: of the vectors that the classifier was trained on.
        facts: of the manifest.
    """

    def __init__(self, arrays: RefusalArrays, facts: OutOfDomain) -> None:
        self._distances, self._facts = Distances(arrays), facts

    @property
    def threshold(self) -> float:
        """Of the combined score: above it a turn is out of domain."""
        return self._facts.thresholds[COMBINED]

    def scores(self, logits: Mapping[str, Logits], vectors: Vectors) -> dict[str, Float]:
        """Return score -> Float64[n], in standard deviations, the combined one among them.

        Args:
            logits: dimension -> Float32[n, n_labels], divided by the temperatures.
            vectors: Float32[n, size], of the current turns, of unit length.
        """
        raw = raw_scores(logits, vectors, self._distances, self._facts.dimension)
        return combine(raw, self._facts.scales)

    def refused(self, logits: Mapping[str, Logits], vectors: Vectors) -> Bool:
        """Return Bool[n], whether a turn's combined score is over the threshold."""
        found: Bool = self.scores(logits, vectors)[COMBINED] > self.threshold
        return found


class Distances:
    """Distances of vectors to the turns that were trained on, and to their classes."""

    def __init__(self, arrays: RefusalArrays) -> None:
        self._arrays = arrays
        self._neighbours = arrays.neighbours.astype(np.float32).T
        lengths = np.linalg.norm(arrays.means, axis=1, keepdims=True)
        self._centroids = (arrays.means / np.maximum(lengths, 1e-6)).T
        self._means = arrays.means @ arrays.whitening
        self._middle = arrays.background_mean @ arrays.background

    def scores(self, vectors: Vectors, logits: Logits) -> dict[str, Float]:
        """Return raw score -> Float64[n].

        Args:
            vectors: Float32[n, size]; logits: Float32[n, n_labels] of the classes' dimension.
        """
        starts = range(0, max(1, len(vectors)), ROWS_AT_ONCE)
        cuts = [slice(start, start + ROWS_AT_ONCE) for start in starts]
        parts = [self._some(vectors[cut], logits[cut]) for cut in cuts]
        names = parts[0]
        return {name: np.concatenate([one[name] for one in parts]).astype(float) for name in names}

    def _some(self, vectors: Vectors, logits: Logits) -> dict[str, NDArray[np.float32]]:
        shares = softmax(logits[:, self._arrays.classes])
        cosines = vectors @ self._neighbours
        count = min(NEAREST, cosines.shape[1])
        apart = _squared_distances(vectors @ self._arrays.whitening, self._means)
        middle = _squared_distances(vectors @ self._arrays.background, self._middle)[:, 0]
        return {
            NEIGHBOURS: -np.partition(cosines, -count)[:, -count:].mean(1),
            MAHALANOBIS: (shares * apart).sum(1) - middle,
            CENTROIDS: -(shares * (vectors @ self._centroids)).sum(1),
        }


def _squared_distances(
    left: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Float32[n, m] between the rows of two arrays."""
    lengths = [(one * one).sum(1) for one in (left, right)]
    found: NDArray[np.float32] = lengths[0][:, None] + lengths[1] - 2 * left @ right.T
    return found


def raw_scores(
    logits: Mapping[str, Logits], vectors: Vectors, distances: Distances, dimension: str
) -> dict[str, Float]:
    """Return raw score -> Float64[n], each in its own unit; the higher, the farther."""
    found = distances.scores(vectors, logits[dimension])
    for name, scores in logits.items():
        exact = scores.astype(np.float64)
        top = exact.max(1)
        total = top + np.log(np.exp(exact - top[:, None]).sum(1))
        found[f"{PROBABILITY} {name}"] = -np.exp(top - total)
        found[f"{ENERGY} {name}"] = -total
    return found


def combine(raw: Mapping[str, Float], scales: Mapping[str, Scale]) -> dict[str, Float]:
    """Return score -> Float64[n]: kinds averaged over dimensions, and their combination."""
    kinds: dict[str, list[Float]] = {}
    for name, values in raw.items():
        scale = scales[name]
        scaled = (values - scale.mean) / scale.deviation
        kinds.setdefault(name.split(" ", 1)[0], []).append(scaled)
    found: dict[str, Float] = {kind: np.mean(parts, axis=0) for kind, parts in kinds.items()}
    found[COMBINED] = np.mean([found[kind] for kind in IN_COMBINATION], axis=0)
    return found
