"""`two-stage` on views of the data: single-stage labels, each kept or revised by a reviewer.

Both stages are handed on: what was said first under the source of `single`, what holds after the
review under that of `two-stage`. The tests of the review stand in `review.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from turnwise.annotations import Annotation, Evidence
from turnwise.conversations import Conversation, Example
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.embedded import Ahead
from turnwise.labelling.rationale import Place, Read, sentence
from turnwise.labelling.views.answering import (
    Choice,
    Labelled,
    ViewAnnotator,
    annotation,
    by_conversation,
    source_of,
)
from turnwise.labelling.views.ground import Ground, read_single
from turnwise.labelling.views.review import (
    CONTEXT,
    MISSED,
    Reviewed,
    Reviewer,
    Views,
    ablated,
    fit_reviewer,
)
from turnwise.labelling.views.sessions import customer_turns
from turnwise.taxonomy import Dimension

SINGLE, TWO_STAGE = source_of("single"), source_of("two-stage")


@dataclass(frozen=True)
class TwoStage:
    """The first stage is the ground's annotator; a reviewer for each dimension."""

    ground: Ground
    config: LabellingConfig
    reviewers: Mapping[str, Reviewer]


def fit_two_stage(ground: Ground, config: LabellingConfig) -> TwoStage:
    """Fit a reviewer of each dimension on first-stage labels of left-out seed conversations."""
    reviewers = {
        one.name: fit_reviewer(ground, one, config.demonstrations)
        for one in ground.taxonomy.dimensions
    }
    return TwoStage(ground, config, reviewers)


def two_stage_annotator(two_stage: TwoStage) -> ViewAnnotator:
    """`two-stage` as an annotator; each stage's annotations under a source of its own."""
    return ViewAnnotator(TWO_STAGE, partial(_work, two_stage))


def stage1_label(one: Annotation, threshold: float) -> Annotation:
    """A first-stage annotation as `single` gives it: no label under a threshold."""
    if one.confidence >= threshold:
        return replace(one, source=SINGLE)
    guesses = ((str(one.label), one.confidence), *one.runners_up)
    return replace(
        one,
        source=SINGLE,
        label=None,
        runners_up=guesses[: max(len(one.runners_up), 1)],
        rationale=f"{one.rationale} Abstained: confidence under {threshold:.2f}.",
    )


def _work(two_stage: TwoStage, conversations: Sequence[Conversation]) -> list[Labelled]:
    ground, threshold = two_stage.ground, two_stage.config.abstain_below
    turns = customer_turns(conversations)
    said = read_single(ground.annotator, conversations)
    texts = [one.text for one in turns]
    near, context = ground.near_to(texts), ground.near_to(ground.texts(turns, CONTEXT))
    by_turn: list[list[Annotation]] = [[] for _ in turns]
    for name, reviewer in two_stage.reviewers.items():
        first, dimension = said.annotations[name], ground.taxonomy[name]
        views = Views(near, ablated(ground, dimension, texts, first), context)
        reviewed = reviewer.review(said.ahead.chances[name], views)
        case = _Case(two_stage, dimension, said.ahead, first, reviewed)
        for at, one in enumerate(turns):
            choice = _choice(case, at, one)
            by_turn[at].append(stage1_label(first[at], threshold))
            by_turn[at].append(annotation(one, name, choice, TWO_STAGE))
    return by_conversation(conversations, [tuple(part) for part in by_turn])


def _choice(case: _Case, at: int, example: Example) -> Choice:
    """What holds after the review, and why: which tests doubt a label that is kept, or refute
    one that is revised."""
    reviewed, first, names = case.reviewed, case.first[at], case.dimension.names
    final, given = int(reviewed.final[at]), case.dimension.index[str(first.label)]
    order = reviewed.order(names, at)
    abstains = order[0][1] < case.threshold
    if final == given:
        evidence = first.evidence
        why = _kept(reviewed, at, final, names)
    else:
        tests = reviewed.refuted_by(at, given, final)
        evidence = case.quote(at, example, final, by_history=MISSED in tests[:1])
        why = f"Revised from {first.label} for {', '.join(tests) or 'the sum of the tests'}."
    cited = sentence(names[final], evidence, case.threshold if abstains else None)
    return Choice(order, abstains, f"{why} {cited}", evidence)


def _kept(reviewed: Reviewed, at: int, label: int, names: Sequence[str]) -> str:
    rival = reviewed.rival(at, label)
    if rival == label:
        return f"Kept {names[label]}: there is no other."
    doubts = reviewed.refuted_by(at, label, rival)
    told = f"in spite of {', '.join(doubts)}" if doubts else "no test refutes it"
    return f"Kept {names[label]} against {names[rival]}: {told}."


@dataclass(frozen=True, slots=True)
class _Case:
    """One dimension of some turns: what was said first, and the review."""

    two_stage: TwoStage
    dimension: Dimension
    ahead: Ahead
    first: Sequence[Annotation]
    reviewed: Reviewed

    @property
    def threshold(self) -> float:
        return self.two_stage.config.abstain_below

    def quote(
        self, at: int, example: Example, label: int, by_history: bool
    ) -> tuple[Evidence, ...]:
        """What speaks for a label that the first stage did not give."""
        name, ahead = self.dimension.name, self.ahead
        place = Place(example.conversation, int(ahead.where.starts[at]))
        read = Read(place, ahead.seen, ahead.near, ahead.beliefs[name].signals)
        citer = self.two_stage.ground.annotator.learnt[name].citer
        return citer.cite(read, example.index, label, by_history)
