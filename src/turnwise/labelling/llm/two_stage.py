"""`two-stage`: what `single` answers is put before a strict reviewer, who keeps or revises it.

Two-stage labelling with self-critique of S0 (Building Multi-turn Intent Classification with
LLM-based Labeling). The first stage is the very question that `single` asks, so where its
answer is kept already only the review is paid. Both stages are handed on: the final labels
under this strategy's source, those of the first stage under `single`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Example
from turnwise.labelling.llm.answers import Reasoned, Reviewed, offered, reviewed_model
from turnwise.labelling.llm.picks import CERTAINTY, Pick, annotate, unusable
from turnwise.labelling.llm.shown import Shown, cite, not_found, show
from turnwise.labelling.llm.single import Single, shown_in, turn_values
from turnwise.labelling.llm.tasks import Planned, make_task
from turnwise.llm import Asker, Question, Task
from turnwise.llm.tasks import Values

# How often S0's reviewer was right, by Table 1: of the 650 turns where just one stage was, in
# 566; of the other 4,872, counting those where both were wrong as kept, in 4,802.
REVISED, KEPT = 0.87, 0.986
LIKELY_REASON = "of some words " * 15  # as long as a reason may be, to reckon what a review costs


@dataclass(frozen=True)
class TwoStage:
    """Labels a turn by asking one model, and the same or another one to refute the answer.

    Attributes:
        first: stage 1. critic: who reviews.
    """

    first: Single
    critic: Asker

    @cached_property
    def task(self) -> Task[Reviewed]:
        return make_task("review", reviewed_model(offered(self.first.taxonomy)), check_reviewed)

    @property
    def source(self) -> Source:
        names = dict.fromkeys([self.first.asker.source_name, self.critic.source_name])
        version = f"{self.first.task.version}+{self.task.version}"
        return Source("llm", f"two-stage {' + '.join(names)}", version)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Nothing to do."""

    def questions(self, example: Example) -> tuple[Planned, ...]:
        """The first stage's, and a review of an answer such as it may give."""
        labels = {one.name: one.names[0] for one in self.first.taxonomy.dimensions}
        certainty = dict.fromkeys(labels, "likely")
        said = {"turn_evidence": [], "history_evidence": [], "reason": LIKELY_REASON}
        answer = {**said, "labels": labels, "certainty": certainty}
        first = self.first.task.answer.model_validate(answer)
        return *self.first.questions(example), (self.critic, self.question(example, first))

    async def turn(self, example: Example) -> tuple[Annotation, ...]:
        """The first stage's annotations, then the final ones."""
        before, reply = await self.first.ask(example)
        first = annotate(example, self.first.source, before)
        if reply.value is None:  # there is nothing to review
            return *first, *annotate(example, self.source, before)
        review = await self.critic.ask(self.question(example, reply.value))
        if review.value is None:
            final = unusable(tuple(before), review.kept, before)
        else:
            final = _picks(review.value, before, show(example), example)
        return *first, *annotate(example, self.source, final)

    def question(self, example: Example, first: Reasoned) -> Question[Reviewed]:
        def values(saving: int = 0) -> Values:
            return {
                **turn_values(self.first.taxonomy, example, saving),
                "labels": first.labels.by_dimension(),
                "reason": first.reason,
            }

        return Question(self.task, values(), example.conversation.id, shrink=values)


def check_reviewed(answer: Reviewed, values: Values) -> str:
    """Verdicts say what was done to the labels, and a revision quotes what it rests on."""
    first = values["labels"]
    assert isinstance(first, Mapping)
    shown = shown_in(values)
    quotes = answer.quotes.by_dimension()
    verdicts = answer.verdicts.by_dimension()
    problems = [not_found(shown, [quote for some in quotes.values() for quote in some])]
    if not answer.verdict_reason.strip():
        problems.append("verdict_reason is empty")
    for dimension, label in answer.final_labels.by_dimension().items():
        right = "kept" if label == first[dimension] else "revised"
        if verdicts[dimension] != right:
            problems.append(f"{dimension}: the verdict must be {right}, as {label} is final")
        elif right == "revised" and not quotes[dimension]:
            problems.append(f"{dimension}: a revision needs a quote")
    return "; ".join(filter(None, problems))


def _picks(
    answer: Reviewed, before: Mapping[str, Pick], shown: Shown, example: Example
) -> dict[str, Pick]:
    certainty, quotes = answer.final_certainty.by_dimension(), answer.quotes.by_dimension()
    picks = {}
    for dimension, label in answer.final_labels.by_dimension().items():
        first, sure = before[dimension], CERTAINTY[certainty[dimension]]
        evidence = cite(shown, quotes[dimension], example.conversation.id)
        reason = answer.verdict_reason.strip()
        if label == first.label:
            why = f"Kept: {reason} First stage: {first.rationale}"
            picks[dimension] = Pick(label, sure * KEPT, why, evidence or first.evidence)
        else:
            rest = ((first.label, first.confidence * (1 - REVISED)),) if first.label else ()
            why = f"Revised from {first.label}: {reason}"
            picks[dimension] = Pick(label, sure * REVISED, why, evidence, rest)
    return picks
