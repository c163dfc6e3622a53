"""Every error that a user can cause, in one tree.

Each message says what happened, where (file, line, field), and what to do. The command line
prints it without a traceback and exits with 2; any other exception is a programming error and
keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path


class TurnwiseError(Exception):
    """Base of the tree: catch this to catch everything that the user can mend."""


class InputError(TurnwiseError):
    """Something in a file that was handed in is wrong.

    Attributes:
        reason: what is wrong, without its place.
        path, line, field: where it stands, as far as known; lines count from 1.
        hint: what to do about it.
    """

    def __init__(
        self,
        reason: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
        hint: str = "",
    ) -> None:
        self.reason, self.path, self.line, self.field, self.hint = reason, path, line, field, hint
        super().__init__(reason)

    def __str__(self) -> str:
        place = ", ".join(
            str(part)
            for part in (
                self.path,
                None if self.line is None else f"line {self.line}",
                None if self.field is None else f"field {self.field}",
            )
            if part is not None
        )
        message = f"{place}: {self.reason}" if place else self.reason
        return f"{message}. {self.hint}" if self.hint else message


class FormatError(InputError):
    """A conversation file, or one record of it, can't be read as the format that was said."""


class TaxonomyError(InputError):
    """A taxonomy is inconsistent: a duplicate label, an unknown path, an action without a label."""


class ConfigError(InputError):
    """A setting is unknown or out of its range."""


class EncoderError(TurnwiseError):
    """An encoder can't be found, read or exported, or its weights are not the expected ones."""


class BundleError(TurnwiseError):
    """A bundle is missing, incomplete, changed since it was packed, or of a newer version."""


class TrainingError(TurnwiseError):
    """There is not enough labelled data to train or to calibrate."""


class DiscoveryError(TurnwiseError):
    """There is too little, or nothing different, to find intents in."""


class GenerationError(TurnwiseError):
    """There is nothing to make conversations from, or what was counted is of another taxonomy."""


class EvaluationError(TurnwiseError):
    """Predictions and gold do not fit together, or there is no gold to score against."""


class WorkspaceError(TurnwiseError):
    """A workspace is missing, locked, full, or of a newer version than this program."""
