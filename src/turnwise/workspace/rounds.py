"""Rounds of discovery in a folder, one JSON file each: what an interrupted run goes on behind.

They hold positions and figures alone, no text, and so mean nothing without the conversations.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from turnwise.clusters import Round
from turnwise.unfinished import write_file

_ROUND = TypeAdapter(Round)


class FolderRounds:
    """A `clusters.RoundStore` in a folder of its own, which is made when the first round is put.

    A file is whole or absent; one that is damaged counts as absent, so that its round is done
    again; with one seed it comes out as it was.

    Args:
        folder: of one run, named after the hash of all that goes into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, number: int) -> Round | None:
        """A round that an earlier run finished; None where there is none."""
        try:
            found = _ROUND.validate_json(self._path(number).read_bytes())
        except (OSError, ValidationError):
            return None
        return found if found.number == number else None

    def put(self, found: Round) -> None:
        """Keep a round, safe from a killed process when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_file(self._path(found.number), _ROUND.dump_json(found))

    def _path(self, number: int) -> Path:
        return self._folder / f"round-{number:03d}.json"
