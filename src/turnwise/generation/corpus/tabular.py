"""Generated conversations as a Parquet file: a row a turn."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from turnwise.errors import ConfigError, FormatError
from turnwise.generated import GeneratedConversation


def write_parquet(
    conversations: Sequence[GeneratedConversation], dimensions: Sequence[str], path: Path
) -> int:
    """Write a row for each turn, and return how many.

    Columns: conversation, method, maker, market, locale, outcome; turn (its position), role,
    text, made, sources, rules; `label_DIMENSION` and `score_NAME`, empty where there is none.
    The file appears when it is whole.

    Raises:
        ConfigError: polars is not installed; says how to.
        FormatError: the disk is full, or the folder can't be written to.
    """
    try:
        import polars
    except ImportError as error:
        raise ConfigError(
            "Parquet files need polars", hint="Install it with: pip install 'turnwise[export]'"
        ) from error
    scores = sorted({name for one in conversations for name in one.scores})
    text, several = polars.String, polars.List(polars.String)
    whole = ("conversation", "method", "maker", "market", "locale", "outcome")
    columns: dict[str, Any] = {  # polars has types and classes of types
        **dict.fromkeys(whole, text),
        "turn": polars.Int32,
        **dict.fromkeys(("role", "text", "made"), text),
        **dict.fromkeys(("sources", "rules"), several),
        **{f"label_{name}": text for name in dimensions},
        **{f"score_{name}": polars.Float64 for name in scores},
    }
    rows = [
        _row(one, place, dimensions, scores)
        for one in conversations
        for place in range(len(one.turns))
    ]
    part = path.with_name(f".{path.name}.unfinished")
    try:
        polars.DataFrame(rows, schema=columns, orient="row").write_parquet(part)
        os.replace(part, path)
    except OSError as error:
        reason = f"the file can't be written: {error.strerror or error}"
        raise FormatError(reason, path=path, hint="Check the folder and the free space") from None
    finally:
        part.unlink(missing_ok=True)
    return len(rows)


def _row(
    one: GeneratedConversation, place: int, dimensions: Sequence[str], scores: Sequence[str]
) -> tuple[object, ...]:
    turn = one.turns[place]
    return (
        *(one.id, one.method, one.maker, one.market, one.locale, one.outcome),
        *(place, turn.role, turn.text, turn.made, list(turn.sources), list(turn.rules)),
        *(turn.labels.get(name) for name in dimensions),
        *(one.scores.get(name) for name in scores),
    )
