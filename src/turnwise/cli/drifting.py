"""The command that tells drift."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from turnwise.cli.app import app
from turnwise.cli.options import HERE, JsonOption, WorkspaceOption

SECONDS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}


@app.command()
def drift(
    workspace: WorkspaceOption = HERE,
    since: Annotated[
        str | None,
        typer.Option(help="A day in UTC, as 2026-11-01, or how long ago: 12h, 7d, 4w."),
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option(help="A folder under bundles, by its name; default: the one that serves."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Tell whether a service still sees what its bundle was trained for.

    Label shares, confidence and the share out of domain of what was logged stand beside the
    figures of the turns that were held apart at training. A measure has moved where its population
    stability index is .1 or more, strongly from .25 on, and chance does not explain it. Below are
    the labels that moved most, the trend, and turns to look at first.

    Example: turnwise drift -w DIR --since 7d
    """
    from turnwise.cli import show_drift
    from turnwise.steps.drifting import drift

    show_drift.report(drift(workspace, bundle, None if since is None else _since(since)), json)


def _since(text: str) -> float:
    """Seconds since 1970, UTC."""
    if found := re.fullmatch(r"(\d{1,5})([hdw])", text.strip()):
        return time.time() - int(found[1]) * SECONDS[found[2]]
    try:
        read = datetime.fromisoformat(text.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        wanted = "a day, as 2026-11-01, or how long ago, as 12h, 7d or 4w"
        raise typer.BadParameter(f"--since is {wanted}, not {text!r}") from None
