"""The titles of a project's taxonomy -> short ones, by keyphrases or by a language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from turnwise.encoders import OnnxEncoder
from turnwise.errors import ConfigError, WorkspaceError
from turnwise.labelling.annotator import By
from turnwise.labelling.titles import (
    Compressed,
    compress_titles,
    propose_by_model,
    title_questions,
    titles_to_shorten,
    with_titles,
)
from turnwise.labelling.titles.compress import Proposals
from turnwise.labelling.titles.llm import Place
from turnwise.llm import Background, Budget, Client, Estimate, Spend, estimate
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.limits import check_limits
from turnwise.steps.taxonomy_files import replace_file
from turnwise.taxonomy import Taxonomy, save_taxonomy


@dataclass(frozen=True, slots=True)
class TitleOptions:
    """How titles are shortened, and what becomes of them.

    Attributes:
        by: keyphrases of this machine, or phrases of the language model `teacher`.
        write: put them into the workspace's taxonomy file. out: into another file.
        calls, tokens, money: the budget of this run, where a language model is asked.
    """

    by: By = "embedded"
    write: bool = False
    out: Path | None = None
    calls: int | None = None
    tokens: int | None = None
    money: float | None = None


@dataclass(frozen=True, slots=True)
class CompressResult:
    """What shortening came to.

    Attributes:
        by, model: who proposed; no model where keyphrases did.
        titles: one for each label.
        written: the file with the short titles; None where none was asked for.
        calls, used_tokens, money: spent by this run; reused: answers that an earlier one had paid.
    """

    by: By
    model: str
    titles: tuple[Compressed, ...]
    written: Path | None
    calls: int = 0
    used_tokens: int = 0
    money: float = 0.0
    reused: int = 0


EMBEDDED = TitleOptions()


def compress_taxonomy(
    project: Project, options: TitleOptions = EMBEDDED, progress: Progress = silent
) -> CompressResult:
    """Shorten the titles of a project's taxonomy; nothing is written unless the options say so.

    Raises:
        ConfigError: options that do not go together, or no endpoint is configured.
        EndpointError: the endpoint can't answer. BudgetReached: not all titles fit into it.
    """
    _check(project, options)
    taxonomy = project.taxonomy()
    # Not the one that keeps vectors: nobody asks again for those of phrases that were not taken.
    encoder = OnnxEncoder(project.encoder_folder(progress))
    spend, proposals, model = Spend(), None, ""
    if options.by == "llm":
        places = titles_to_shorten(taxonomy, encoder)
        proposals, spend, model = _asked(project, taxonomy, places, options, progress)
    titles = compress_titles(taxonomy, encoder, proposals, progress)
    written = _write(project, options, with_titles(taxonomy, titles))
    return CompressResult(
        by=options.by,
        model=model,
        titles=tuple(titles),
        written=written,
        calls=spend.calls,
        used_tokens=spend.tokens_in + spend.tokens_out,
        money=spend.money,
        reused=spend.reused,
    )


def plan_titles(project: Project, options: TitleOptions, progress: Progress = silent) -> Estimate:
    """Reckon what `compress_taxonomy` would ask; nothing is asked or written.

    Raises:
        ConfigError: nobody would be asked, or no endpoint is configured.
    """
    _check(project, options)
    if options.by == "embedded":
        reason = "the keyphrases of this machine cost nothing: there is nothing to tell beforehand"
        raise ConfigError(reason, field="dry-run", hint="Add --by llm")
    taxonomy = project.taxonomy()
    places = titles_to_shorten(taxonomy, OnnxEncoder(project.encoder_folder(progress)))
    questions = title_questions(taxonomy, places)
    endpoint, answers = project.endpoint(), project.workspace.answers
    return estimate(questions, len(questions), endpoint, answers)


def _check(project: Project, options: TitleOptions) -> None:
    priced = options.by == "llm" and options.money is not None
    asked = [project.endpoint()] if priced else []
    check_limits(options.calls, options.tokens, options.money, asked)
    for name in ("calls", "tokens", "money"):
        if options.by == "embedded" and getattr(options, name) is not None:
            reason = "keyphrases cost nothing, so a budget would not limit them"
            raise ConfigError(reason, field=name, hint="Add --by llm")
    if options.write and options.out is not None:
        raise ConfigError(
            "the titles go into the workspace's taxonomy, or into another file",
            field="out",
            hint="Give either --write or --out",
        )


def _asked(
    project: Project,
    taxonomy: Taxonomy,
    places: Sequence[Place],
    options: TitleOptions,
    progress: Progress,
) -> tuple[Proposals, Spend, str]:
    budget = Budget(options.calls, options.tokens, options.money)
    client = Client(project.endpoint(), project.workspace.answers, budget)
    with project.recorded("taxonomy compress") as record, Background() as background:
        background.finally_(client.close)
        asking = propose_by_model(taxonomy, places, client, progress)
        proposals = background.submit(asking).result()
        record.update(calls=client.spend.calls, money=client.spend.money)
    return proposals, client.spend, client.source_name


def _write(project: Project, options: TitleOptions, taxonomy: Taxonomy) -> Path | None:
    own = project.folder / project.config.taxonomy
    target = own if options.write else options.out
    if target is None:
        return None
    if not target.parent.is_dir():
        raise WorkspaceError(f"{target}: there is no folder {target.parent}. Make it first")
    made = target.with_name(f"{target.name}.new")
    save_taxonomy(taxonomy, made)
    replace_file(target, made.read_bytes())
    made.unlink()
    return target
