"""`single`: one question per turn, a reason with its evidence first, then the labels.

Single-stage reasoning-guided labelling of S0 (Building Multi-turn Intent Classification with
LLM-based Labeling): the taxonomy with its descriptions, the whole history and the current turn
go in; one label per dimension comes out, with a reason that cites both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Example
from turnwise.labelling.llm.answers import Reasoned, offered, reasoned_model
from turnwise.labelling.llm.picks import CERTAINTY, Pick, annotate, unusable
from turnwise.labelling.llm.shown import Shown, cite, not_found, show
from turnwise.labelling.llm.tasks import Planned, make_task
from turnwise.llm import Asker, Question, Reply, Task
from turnwise.llm.tasks import Values
from turnwise.taxonomy import Taxonomy


@dataclass(frozen=True)
class Single:
    """Labels a turn with a reason, by asking a model once."""

    asker: Asker
    taxonomy: Taxonomy

    @cached_property
    def task(self) -> Task[Reasoned]:
        return make_task("single", reasoned_model(offered(self.taxonomy)), check_reasoned)

    @property
    def source(self) -> Source:
        return Source("llm", f"single {self.asker.source_name}", self.task.version)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Nothing to do."""

    def questions(self, example: Example) -> tuple[Planned, ...]:
        return ((self.asker, self.question(example)),)

    async def turn(self, example: Example) -> tuple[Annotation, ...]:
        picks, _ = await self.ask(example)
        return annotate(example, self.source, picks)

    async def ask(self, example: Example) -> tuple[Mapping[str, Pick], Reply[Reasoned]]:
        """What the model chose, and its answer; the picks abstain where it can't be used."""
        reply = await self.asker.ask(self.question(example))
        if reply.value is None:
            return unusable(self.taxonomy.dimension_names, reply.kept), reply
        return _picks(reply.value, show(example), example), reply

    def question(self, example: Example) -> Question[Reasoned]:
        return Question(
            self.task,
            turn_values(self.taxonomy, example),
            conversation_id=example.conversation.id,
            shrink=lambda saving: turn_values(self.taxonomy, example, saving),
        )


def turn_values(taxonomy: Taxonomy, example: Example, saving: int = 0) -> Values:
    """What the prompts about a taxonomy and a turn are filled with."""
    return {"dimensions": taxonomy.dimensions, "shown": show(example, saving)}


def shown_in(values: Values) -> Shown:
    """The part of a conversation that a question showed."""
    shown = values["shown"]
    assert isinstance(shown, Shown)
    return shown


def check_reasoned(answer: Reasoned, values: Values) -> str:
    """A reason is there, its quotes are real, and they cite the turn and its history."""
    shown = shown_in(values)
    quotes = [*answer.turn_evidence, *answer.history_evidence]
    cited = {line.number for quote in quotes for line in shown.places(quote)}
    problems = [not_found(shown, quotes)]
    if not answer.reason.strip():
        problems.append("reason is empty")
    # A turn of dots alone holds nothing that can be quoted.
    if shown.places(shown.turn.text) and shown.turn.number not in cited:
        problems.append("turn_evidence holds no quote of the turn")
    if shown.quotable and not cited - {shown.turn.number}:
        problems.append("history_evidence holds no quote of an earlier turn")
    return "; ".join(filter(None, problems))


def _picks(answer: Reasoned, shown: Shown, example: Example) -> dict[str, Pick]:
    evidence = cite(
        shown, [*answer.turn_evidence, *answer.history_evidence], example.conversation.id
    )
    certainty = answer.certainty.by_dimension()
    return {
        dimension: Pick(label, CERTAINTY[certainty[dimension]], answer.reason.strip(), evidence)
        for dimension, label in answer.labels.by_dimension().items()
    }
