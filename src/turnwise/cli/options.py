"""Options that several commands share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HERE = Path()

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="TURNWISE_WORKSPACE",
        help="Folder made by 'turnwise init'.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, for machines.")
]
CallsOption = Annotated[
    int | None, typer.Option(min=1, help="Calls that this run may make, with --by llm.")
]
TokensOption = Annotated[
    int | None, typer.Option(min=1, help="Tokens, in and out, that this run may use.")
]
MoneyOption = Annotated[
    float | None,
    typer.Option(min=0, help="What this run may cost, in the unit of the endpoints' prices."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Ask nothing; tell calls, tokens and cost.")
]
FilesArgument = Annotated[
    list[Path], typer.Argument(help="Files of conversations; .gz and .xz are read as they are.")
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        help="auto (told by the content), jsonl, chat, csv, tsv, sgd, multidogo, rasa, dialogflow "
        "or label-studio.",
    ),
]
OnErrorOption = Annotated[
    str,
    typer.Option(
        "--on-error",
        help="skip: keep the rest and write bad records to rejected/; stop: keep nothing.",
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="For csv and tsv: FIELD=COLUMN, where FIELD is conversation, role, text, time, "
        "position or a dimension. Repeat it. Usual names are found without.",
    ),
]
