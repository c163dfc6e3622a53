"""encoder.json: what an exported encoder says of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from turnwise.errors import EncoderError

CARD = "encoder.json"

Precision = Literal["fp32", "int8"]


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What running and packing need to know; the file says how it was made, too.

    Attributes:
        id: changes whenever the vectors would.
        size: length of a vector; max_tokens: what is read of a text, special tokens included.
        source: the name that it was prepared under.
    """

    id: str
    size: int
    max_tokens: int
    precision: Precision
    source: str


def read_card(folder: Path) -> EncoderCard:
    """Read the card of an exported encoder.

    Raises:
        EncoderError: there is none, or a part of it is missing.
    """
    path = folder / CARD
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return EncoderCard(
            id=str(said["id"]),
            size=int(said["size"]),
            max_tokens=int(said["max_tokens"]),
            precision="int8" if said["precision"] == "int8" else "fp32",
            source=str(said["source"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(
            f"{path}: no encoder is described here ({error!r}). Name the folder that "
            "prepare_encoder gave, or delete it and prepare the encoder again"
        ) from error


def write_card(card: EncoderCard, folder: Path) -> None:
    (folder / CARD).write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")
