"""A project's labelled logs -> conversations that nobody held, rated, in DIR/generated/NAME/.

Answers of language models are kept as they come, and all else is drawn by the seed: the same
command, after it was killed, makes the same conversations and pays for no answer twice. What is
written quotes customers; `turnwise forget` deletes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from turnwise.conversations import Conversation
from turnwise.errors import ConfigError, GenerationError
from turnwise.generated import Dropped, GeneratedConversation, Method
from turnwise.generation.asking import Tally
from turnwise.generation.config import By, GenerationConfig
from turnwise.generation.files import write_generated
from turnwise.generation.generate import generate
from turnwise.generation.material import Material
from turnwise.generation.quality.proxies import Quality
from turnwise.generation.ranking import Ranked, write_pairs
from turnwise.generation.simulation import LabelComparison
from turnwise.llm import Budget
from turnwise.progress import Progress, silent
from turnwise.project import Project
from turnwise.steps.generated_data import generated_file, other_rows, write_findings
from turnwise.steps.generation_helpers import (
    AMBIGUOUS,
    asked_endpoints,
    open_helpers,
    read_material,
)
from turnwise.steps.generation_labels import relabelled
from turnwise.steps.generation_quality import Rated, rank, rate
from turnwise.steps.limits import check_limits
from turnwise.unfinished import write_file

NAME = re.compile(r"[\w-]{1,80}")
SHOWN = 3  # conversations that a result shows
PAGE, PAIRS = "report.html", "pairs.jsonl"
TITLE = "Conversations that were generated"


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """What is asked of one generation; None: as the settings say, or without limit.

    Attributes:
        method, by, conversations, seed, market, switching, keep: as `GenerationConfig` has them.
        name: of the set that is written; None: the method's.
        pairs: write pairs of answers, too, for the ranking task of training.
        calls, tokens, money: the budget of this run, where language models write.
    """

    method: Method | None = None
    by: By | None = None
    conversations: int | None = None
    seed: int | None = None
    market: str | None = None
    switching: float | None = None
    keep: float | None = None
    name: str | None = None
    pairs: bool = False
    calls: int | None = None
    tokens: int | None = None
    money: float | None = None

    def settings(self, config: GenerationConfig) -> GenerationConfig:
        """The settings with these in place."""
        names = ("method", "by", "conversations", "seed", "market", "switching", "keep")
        said = {name: getattr(self, name) for name in names}
        return replace(config, **{name: one for name, one in said.items() if one is not None})


@dataclass(frozen=True, slots=True)
class GenerateResult:
    """What generation came to.

    Attributes:
        name, file, page: of the set; its conversations, and its report. pairs: of answers, a
            better and a worse one; None where none were asked for.
        method, maker: how they were made, and who wrote them.
        begun, made, kept: conversations; made: that came to their end; kept: the best rated. Of
            `ambiguous` and `clarify`, queries that were tried; some more are made for pairs of
            labels.
        rewritten, misread: turns that a classifier read again once they were written, and those of
            them that did not stay, as it read another label.
        turns: of the customer, that were kept.
        dropped: reason -> how many. unfinished: conversations that the budget did not reach.
        outcomes: how talks ended -> how many, where they can end in several ways.
        quality: a row for the logs, one for what was kept, and one for each other set.
        agreement: of the labels that a labelling gave with those that were intended; None where
            the intended ones stand.
        shown: a few of the conversations.
        calls, used_tokens, money: spent by this run; reused: answers that an earlier one had paid.
    """

    name: str
    file: Path
    page: Path
    pairs: Path | None
    method: Method
    maker: str
    begun: int
    made: int
    kept: int
    turns: int
    dropped: Mapping[str, int]
    unfinished: int
    outcomes: Mapping[str, int]
    rewritten: int
    misread: int
    quality: tuple[Quality, ...]
    agreement: LabelComparison | None
    shown: tuple[GeneratedConversation, ...]
    calls: int = 0
    used_tokens: int = 0
    money: float = 0.0
    reused: int = 0
    notes: tuple[str, ...] = field(default=())


AS_CONFIGURED = GenerateOptions()


def generate_conversations(
    project: Project, options: GenerateOptions = AS_CONFIGURED, progress: Progress = silent
) -> GenerateResult:
    """Make conversations from a project's labelled logs, rate them, and write the best.

    Raises:
        GenerationError: there is too little to make them from.
        ConfigError: options that do not go together, or no endpoint or bundle is there that the
            method needs.
        WorkspaceError: another generation is running on the folder.
        EndpointError: a language model can't answer.
    """
    config = options.settings(project.config.generation)
    name = check_options(project, options, config)
    project.refuse_beside(["generate"], "and both would write the same files")
    material = read_material(project)
    of_market = material.of_market(config.market)
    begun = _begun(of_market, config)
    if options.pairs and not any(_is_answered(one.conversation) for one in of_market.logs):
        raise GenerationError(
            "pairs are of answers, and these logs hold what customers said alone. Import logs with "
            "both sides, or leave --pairs out"
        )
    budget = Budget(options.calls, options.tokens, options.money)
    tally = Tally()
    with project.recorded("generate", facts=_facts(config, name)) as record:
        with open_helpers(project, material, config, budget, progress) as opened:
            made = list(generate(material, config, opened.helpers, tally, progress))
            labelled = relabelled(project, made, config, budget, progress)
            rated = rate(labelled.conversations, of_market, config, opened.helpers, progress)
            ranked = Ranked(())
            if options.pairs:
                ranked = rank(rated.kept, of_market, opened.helpers, config.seed, progress)
            spend = opened.spend + labelled.spend
        file = generated_file(project, name)
        dropped = _dropped(tally, (*rated.dropped, *ranked.dropped))
        beside = other_rows(project, name) if rated.rows else ()
        facts = _facts_shown(config, rated, len(made))
        page, pairs = _write(file, rated, ranked, dropped, lambda: rated.page(TITLE, facts, beside))
        record.update(conversations=len(rated.kept), name=name, calls=spend.calls)
    return GenerateResult(
        name=name,
        file=file,
        page=page,
        pairs=pairs,
        method=config.method,
        maker=rated.maker,
        begun=begun,
        made=len(made),
        kept=len(rated.kept),
        turns=sum(len(one.customer) for one in rated.kept),
        dropped=dropped,
        unfinished=tally.unfinished,
        outcomes=dict(Counter(one.outcome for one in rated.kept if one.outcome).most_common()),
        rewritten=tally.rewritten,
        misread=tally.misread,
        quality=(*rated.rows, *beside),
        agreement=labelled.comparison,
        shown=tuple(rated.kept[:SHOWN]),
        calls=spend.calls,
        used_tokens=spend.tokens_in + spend.tokens_out,
        money=spend.money,
        reused=spend.reused,
        notes=_notes(config, begun, tally.unfinished, labelled.unreached, len(rated.kept))
        + ((budget.reached,) if budget.reached else ()),
    )


def check_options(project: Project, options: GenerateOptions, config: GenerationConfig) -> str:
    """Refuse what would not do what it says; returns the name of the set.

    Raises:
        ConfigError: with what to give instead.
    """
    check_limits(options.calls, options.tokens, options.money, asked_endpoints(project, config))
    for name in ("calls", "tokens", "money"):
        if not config.asks and getattr(options, name) is not None:
            reason = f"{config.method} costs nothing as it is made here: a budget limits nothing"
            raise ConfigError(reason, field=name, hint="Add --by llm, or --method llm")
    chained = ("hmm", "embedded", "llm")
    if options.switching is not None and config.method not in chained:
        reason = f"{config.method} follows no chain whose switches could be set"
        raise ConfigError(reason, field="switching", hint=f"It goes with {', '.join(chained)}")
    found = config.method if options.name is None else options.name
    if not NAME.fullmatch(found):
        reason = f"{found!r} is no name of a set"
        raise ConfigError(reason, field="name", hint="Letters, digits, - and _ make one")
    return found


def _facts(config: GenerationConfig, name: str) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(config).items()} | {"name": name}


def _dropped(tally: Tally, later: Sequence[Dropped]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for one in (*tally.reasons, *later):
        counts[one.reason] += one.count
    return dict(counts.most_common())


def _write(
    file: Path, rated: Rated, ranked: Ranked, dropped: Mapping[str, int], report: Callable[[], str]
) -> tuple[Path, Path | None]:
    """Write a set; returns its report, and its pairs where there are any.

    One of which nothing was kept leaves the one before as it was.
    """
    page, pairs = file.with_name(PAGE), file.with_name(PAIRS)
    if not rated.kept and file.exists():
        return page, None
    file.parent.mkdir(parents=True, exist_ok=True)
    write_generated(rated.kept, file)
    write_findings(file.parent, rated.rows, dropped)
    write_file(page, report())
    if not ranked.pairs:
        pairs.unlink(missing_ok=True)  # of the set before
        return page, None
    write_pairs(ranked.pairs, pairs)
    return page, pairs


def _facts_shown(config: GenerationConfig, rated: Rated, made: int) -> dict[str, str]:
    return {
        "Method": config.method,
        "By": rated.maker or "nobody",
        "Conversations": f"{len(rated.kept):,} of {made:,} that were made",
        "Seed": str(config.seed),
    }


def _is_answered(conversation: Conversation) -> bool:
    return any(turn.role != "customer" for turn in conversation.turns)


def _begun(material: Material, config: GenerationConfig) -> int:
    if config.method not in AMBIGUOUS:
        return config.conversations
    return len(material.clear_queries(config.conversations, config.seed))


def _notes(
    config: GenerationConfig, begun: int, unfinished: int, unreached: int, kept: int
) -> tuple[str, ...]:
    told = {
        f"the logs hold no more than {begun:,} labelled queries to begin with": (
            begun < config.conversations
        ),
        f"{unfinished:,} conversations were not finished": unfinished,
        f"{unreached:,} turns kept the labels that were intended": unreached,
        "no conversation was kept, and a set of that name that was there stays as it was": not kept,
    }
    return tuple(note for note, holds in told.items() if holds)
