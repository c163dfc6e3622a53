"""A trained model packed to serve: a directory of data, verified, that predicts on its own.

    folder --load, verify--> Bundle --predict--> labels with confidence, and what to do

model.onnx holds encoder and classifier, tokenizer.json and taxonomy.json what they need beside,
manifest.json the sha256 of each and how it all was made. Numpy, onnxruntime and tokenizers
suffice to load and predict; nothing in a bundle is ever executed as code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from turnwise.bundle.consistency import check_arrays, check_fields
from turnwise.bundle.manifest import MANIFEST, PACK_AGAIN, Manifest, file_facts, read_manifest
from turnwise.bundle.model import MODEL, TOKENIZER, Logits, PackedModel, Probabilities
from turnwise.bundle.readout import Readout, readout
from turnwise.bundle.refusal import REFUSAL, RefusalArrays, Refuser
from turnwise.bundle.transitions import TRANSITIONS, Transitions
from turnwise.context_selection import Selector
from turnwise.conversations import Conversation, Example, Turn
from turnwise.encoders import Vectors
from turnwise.errors import BundleError, EncoderError
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Action, Taxonomy, from_dict

TAXONOMY = "taxonomy.json"
FILES = (MODEL, TOKENIZER, TAXONOMY)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a bundle says of one customer turn.

    Attributes:
        conversation_id, turn: which; `turn` is its index in the conversation.
        scores: dimension -> (label, confidence) of the likeliest labels, best first.
        action: the first action of the taxonomy that the best labels call for.
        plausible: dimension -> the labels that can't be ruled out at the coverage that the
            bundle was fitted for, best first; dimensions that nothing was fitted for are left out.
        out_of_domain: whether the turn is farther from all that was trained on than turns of
            the domain are; None where the bundle can't tell.
    """

    conversation_id: str
    turn: int
    scores: Mapping[str, tuple[tuple[str, float], ...]]
    action: Action | None
    plausible: Mapping[str, tuple[str, ...]]
    out_of_domain: bool | None


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a bundle's model says of some turns.

    Attributes:
        vectors: Float32[n, size], of the turns, of unit length.
        scores: dimension -> Float32[n, n_labels], divided by the temperatures.
        probabilities: dimension -> Float32[n, n_labels], calibrated.
    """

    vectors: Vectors
    scores: Mapping[str, Logits]
    probabilities: Mapping[str, Probabilities]


class Bundle:
    """A loaded bundle; threads may share it.

    Attributes:
        folder: where it lies; id: changes whenever its predictions would.
        taxonomy: whose labels it gives; manifest: all that it says of itself.
        transitions: which label follows which; None in bundles that were packed without.
    """

    def __init__(self, folder: Path, manifest: Manifest, threads: int | None = None) -> None:
        self.folder, self.manifest, self.id = folder, manifest, manifest.id
        try:
            values = json.loads((folder / TAXONOMY).read_text(encoding="utf-8"))
            self.taxonomy: Taxonomy = from_dict(values)
            limit = manifest.encoder.max_tokens
            said = manifest.selector
            selector = None if said is None else Selector.from_dict(said)
            self._model = PackedModel(folder, manifest.context, limit, threads, selector)
        except (OSError, ValueError, KeyError, TypeError, EncoderError) as error:
            raise BundleError(f"{folder}: can't be loaded ({error!r}). {PACK_AGAIN}") from error
        check_fields(folder, manifest, self.taxonomy)
        self.refuser: Refuser | None = None
        if manifest.refusal is not None and (facts := manifest.refusal.out_of_domain) is not None:
            arrays = RefusalArrays.read(folder / REFUSAL)
            check_arrays(folder, arrays, manifest, facts, self.taxonomy)
            self.refuser = Refuser(arrays, facts)
        self.transitions: Transitions | None = None
        if TRANSITIONS in manifest.files:
            self.transitions = Transitions.read(folder / TRANSITIONS, self.taxonomy)

    @classmethod
    def load(cls, folder: Path | str, verify: bool = True, threads: int | None = None) -> Self:
        """Open a bundle.

        Args:
            verify: compare each file with the sha256 that the manifest gives.
            threads: threads that the model may use; the cores of this machine by default.

        Raises:
            BundleError: no bundle is there, a file is missing or was changed since it was
                packed, or its manifest is of another format or fits another bundle.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        _check_files(folder, manifest, verify)
        return cls(folder, manifest, threads)

    def predict(self, conversation: Conversation, top: int = 3) -> Prediction:
        """Label the last customer turn of a conversation.

        Args:
            top: how many labels to give for each dimension, best first.

        Raises:
            BundleError: no turn is the customer's.
        """
        return self.predictions([last_customer_turn(conversation)], top)[0]

    def predictions(self, examples: Sequence[Example], top: int = 3) -> list[Prediction]:
        """Label customer turns, all in one go; `top` as in `predict`."""
        found = self.outputs(examples)
        plausible = self._plausible(found)
        strange = self._out_of_domain(found, len(examples))
        made = []
        for row, example in enumerate(examples):
            scores = {
                name: self._best(name, rows[row], top) for name, rows in found.probabilities.items()
            }
            labels = {name: best[0][0] for name, best in scores.items()}
            action = self.taxonomy.action_for(labels)
            made.append(Prediction(*example.key, scores, action, plausible[row], strange[row]))
        return made

    def probabilities(
        self, examples: Sequence[Example], progress: Progress = silent
    ) -> dict[str, Probabilities]:
        """Return Float32[n_examples, n_labels] for each dimension, calibrated.

        Labels stand in the taxonomy's order. Where a turn may carry several labels of a
        dimension, each has a probability of its own. The result is the same however examples
        are grouped into calls, but for rounding.
        """
        return dict(self.outputs(examples, progress).probabilities)

    def outputs(self, examples: Sequence[Example], progress: Progress = silent) -> Outputs:
        """Return all that the model says of some turns."""
        vectors, logits = self._model.outputs(examples, progress)
        named = list(zip(self.taxonomy.dimension_names, logits, strict=True))
        scores = {name: self._readouts[name].scores(rows) for name, rows in named}
        return Outputs(
            vectors,
            scores,
            {name: self._readouts[name].of_scores(rows) for name, rows in scores.items()},
        )

    @cached_property
    def label_vectors(self) -> Mapping[str, Vectors]:
        """Dimension -> Float32[n_labels, size], of what each label says of itself."""
        dimensions = self.taxonomy.dimensions
        said = [one.about for dimension in dimensions for one in dimension.labels]
        talks = [Conversation("", (Turn("customer", text),)) for text in said]
        vectors = self.outputs([Example(talk, 0) for talk in talks]).vectors
        ends = np.cumsum([len(one.labels) for one in dimensions])[:-1]
        names = self.taxonomy.dimension_names
        return dict(zip(names, np.split(vectors, ends), strict=True))

    @cached_property
    def _readouts(self) -> Mapping[str, Readout]:
        said = self.manifest
        return {
            one.name: readout(one, said.temperatures[one.name], one.name in said.several)
            for one in self.taxonomy.dimensions
        }

    def _plausible(self, found: Outputs) -> list[dict[str, tuple[str, ...]]]:
        fitted = self.manifest.refusal.conformal if self.manifest.refusal else {}
        plausible: list[dict[str, tuple[str, ...]]] = [{} for _ in found.vectors]
        for name, conformal in fitted.items():
            rows = found.probabilities[name]
            names = self.taxonomy[name].names
            for row, inside in enumerate(conformal.prediction_set(rows)):
                order = np.argsort(-rows[row], kind="stable")
                plausible[row][name] = tuple(names[at] for at in order if inside[at])
        return plausible

    def _out_of_domain(self, found: Outputs, count: int) -> list[bool] | list[None]:
        if self.refuser is None:
            return [None] * count
        return [bool(one) for one in self.refuser.refused(self.refusable(found), found.vectors)]

    def refusable(self, found: Outputs) -> Mapping[str, Logits]:
        """The scores that tell whether a turn is out of domain: not of several labels a turn."""
        several = self.manifest.several
        return {name: rows for name, rows in found.scores.items() if name not in several}

    def _best(self, dimension: str, row: Probabilities, top: int) -> tuple[tuple[str, float], ...]:
        names = self.taxonomy[dimension].names
        order = np.argsort(-row, kind="stable")[: max(1, top)]
        return tuple((names[at], float(row[at])) for at in order)


