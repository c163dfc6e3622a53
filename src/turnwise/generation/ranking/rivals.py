"""What another model answers to the last questions of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from turnwise.generated import GeneratedConversation, GeneratedTurn
from turnwise.generation.asking import FIRST, Again, Said, Tally, TextCheck, ask_twice, converse
from turnwise.generation.emission.llm import ANSWER_WORDS, answer_task, copied
from turnwise.generation.quality.asked import shown
from turnwise.generation.ranking.contests import Asked, Candidate, last_answered
from turnwise.llm import Asker, Background, Question
from turnwise.llm.tasks import Values
from turnwise.progress import Progress, silent

WHO = "the rival's answer"


def rival_answers(
    conversations: Sequence[GeneratedConversation],
    asker: Asker,
    background: Background,
    check: TextCheck,
    tally: Tally,
    progress: Progress = silent,
) -> dict[str, Candidate]:
    """Have a model answer what `contests` holds answers against; conversation id -> its answer.

    It is asked as who writes a chain is, and answers under the same rules: an answer that is faulty
    twice is dropped.

    Args:
        check: of what an agent says.
        tally: counts answers that were dropped, and those that the budget did not reach.

    Raises:
        EndpointError: no question will be answered. What was answered is kept.
    """

    async def held(plan: tuple[GeneratedConversation, Asked]) -> GeneratedConversation:
        one, asked = plan

        async def fault(said: Said) -> str:
            wrong = check.fault(said.text, ANSWER_WORDS)
            return wrong or copied(said.text, [text for _, text in asked.context])

        said = await ask_twice(asker, partial(_question, one, asked), fault, WHO)
        turn = GeneratedTurn("agent", " ".join(said.text.split()), made="model")
        return replace(one, turns=(*one.turns[: asked.turn + 1], turn))

    plans = [(one, asked) for one in conversations if (asked := last_answered(one)) is not None]
    answers: dict[str, Candidate] = {}
    for one in converse(plans, held, background, tally):
        answers[one.id] = Candidate(one.turns[-1].text, asker.source_name)
        progress("answer beside", len(answers), len(plans))
    return answers


def _question(one: GeneratedConversation, asked: Asked, again: Again = FIRST) -> Question[Said]:
    """What the model is asked; its answer goes with the first conversation that this one is made
    of."""

    def values(saving: int = 0) -> Values:
        turns, _ = shown(asked.context, saving, fewest=1)
        return {"words": ANSWER_WORDS, "history": turns, **again._asdict()}

    sources = [source for turn in one.turns for source in turn.sources]
    logged = next((each for each in sources if not each.startswith("taxonomy:")), "")
    return Question(answer_task(), values(), logged.rpartition("#")[0], shrink=values)
