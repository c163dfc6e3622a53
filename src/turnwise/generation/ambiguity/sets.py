"""Which labels a turn may mean: the sets that a calibrated reader can't narrow down further.

Split conformal sets, as bundles carry them: a label belongs to the set from a probability on that
was chosen so that the sets hold the truth as often as was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Bundle
from turnwise.conversations import Example
from turnwise.errors import BundleError, ConfigError
from turnwise.generated import Probabilities, Reader
from turnwise.taxonomy import Dimension, Taxonomy

# A reader that is right more often than was asked gets a level that no second label ever reaches.
# With a lower one the sets hold the truth no less often. One that is unsure of much gets a level at
# which nearly all labels are possible, and no words could ever tell any of them apart.
LOWEST, HIGHEST = 0.1, 0.2

Inside = NDArray[np.bool_]  # Bool[n_examples, n_labels]


@dataclass(frozen=True, slots=True)
class Meant:
    """What turns may mean along one dimension.

    Attributes:
        probabilities: Float32[n, n_labels]; inside: Bool[n, n_labels], the labels that can't be
            ruled out, at least one a row.
    """

    dimension: Dimension
    probabilities: Probabilities
    inside: Inside

    def labels(self, row: int) -> tuple[str, ...]:
        """The labels that a turn may mean, the likeliest first."""
        order = np.argsort(-self.probabilities[row], kind="stable")
        return tuple(self.dimension.names[at] for at in order if self.inside[row, at])

    def likeliest(self, row: int) -> str:
        return self.dimension.names[int(self.probabilities[row].argmax())]

    def probability(self, row: int, label: str) -> float:
        return float(self.probabilities[row, self.dimension.index[label]])


class LabelSets(Protocol):
    """Says what customer turns may mean: a bundle does (`ReaderSets.of_bundle`)."""

    @property
    def taxonomy(self) -> Taxonomy: ...

    def meant(self, examples: Sequence[Example]) -> Mapping[str, Meant]:
        """Return what turns may mean, for each dimension."""
        ...


@dataclass(frozen=True)
class ReaderSets:
    """Sets from a reader's probabilities; implements `LabelSets`.

    Attributes:
        least: dimension -> the probability from which on a label belongs to the set, in (0, 1];
            the likeliest always does. It counts as `LOWEST` below that, and as
            `HIGHEST` above it.
    """

    reader: Reader
    taxonomy: Taxonomy
    least: Mapping[str, float]

    def __post_init__(self) -> None:
        for name in self.taxonomy.dimension_names:
            if not 0 < self.least.get(name, 0) <= 1:
                raise ConfigError(
                    f"no probability between 0 and 1 says which labels of {name} are possible",
                    field=f"least.{name}",
                )

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> Self:
        """The sets that a bundle was fitted for.

        Raises:
            BundleError: it was packed without: there were too few labelled turns to fit them on.
        """
        fitted = bundle.manifest.refusal.conformal if bundle.manifest.refusal else {}
        missing = [name for name in bundle.taxonomy.dimension_names if name not in fitted]
        if missing:
            raise BundleError(
                f"{bundle.folder}: does not tell which labels of {', '.join(missing)} can't be "
                "ruled out, so what is ambiguous can't be told. Train it with more labelled "
                "conversations, of which some are held out to fit this on"
            )
        # A threshold of 0 would let every label in, whatever is said.
        smallest = float(np.finfo(np.float32).tiny)
        least = {name: max(one.least, smallest) for name, one in fitted.items()}
        return cls(bundle, bundle.taxonomy, least)

    def meant(self, examples: Sequence[Example]) -> Mapping[str, Meant]:
        found = self.reader.probabilities(examples)
        return {
            one.name: Meant(one, found[one.name], self._inside(found[one.name], one.name))
            for one in self.taxonomy.dimensions
        }

    def _inside(self, probabilities: Probabilities, dimension: str) -> Inside:
        inside: Inside = probabilities >= min(max(self.least[dimension], LOWEST), HIGHEST)
        inside[np.arange(len(inside)), probabilities.argmax(1)] = True
        return inside