def last_customer_turn(conversation: Conversation) -> Example:
    """The last turn of the customer, with its history.

    Raises:
        BundleError: no turn is the customer's.
    """
    turns = conversation.turns
    last = next((at for at in reversed(range(len(turns))) if turns[at].role == "customer"), -1)
    if last < 0:
        raise BundleError(
            f"conversation {conversation.id}: no turn is the customer's, so there is nothing "
            "to label. Give at least one turn of role 'customer'"
        )
    return Example(conversation, last)


def _tells_strangers(manifest: Manifest) -> bool:
    return manifest.refusal is not None and manifest.refusal.out_of_domain is not None


def _check_files(folder: Path, manifest: Manifest, verify: bool) -> None:
    expected = {*FILES, REFUSAL} if _tells_strangers(manifest) else {*FILES}
    if set(manifest.files) - {TRANSITIONS} != expected:  # which older bundles lack
        raise BundleError(
            f"{folder / MANIFEST}: field files must name {', '.join(sorted(expected))}. "
            f"{PACK_AGAIN}"
        )
    for name, facts in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{path}: missing from the bundle. {PACK_AGAIN}")
        size = path.stat().st_size
        if size != facts.size:
            raise BundleError(
                f"{path}: has {size:,} bytes where {facts.size:,} were packed. {PACK_AGAIN}"
            )
        if verify and file_facts(path) != facts:
            raise BundleError(
                f"{path}: was changed since it was packed, its sha256 is another. {PACK_AGAIN}"
            )
