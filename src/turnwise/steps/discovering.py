"""A project's conversations -> the intents in them: a proposed taxonomy, a table, a report.

Rounds of the loop are kept in DIR/discovery/KEY/ as they finish, so that the same command, after it
was killed, goes on behind them. What is written quotes customers; `turnwise forget` deletes it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from turnwise.clusters import Discovery
from turnwise.discovery import DiscoveryConfig, Helpers, discover
from turnwise.discovery.additions import find_additions
from turnwise.discovery.config import By, Roles
from turnwise.discovery.utterances import EXPLAINED
from turnwise.encoders import Encoder
from turnwise.errors import ConfigError, WorkspaceError
from turnwise.llm import Budget, Spend
from turnwise.progress import Progress, silent
from turnwise.project import Project, key_of
from turnwise.steps.discovery_files import Files, Given, turns_read, write_files
from turnwise.steps.discovery_helpers import (
    Baseline,
    asked_endpoints,
    open_helpers,
    read_baseline,
)
from turnwise.steps.limits import check_limits
from turnwise.taxonomy import to_dict
from turnwise.workspace.forgetting import DISCOVERY
from turnwise.workspace.rounds import FolderRounds

VERSION = "4"  # of what goes on behind kept rounds
KEY_DIGITS = 16
SHOWN_EXAMPLES = 3
WEAK = 0.3  # share of coherent intents under which a person is told


@dataclass(frozen=True, slots=True)
class DiscoverOptions:
    """What is asked of one discovery; None: as the settings say, or without limit.

    Attributes:
        by: who judges and names. roles: whose turns are read.
        against: a taxonomy file; only what it lacks is looked for. bundle: tells which turns
            it explains; alone, its own taxonomy is the one.
        dimension: of that taxonomy, which is added to.
        out: where the files are written; DIR/discovery where it is None.
        calls, tokens, money: the budget of this run, where language models judge and name.
    """

    by: By | None = None
    roles: Roles | None = None
    against: Path | None = None
    bundle: Path | None = None
    dimension: str = "intent"
    out: Path | None = None
    calls: int | None = None
    tokens: int | None = None
    money: float | None = None

    def settings(self, config: DiscoveryConfig) -> DiscoveryConfig:
        """The settings with these in place."""
        return replace(config, by=self.by or config.by, roles=self.roles or config.roles)


@dataclass(frozen=True, slots=True)
class FoundIntent:
    """One intent that was found.

    Attributes:
        name, title, path: as the proposal has them. turns: that say it; share: of all that were
            read, in [0, 1].
        coherent: what the judge of the result says. examples: a few.
        nearest, nearness: the existing label nearest to it, and the cosine; empty and 0 without a
            taxonomy.
    """

    name: str
    title: str
    path: tuple[str, ...]
    turns: int
    share: float
    coherent: bool
    examples: tuple[str, ...]
    nearest: str = ""
    nearness: float = 0.0


@dataclass(frozen=True, slots=True)
class DiscoverResult:
    """What discovery came to.

    Attributes:
        intents: the largest first.
        turns: that were read; clustered: of them, those in an intent; unclustered: in none, though
            they say something; explained: by the given taxonomy; set_aside: reason -> turns, of
            all others.
        goodness: share of the intents that the final judge calls coherent.
        judge, final_judge, namer: who did it. rounds: of the loop.
        merges: pairs of names near each other, left for a person to decide.
        notes: what a reader must know. taxonomy, table, report: the files; None where there is
            nothing to write.
        calls, used_tokens, money: spent by this run; reused: answers that an earlier one had paid.
    """

    intents: tuple[FoundIntent, ...]
    turns: int
    clustered: int
    unclustered: int
    explained: int
    set_aside: Mapping[str, int]
    goodness: float
    judge: str
    final_judge: str
    namer: str
    rounds: int
    merges: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    taxonomy: Path | None
    table: Path | None
    report: Path | None
    calls: int = 0
    used_tokens: int = 0
    money: float = 0.0
    reused: int = 0


AS_CONFIGURED = DiscoverOptions()


def discover_intents(
    project: Project, options: DiscoverOptions = AS_CONFIGURED, progress: Progress = silent
) -> DiscoverResult:
    """Find the intents in the conversations of a project, and write what is proposed.

    Raises:
        WorkspaceError: there is no conversation, or another discovery is running on the folder.
        ConfigError: options that do not go together, a library is missing, or no endpoint is there.
        DiscoveryError: there is too little, or nothing different, to find intents in.
        TaxonomyError, BundleError: what is compared with is faulty.
        EndpointError, BudgetReached: a language model can't answer, or not all fits the budget.
    """
    config = options.settings(project.config.discovery)
    check_options(project, options, config)
    project.refuse_beside(["discover"], "and both would write the same files")
    baseline = read_baseline(options.against, options.bundle, options.dimension)
    encoder = project.encoder(progress)
    budget = Budget(options.calls, options.tokens, options.money)
    folder = project.folder / DISCOVERY
    with open_helpers(project, config, encoder, baseline, budget) as asked:
        key = _key(project, config, encoder, baseline, asked.helpers)[:KEY_DIGITS]
        with project.recorded("discover", key) as record:
            rounds = FolderRounds(folder / key)
            conversations = project.workspace.conversations()
            found = discover(conversations, encoder, config, asked.helpers, rounds, progress)
            given = None if baseline is None else _given(baseline, found, encoder)
            facts = _facts(project, baseline)
            files = write_files(found, given, options.out or folder, facts, progress)
            result = _result(found, files, given, asked.spend)
            record.update(intents=len(result.intents), turns=result.turns, calls=result.calls)
        _drop_other_rounds(folder, key)
    return result


def check_options(project: Project, options: DiscoverOptions, config: DiscoveryConfig) -> None:
    """Refuse what would not do what it says.

    Raises:
        ConfigError: with what to give instead. WorkspaceError: there is no conversation.
    """
    asked = asked_endpoints(project, config)
    check_limits(options.calls, options.tokens, options.money, asked)
    for name in ("calls", "tokens", "money"):
        if config.by == "embedded" and getattr(options, name) is not None:
            reason = "the embedded judge and namer cost nothing, so a budget would not limit them"
            raise ConfigError(reason, field=name, hint="Add --by llm")
    if config.crowd and config.by == "embedded":
        reason = "a crowd of language models judges nothing where the embedded judge does"
        raise ConfigError(reason, field="discovery.crowd", hint="Add --by llm, or empty it")
    compared = options.against is not None or options.bundle is not None
    if compared and config.roles == "both":
        reason = "a taxonomy labels customers' turns, so that it can't tell what agents say"
        hint = "Give --roles customer, or leave --against and --bundle out"
        raise ConfigError(reason, field="roles", hint=hint)
    if not project.workspace.counts().conversations:
        raise WorkspaceError(
            f"{project.folder} holds no conversation yet. Run 'turnwise import FILE...' first"
        )


def _key(
    project: Project,
    config: DiscoveryConfig,
    encoder: Encoder,
    baseline: Baseline | None,
    helpers: Helpers,
) -> str:
    """What the rounds depend on: two runs of one key have the same utterances and judges."""
    compared: object = None
    if baseline is not None:
        bundle = "" if baseline.bundle is None else baseline.bundle.id
        compared = [to_dict(baseline.taxonomy), baseline.dimension.name, bundle]
    contents = project.workspace.content_hashes()
    return key_of(
        "discover",
        VERSION,
        asdict(config),
        encoder.id,
        helpers.judge.source_name,
        compared,
        contents,
    )


def _given(baseline: Baseline, found: Discovery, encoder: Encoder) -> Given:
    additions = find_additions(found, baseline.dimension, encoder, turns_read(found))
    return Given(baseline.taxonomy, baseline.dimension, additions)


def _facts(project: Project, baseline: Baseline | None) -> dict[str, str]:
    counts = project.workspace.counts()
    facts = {
        "Conversations": f"{counts.conversations:,}",
        "Encoder": project.config.encoder,
    }
    if baseline is not None:
        facts["Looked for beside"] = f"{baseline.dimension.name} of {baseline.taxonomy.name}"
    return facts


def _result(found: Discovery, files: Files, given: Given | None, spend: Spend) -> DiscoverResult:
    set_aside = Counter[str]()
    for one in found.set_aside:
        set_aside[one.reason] += one.count
    explained = set_aside.pop(EXPLAINED, 0)
    clustered = sum(one.turns for one in found.clusters)
    return DiscoverResult(
        intents=tuple(_intents(found, files, given)),
        turns=found.turns + explained + set_aside.total(),
        clustered=clustered,
        unclustered=found.turns - clustered,
        explained=explained,
        set_aside=dict(set_aside.most_common()),
        goodness=found.goodness,
        judge=found.judge,
        final_judge=found.final_judge,
        namer=found.namer,
        rounds=len(found.rounds),
        merges=tuple((one.one, one.other) for one in found.merges if not one.done),
        notes=(*found.notes, *_weak(found), *filter(None, [files.note])),
        taxonomy=files.taxonomy,
        table=files.table,
        report=files.report,
        calls=spend.calls,
        used_tokens=spend.tokens_in + spend.tokens_out,
        money=spend.money,
        reused=spend.reused,
    )


def _weak(found: Discovery) -> Iterator[str]:
    """What to do with a result that is hardly more than a first look."""
    if found.clusters and found.goodness < WEAK:
        yield (
            "few of these intents are coherent: take them as topics to look through, and split or "
            "drop rows of the table. A language model judges and names better (--by llm)"
        )
    if any(one.role not in (None, "customer") for one in found.utterances):
        yield (
            "turns of agents were read too: drop their rows before labelling, which is of "
            "customers' turns"
        )


def _intents(found: Discovery, files: Files, given: Given | None) -> Iterator[FoundIntent]:
    for place, (cluster, label) in enumerate(zip(found.clusters, files.labels, strict=True)):
        beside = None if given is None else given.additions[place]
        yield FoundIntent(
            name=label.name,
            title=cluster.name.title,
            path=label.path,
            turns=cluster.turns,
            share=cluster.turns / turns_read(found),
            coherent=cluster.good,
            examples=label.examples[:SHOWN_EXAMPLES],
            nearest="" if beside is None else beside.nearest,
            nearness=0.0 if beside is None else beside.nearness,
        )


def _drop_other_rounds(folder: Path, key: str) -> None:
    """Delete the rounds of runs on other input: nothing goes on behind them any more."""
    for one in folder.glob("[0-9a-f]" * KEY_DIGITS):
        if one.name != key and one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
