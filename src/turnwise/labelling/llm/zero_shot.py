"""`zero-shot`: labels without reasons, the baseline of S0 (Building Multi-turn Intent
Classification with LLM-based Labeling)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Example
from turnwise.labelling.llm.answers import Chosen, chosen_model, offered
from turnwise.labelling.llm.picks import CERTAINTY, Pick, annotate, unusable
from turnwise.labelling.llm.single import turn_values
from turnwise.labelling.llm.tasks import Planned, make_task
from turnwise.llm import Asker, Question, Task
from turnwise.taxonomy import Taxonomy


@dataclass(frozen=True)
class ZeroShot:
    """Labels a turn by asking a model once, for nothing but labels and how certain they are."""

    asker: Asker
    taxonomy: Taxonomy

    @cached_property
    def task(self) -> Task[Chosen]:
        return make_task("zero-shot", chosen_model(offered(self.taxonomy)))

    @property
    def source(self) -> Source:
        return Source("llm", f"zero-shot {self.asker.source_name}", self.task.version)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Nothing to do."""

    def questions(self, example: Example) -> tuple[Planned, ...]:
        return ((self.asker, self.question(example)),)

    def question(self, example: Example) -> Question[Chosen]:
        return Question(
            self.task,
            turn_values(self.taxonomy, example),
            conversation_id=example.conversation.id,
            shrink=lambda saving: turn_values(self.taxonomy, example, saving),
        )

    async def turn(self, example: Example) -> tuple[Annotation, ...]:
        reply = await self.asker.ask(self.question(example))
        if reply.value is None:
            picks = unusable(self.taxonomy.dimension_names, reply.kept)
        else:
            certainty = reply.value.certainty.by_dimension()
            picks = {
                dimension: Pick(label, CERTAINTY[certainty[dimension]])
                for dimension, label in reply.value.labels.by_dimension().items()
            }
        return annotate(example, self.source, picks)
