"""The unlabelled conversations of a project -> pseudo-labels, conversation by conversation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, examples
from turnwise.errors import WorkspaceError
from turnwise.labelling import label
from turnwise.labelling.llm import is_missing, is_unusable
from turnwise.llm import Budget
from turnwise.progress import Progress, silent
from turnwise.project import Project, without_gold
from turnwise.sampling import Split
from turnwise.steps.choosing import Chosen, chosen_turns, every_turn
from turnwise.steps.keeping import keep_labels
from turnwise.steps.label_options import AS_CONFIGURED, LabelOptions, check_options
from turnwise.steps.label_scores import LabelScore, label_scores
from turnwise.steps.labellers import Labeller, Seed, Wanted, affordable_turns, open_labeller
from turnwise.steps.ways import InUse, Way, labels_in_use, models_of, pending, same_way, way_of
from turnwise.taxonomy import Taxonomy


@dataclass(slots=True)
class Labelled:
    """What a run made: conversations, turns, and among these labels that could not be had.

    Attributes:
        unusable: turns with an answer that can't be used; missing: turns that got no answer, and
            that the next run asks again; troubles: what was wrong with both, how often.
    """

    conversations: set[str] = field(default_factory=set)
    turns: int = 0
    unusable: int = 0
    missing: int = 0
    troubles: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class LabelResult:
    """What labelling did.

    Attributes:
        source: the annotator.
        labelled: conversations labelled now, `turns` of them; kept: those labelled by an earlier
            run; left: those not labelled, or not all of their turns.
        annotations, abstained: dimension -> turns with a label, and without.
        unusable, missing: turns of this run; see `Labelled`. trouble: what was wrong most often.
        calls, tokens, money: spent by this run; reused: answers that an earlier one had paid.
        stopped: why it ended early, and how to go on; else empty.
        scores: dimension -> how right the labels are, where gold tells.
        example: one annotation, to show what a rationale looks like.
    """

    source: Source
    labelled: int
    kept: int
    annotations: dict[str, int]
    abstained: dict[str, int]
    turns: int = 0
    left: int = 0
    unusable: int = 0
    missing: int = 0
    trouble: str = ""
    calls: int = 0
    tokens: int = 0
    money: float = 0.0
    reused: int = 0
    stopped: str = ""
    scores: dict[str, LabelScore] = field(default_factory=dict)
    example: Annotation | None = None


def label_logs(
    project: Project, progress: Progress = silent, options: LabelOptions = AS_CONFIGURED
) -> LabelResult:
    """Label the unlabelled conversations of a project, in one of the ways there are.

    Each conversation is stored as it is labelled, under a key of its content and of everything
    that the annotator rests on: a second run labels only what is new or changed. Answers of
    language models are kept as they come, and never paid twice.

    Raises:
        WorkspaceError: nothing was imported.
        ConfigError: options that do not go together, or no endpoint is configured.
        EndpointError: the endpoint can't answer: unreachable, a wrong key, an unknown model.
    """
    config = options.settings(project.config.labelling)
    check_options(project, options, config)
    taxonomy, split = project.taxonomy(), project.split()
    if not split.unlabelled and not split.seed:
        raise WorkspaceError(f"{project.folder} holds no conversations: run turnwise import")
    way = way_of(project, taxonomy, split, config, models_of(project, config))
    job = _Job(project, taxonomy, split, way, progress)
    used = same_way(project, way)
    if options.select == "all" and used is not None and not job.pending():
        if labels_in_use(project) != used:
            with project.recorded("label", way.key, used.facts()):
                pass  # done before: from now on they are the ones in use again
        return _summary(project, taxonomy, split, used.source)
    return job.run(options)


def labelling_quality(project: Project) -> LabelResult | None:
    """What the labelling in use came to, without labelling anything; None where there is none."""
    used = labels_in_use(project)
    if used is None:
        return None
    return _summary(project, project.taxonomy(), project.split(), used.source)


@dataclass
class _Job:
    """One run of labelling."""

    project: Project
    taxonomy: Taxonomy
    split: Split
    way: Way
    progress: Progress
    made: Labelled = field(default_factory=Labelled)

    def pending(self) -> list[str]:
        """Conversations that are not labelled whole."""
        return pending(self.project, self.way, self.split)

    def run(self, options: LabelOptions) -> LabelResult:
        budget = Budget(options.calls, options.tokens, options.money)
        seed = Seed(self.project, self.taxonomy, self.split.seed, self.progress)
        before = len(self.split.unlabelled) - len(self.pending())
        self.project.refuse_beside(("label",), "and both would pay for the same turns")
        with open_labeller(seed, self.way.config, {}, budget) as labeller:
            source = labeller.annotator.source
            used = InUse(source, self.way.config.strategy, self.way.config.by, self.way.models)
            with self.project.recorded("label", self.way.key, used.facts()) as record:
                self._refuse_changed()
                for wanted in self._rounds(options, used):
                    self._label(labeller, wanted)
                    if labeller.stopped:
                        break
                record["labelled"] = len(self.made.conversations)
            spend, stopped = labeller.spend, labeller.stopped
        return replace(
            _summary(self.project, self.taxonomy, self.split, source),
            labelled=len(self.made.conversations),
            kept=before,
            turns=self.made.turns,
            left=len(self.pending()),
            unusable=self.made.unusable,
            missing=self.made.missing,
            trouble=next((what for what, _ in self.made.troubles.most_common(1)), ""),
            calls=spend.calls,
            tokens=spend.tokens_in + spend.tokens_out,
            money=spend.money,
            reused=spend.reused,
            stopped=stopped,
        )

    def _rounds(self, options: LabelOptions, used: InUse) -> Iterable[Wanted]:
        if options.select == "all" or options.calls is None:
            return [every_turn(self.project, self.way, used.source, self.pending())]
        turns = affordable_turns(options.calls, self.way.config)
        ask = Chosen(self.way, used, options.select, turns)
        return chosen_turns(self.project, self.taxonomy, self.split, ask, self.progress)

    def _refuse_changed(self) -> None:
        """A migration may have run between the reading of the taxonomy and this run's record."""
        taxonomy, split = self.project.taxonomy(), self.project.split()
        way = way_of(self.project, taxonomy, split, self.way.config, self.way.models)
        if way.key != self.way.key or taxonomy != self.taxonomy:
            raise WorkspaceError(
                "the taxonomy or the seed changed meanwhile. Run the same command again"
            )

    def _label(self, labeller: Labeller, wanted: Wanted) -> None:
        """Label some turns, storing each conversation as soon as it is done."""
        labeller.wanted.clear()
        labeller.wanted.update(wanted)
        every = self.project.workspace.customer_turns()
        total = sum(every[one] if some is None else len(some) for one, some in wanted.items())
        done = 0
        for one, said in label(self._logs(wanted, labeller), labeller.annotator):
            done += self._store(one, said, labeller.annotator.source, wanted[one.id])
            self.progress("label", done, total, labeller.note(total - done))

    def _logs(self, wanted: Wanted, labeller: Labeller) -> Iterable[Conversation]:
        """The conversations, until the budget is reached: reading on would be for nothing."""
        for one in self.project.workspace.conversations(sorted(wanted)):
            if labeller.stopped:
                return
            yield without_gold(one)

    def _store(
        self,
        conversation: Conversation,
        said: tuple[Annotation, ...],
        source: Source,
        wanted: Collection[int] | None,
    ) -> int:
        """Keep what was said of turns that got an answer; turns without are asked again."""
        missing = {one.turn for one in said if is_missing(one)}
        turns = {one.turn for one in said if one.source == source} - missing
        if wanted is not None:
            turns &= set(wanted)
        unusable = {one.turn for one in said if is_unusable(one)} & turns
        self.made.missing += len(missing)
        self.made.unusable += len(unusable)
        wrong = {one.turn: one.rationale for one in said if is_missing(one) or is_unusable(one)}
        self.made.troubles.update(wrong[turn] for turn in missing | unusable)
        if turns or not any(examples(conversation)):
            kept = [one for one in said if one.turn in turns]
            keep_labels(self.project.workspace, self.way, conversation, source, kept)
            self.made.conversations.add(conversation.id)
            self.made.turns += len(turns)
        return len(turns)


def _summary(project: Project, taxonomy: Taxonomy, split: Split, source: Source) -> LabelResult:
    counts = dict.fromkeys(taxonomy.dimension_names, 0)
    abstained = dict.fromkeys(taxonomy.dimension_names, 0)
    gold = set(project.workspace.gold_ids()) & set(split.unlabelled)
    scored: dict[tuple[str, int, str], Annotation] = {}
    shown: Annotation | None = None
    of_any_version = replace(source, version="")
    for one in project.workspace.annotations(split.unlabelled, of_any_version):
        if one.dimension not in counts:
            continue
        (abstained if one.label is None else counts)[one.dimension] += 1
        if one.conversation_id in gold:
            scored[(*one.key, one.dimension)] = one
        if one.label and one.evidence and (shown is None or one.confidence > shown.confidence):
            shown = one
    return LabelResult(
        source=source,
        labelled=0,
        kept=len(split.unlabelled),
        annotations=counts,
        abstained=abstained,
        scores=label_scores(taxonomy, project.workspace.conversations(sorted(gold)), scored),
        example=shown,
    )
