"""manifest.json of a bundle: what it holds, what it was made from, and how well it does.

Read and written without pydantic, which a bundle does without: the dataclasses below are the
schema, and reading checks every field and type against them.
"""

from __future__ import annotations

import hashlib
import json
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from turnwise.bundle.reference import Profile
from turnwise.bundle.refusal import Refusal
from turnwise.conversations import ContextWindow
from turnwise.encoders import EncoderFacts
from turnwise.errors import BundleError
from turnwise.unfinished import write_file

FORMAT = 2
MANIFEST = "manifest.json"
PACK_AGAIN = "Copy the whole bundle again from where it was packed, or run 'turnwise train'"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of a bundle: its sha256 in hex, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Score:
    """How well a dimension does on some turns.

    Attributes:
        turns: how many; accuracy, macro_f1: in [0, 1]; loss: mean negative log-likelihood of
            the labels, in nats; loss_uncalibrated: the same at temperature 1;
            calibration_error: between confidence and accuracy, in [0, 1].
    """

    turns: int
    accuracy: float
    macro_f1: float
    loss: float
    loss_uncalibrated: float
    calibration_error: float


@dataclass(frozen=True, slots=True)
class DataCounts:
    """What a classifier learnt from.

    Attributes:
        conversations: all that it saw: trained on, or held apart to stop and to calibrate.
        gold, pseudo: dimension -> turns with a label by a person, and by a model.
        utterances: example utterances of the taxonomy.
        stopping, calibration: turns held apart to stop the training, and to calibrate.
    """

    conversations: int
    gold: Mapping[str, int]
    pseudo: Mapping[str, int]
    utterances: int
    stopping: int
    calibration: int


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """How a classifier was trained.

    Attributes:
        scores: `stopping` and `calibration` -> dimension -> score on those turns. Both had a
            part in the making; a fair figure needs a test that had none.
        epochs: how many were run; epoch: whose weights were kept.
        config: all settings of the training.
        conversations: `conversation_hash` of each conversation that it saw, sorted.
        notes: what a reader should know, such as a calibration that could not be.
    """

    data: DataCounts
    scores: Mapping[str, Mapping[str, Score]]
    epochs: int
    epoch: int
    config: Mapping[str, Any]
    conversations: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near the packed graph is to the float model it was made from.

    Attributes:
        turns: how many were compared; labels: dimension -> share of equal labels.
        largest_difference: between two probabilities of one label.
        macro_f1_change: dimension -> packed minus float, on the held-apart turns.
        processor: what the comparison ran on: results of int8 vary between processors.
    """

    turns: int
    labels: Mapping[str, float]
    largest_difference: float
    macro_f1_change: Mapping[str, float]
    processor: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a bundle says of itself.

    Attributes:
        id: changes whenever the bundle's predictions would.
        created: UTC, ISO 8601; turnwise: the version that packed it.
        redacted: whether it was trained on redacted text, and so expects it.
        context: what of the history is seen; selector: the numbers of what picks the earlier
            turn, by feature, where contexts join by `select`.
        temperatures: dimension -> one for each level of its labels that the graph scores.
        several: dimensions of which a turn may carry several labels.
        refusal: when not to trust a prediction; None where nothing was held out to tell.
        precision: of the encoder in the graph; `agreement` is the lowest share over dimensions.
        reference: what it says of the held-apart turns, to tell drift by; None in bundles that
            were packed before there was one.
    """

    id: str
    created: str
    turnwise: str
    taxonomy: str
    taxonomy_version: int
    context: ContextWindow
    encoder: EncoderFacts
    temperatures: Mapping[str, tuple[float, ...]]
    several: tuple[str, ...]
    selector: Mapping[str, float] | None
    refusal: Refusal | None
    redacted: bool
    precision: Literal["fp32", "int8"]
    compared: Agreement
    training: TrainingRecord
    files: Mapping[str, FileFacts]
    format: int = field(default=FORMAT, kw_only=True)
    reference: Profile | None = field(default=None, kw_only=True)

    @property
    def agreement(self) -> float:
        return min(self.compared.labels.values())


def conversation_hash(conversation_id: str) -> str:
    """16 hex digits of sha256(id): tells that a conversation was seen without naming it."""
    return hashlib.sha256(conversation_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def file_facts(path: Path) -> FileFacts:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFacts(digest, path.stat().st_size)


def write_manifest(manifest: Manifest, folder: Path) -> None:
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
    write_file(folder / MANIFEST, text + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest.

    Raises:
        BundleError: no bundle is there, or its manifest is cut off, of a newer format, or has a
            field missing, unknown or of another type.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleError(
            f"{folder}: no bundle is here, it has no {MANIFEST}. Name the folder that "
            "'turnwise train' printed, or run it first"
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: can't be read ({error}). {PACK_AGAIN}") from error
    found = values.get("format") if isinstance(values, dict) else None
    if isinstance(found, int) and found < FORMAT:
        raise BundleError(
            f"{path}: format {found} is older than this program, which reads {FORMAT}. Run "
            "'turnwise train' to pack it again"
        )
    if isinstance(found, int) and found > FORMAT:
        raise BundleError(
            f"{path}: format {found} is newer than this program, which reads up to {FORMAT}. "
            "Upgrade turnwise, or pack the bundle again"
        )
    try:
        manifest: Manifest = read_as(Manifest, values, "")
    except ValueError as error:
        raise BundleError(f"{path}: {error}. {PACK_AGAIN}") from error
    return manifest


def read_as(kind: Any, value: Any, place: str) -> Any:
    """Turn plain JSON into what a type says; ValueError names the field that doesn't fit.

    Args:
        place: of the value in its file, for messages; empty for all of it.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _read_fields(kind, value, place)
    if origin is Literal:
        _expect(value in inner, place, value)
        return value
    if origin in (Union, types.UnionType):
        return None if value is None else read_as(inner[0], value, place)
    if origin is tuple:
        _expect(isinstance(value, list), place, value)
        return tuple(read_as(inner[0], one, f"{place}[{at}]") for at, one in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(value, dict), place, value)
        return {name: read_as(inner[1], one, f"{place}.{name}") for name, one in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    _expect(type(value) is kind, place, value)
    return value


def _read_fields(kind: Any, value: Any, place: str) -> Any:
    _expect(isinstance(value, dict), place, value)
    hints = get_type_hints(kind)
    known = [one.name for one in fields(kind)]
    value = {one.name: None for one in fields(kind) if one.default is None} | value
    for name in (*known, *value):
        where = f"{place}.{name}".lstrip(".")
        if name not in value:
            raise ValueError(f"field {where} is missing")
        if name not in known:
            raise ValueError(f"field {where} is unknown")
    read = {n: read_as(hints[n], value[n], f"{place}.{n}".lstrip(".")) for n in known}
    try:
        return kind(**read)
    except ValueError as error:
        raise ValueError(f"field {place or 'manifest'} is faulty: {error}") from None


def _expect(fits: bool, place: str, value: Any) -> None:
    if not fits:
        shown = repr(value)
        raise ValueError(f"field {place or 'manifest'} can't be {shown[:60]}")
