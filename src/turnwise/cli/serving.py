"""Commands that decide: serve, keys, chat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from turnwise.cli.app import app
from turnwise.cli.options import HERE, JsonOption, WorkspaceOption

if TYPE_CHECKING:
    from turnwise.serving.http.keys import Scope


@app.command()
def chat(
    workspace: WorkspaceOption = HERE,
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle's folder; default: the workspace's newest.")
    ] = None,
    locale: Annotated[
        str, typer.Option(help="Language of clarifying questions, such as de or es-MX.")
    ] = "",
    trace: Annotated[
        bool, typer.Option("--trace", help="Show every rule that was tried, and how long it took.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Talk to a bundle: a line is what a customer says, and the decision about it is shown.

    Lines without a question between them are one turn, decided on as a whole. With --json, each
    decision as POST /v1/decide answers it.

    Decisions: accept (labels, and where to route), escalate (somebody else settled it), clarify
    (a question; the next line answers it), out of domain, hand-off. The rules and thresholds are
    'policy' in turnwise.yaml, or the bundle's own. An empty line starts a new conversation; the
    end of the input (Ctrl-D) ends it.

    Example: turnwise chat -w DIR --trace
    """
    from turnwise.cli import show_decision
    from turnwise.project import current_bundle
    from turnwise.steps import Dialogue, open_policy

    folder = bundle if bundle is not None else current_bundle(workspace)
    with open_policy(folder, workspace) as policy:
        dialogue = Dialogue(policy, locale)
        for line in show_decision.lines():
            if not line:
                dialogue = Dialogue(policy, locale)
                continue
            made = dialogue.say(line)
            show_decision.decision(made, dialogue.turns, json, trace)


@app.command()
def serve(
    workspace: WorkspaceOption = HERE,
    bundle: Annotated[
        Path | None,
        typer.Option(help="A bundle's folder, for good; default: as 'turnwise bundle' says."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8080,
    keys: Annotated[
        Path | None, typer.Option(help="File of API keys, as 'turnwise keys' writes it.")
    ] = None,
    no_keys: Annotated[
        bool, typer.Option("--no-keys", help="Ask for no key; then only this machine is served.")
    ] = False,
) -> None:
    """Answer over HTTP: POST /v1/classify and /v1/decide; /openapi.json documents it all.

    Decides by 'policy' of turnwise.yaml, with the bundle that was trained last, or those that
    'turnwise bundle' and 'turnwise experiment' say, also while it runs. Ctrl-C or SIGTERM ends
    it; what is in flight is finished.

    Examples: turnwise serve -w DIR --no-keys; turnwise keys keys.json --name router;
    turnwise serve -w DIR --keys keys.json --host 0.0.0.0
    """
    from turnwise.steps import serve_bundle

    _need_extra()
    _log_to_stderr()
    serve_bundle(
        bundle,
        workspace,
        lambda name, address: print(f"Serving {name} at {address}", flush=True),
        host=host,
        port=port,
        keys=keys,
        no_keys=no_keys,
    )


@app.command()
def keys(
    file: Annotated[Path, typer.Argument(help="File of keys; made where it is not there.")],
    name: Annotated[str, typer.Option(help="Who will use the key.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="classify, decide, feedback or metrics; repeat it. Default: all but metrics."
        ),
    ] = None,
) -> None:
    """Make an API key: its hash goes into the file, the key itself is printed once.

    A running server reads the file again when it changes. To replace a key, make another of the
    same name, move its callers, and delete the old entry.

    Example: turnwise keys keys.json --name router --scope decide
    """
    _need_extra()
    from turnwise.serving.http.keys import add_key

    chosen = cast(
        "list[Scope]", scope or ["classify", "decide", "feedback"]
    )  # which add_key checks
    print(add_key(file, name, chosen))


def _log_to_stderr() -> None:
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for name in ("turnwise.serving", "uvicorn.error"):
        logging.getLogger(name).addHandler(handler)
    logging.getLogger("turnwise.serving").setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def _need_extra() -> None:
    from importlib.util import find_spec

    from turnwise.errors import ConfigError

    missing = [
        one
        for one in ("fastapi", "uvicorn", "httptools", "prometheus_client")
        if not find_spec(one)
    ]
    if missing:
        hint = "Run: pip install 'turnwise[serve]'"
        raise ConfigError(f"serving needs {', '.join(missing)}", hint=hint)
