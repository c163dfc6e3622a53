"""A generated set as it is written, and what a generation came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from turnwise.generated import Dropped, GeneratedConversation, Method
from turnwise.generation.asking import Tally
from turnwise.generation.config import GenerationConfig
from turnwise.generation.files import write_generated
from turnwise.generation.material import Material
from turnwise.generation.quality.proxies import Quality
from turnwise.generation.ranking import Ranked, write_pairs
from turnwise.generation.simulation import LabelComparison
from turnwise.llm import Spend
from turnwise.project import Project
from turnwise.steps.generated_data import PAIRS, generated_file
from turnwise.steps.generation_findings import FINDINGS, other_rows, write_findings
from turnwise.steps.generation_labels import Relabelled
from turnwise.steps.generation_notes import notes, teaches
from turnwise.steps.generation_quality import Rated
from turnwise.unfinished import write_file

SHOWN = 3  # conversations that a result shows
PAGE = "report.html"
TITLE = "Conversations that were generated"
NO_PAIRS = "no pair of answers was made: no two answers to one question were rated apart"
NONE_KEPT = "no conversation was kept"
STAYS = f"{NONE_KEPT}, and the set of that name that was there stays as it was"


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
        dropped: what, and why. unfinished: conversations that the budget did not reach.
        outcomes: how talks ended -> how many, where they can end in several ways.
        quality: a row for the logs, one for what was kept, and one for each other set.
        agreement: of the labels that a labelling gave with those that were intended; None where
            the intended ones stand.
        teaches: whether training can learn from them what the logs alone do not show.
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
    dropped: tuple[Dropped, ...]
    unfinished: int
    outcomes: Mapping[str, int]
    rewritten: int
    misread: int
    quality: tuple[Quality, ...]
    agreement: LabelComparison | None
    teaches: bool
    shown: tuple[GeneratedConversation, ...]
    calls: int = 0
    used_tokens: int = 0
    money: float = 0.0
    reused: int = 0
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Made:
    """Conversations that are made, labelled and rated, and still to be written.

    Attributes:
        name: of the set. material: of the market that it follows. ranked: None where no pairs
            of answers were asked for.
    """

    project: Project
    config: GenerationConfig
    name: str
    material: Material
    tally: Tally
    labelled: Relabelled
    rated: Rated
    ranked: Ranked | None

    def written(self, begun: int, spend: Spend, reached: str) -> GenerateResult:
        """Write the set; one of which nothing was kept leaves the one before as it was.

        Args:
            begun: conversations. reached: what is told of a budget that is.
        """
        file = generated_file(self.project, self.name)
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = other_rows(self.project, self.name) if self.rated.rows else ()
        page, pairs = file.with_name(PAGE), None
        stays = not self.rated.kept and file.exists()
        if not stays:
            pairs = self._conversations(file)
            write_findings(self.project, self.name, self.rated.rows, self._dropped)
            write_file(page, self.rated.page(TITLE, self._facts(), beside, self._dropped))
        kept = self.rated.kept
        return GenerateResult(
            name=self.name,
            file=file,
            page=page,
            pairs=pairs,
            method=self.config.method,
            maker=self.rated.maker,
            begun=begun,
            made=len(self.labelled.conversations),
            kept=len(kept),
            turns=sum(len(one.customer) for one in kept),
            dropped=self._dropped,
            unfinished=self.tally.unfinished,
            outcomes=dict(Counter(one.outcome for one in kept if one.outcome).most_common()),
            rewritten=self.tally.rewritten,
            misread=self.tally.misread,
            quality=(*self.rated.rows, *beside),
            agreement=self.labelled.comparison,
            teaches=teaches(self.config, self.material, kept),
            shown=kept[:SHOWN],
            calls=spend.calls,
            used_tokens=spend.tokens_in + spend.tokens_out,
            money=spend.money,
            reused=spend.reused,
            notes=tuple(self._notes(begun, pairs is not None, stays, reached)),
        )

    def _conversations(self, file: Path) -> Path | None:
        """Write them; returns the pairs of their answers where there are any."""
        write_generated(self.rated.kept, file)
        for beside in (PAIRS, FINDINGS, PAGE):  # of the set before: they say nothing of this one
            file.with_name(beside).unlink(missing_ok=True)
        pairs = file.with_name(PAIRS)
        if self.ranked is None or not self.ranked.pairs:
            return None
        write_pairs(self.ranked.pairs, pairs)
        return pairs

    @property
    def _dropped(self) -> tuple[Dropped, ...]:
        ranked = self.ranked.dropped if self.ranked else ()
        paired = (replace(one, what="answer pairs") for one in ranked)
        return (*self.rated.dropped, *self.tally.reasons, *paired)

    def _facts(self) -> dict[str, str]:
        made = len(self.labelled.conversations)
        return {
            "Method": self.config.method,
            "By": self.rated.maker or "nobody",
            "Conversations": f"{len(self.rated.kept):,} of {made:,} that were made",
            "Seed": str(self.config.seed),
        }

    def _notes(self, begun: int, paired: bool, stays: bool, reached: str) -> Iterator[str]:
        if begun < self.config.conversations:
            yield f"the logs hold no more than {begun:,} labelled queries to begin with"
        if unfinished := self.tally.unfinished:
            yield f"{unfinished:,} conversations were not finished"
        if shortened := self.tally.shortened:
            yield (
                f"{shortened:,} conversations end before their chain does: nothing was left to say "
                "of a label that had not been said. More labelled turns lengthen them"
            )
        if unreached := self.labelled.unreached:
            yield f"{unreached:,} turns kept the labels that were intended"
        if not self.rated.kept:
            yield STAYS if stays else NONE_KEPT
        yield from notes(self.config, self.material)
        if self.ranked is not None and self.rated.kept and not paired:
            yield NO_PAIRS
        if reached:
            yield reached
