"""A language model names clusters: action, objective, title and description.

The cluster naming of S4 (Dial-In LLM: Human-Aligned LLM-in-the-loop Intent Clustering for Customer
Service Dialogues), section 3.1, with five examples. Where two clusters got one name it is asked
again: where the name stands, they say the same, and are merged by it. An answer that can't be used
is made up for by another namer, and counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache

from pydantic import BaseModel, ConfigDict

from turnwise.clusters import ClusterName, Namer, Rows, Space
from turnwise.discovery.naming.assignment import repeated, told_apart
from turnwise.discovery.representatives import Sampler
from turnwise.discovery.shown import fewer, on_a_line
from turnwise.llm import Asker, Background, Question, Task, load_template, together
from turnwise.llm.tasks import Values

VERSION = "2"  # raise it when the template, the answer or what is checked of it changes
MOST_TAKEN = 30  # names of other groups that a second prompt shows
FEW, SHARE = 3, 1 / 3  # clusters, of all, that one name may be given to: more, and it says nothing
ACTION_WORDS, OBJECTIVE_WORDS = 2, 4  # at most
TITLE, DESCRIPTION = 80, 400  # characters at most

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]+)*", re.IGNORECASE)


class Naming(BaseModel):
    """What a model answers about one cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str
    objective: str
    title: str
    language: str
    description: str


def check_naming(answer: Naming, values: Values) -> str:
    """Words that a name can be made of, on one line."""
    name, problems = _name_of(answer), []
    for part, most in (("action", ACTION_WORDS), ("objective", OBJECTIVE_WORDS)):
        written = getattr(name, part)
        if not _NAME.fullmatch(written) or written.count("-") >= most:
            problems.append(f"{part} is not one to {most} English words joined by hyphens")
    for part, longest in (("title", TITLE), ("description", DESCRIPTION)):
        written = getattr(name, part)
        if not any(map(str.isalpha, written)) or not written.isprintable():
            problems.append(f"{part} is no text on one line")
        elif len(written) > longest:
            problems.append(f"{part} is longer than {longest} characters")
    if not _LANGUAGE.fullmatch(name.language):
        problems.append('language is no code such as "en"')
    return "; ".join(problems)


@cache
def naming_task() -> Task[Naming]:
    template = load_template("turnwise.discovery.naming", "prompts/name.j2")
    return Task("discovery-name", VERSION, template, Naming, check_naming)


@dataclass
class LlmNamer:
    """Names clusters by asking a model; implements `Namer`.

    Attributes:
        asker: whom; background: where the calls run.
        instead: names clusters for which no answer came that can be used.
        sampler: which utterances it is shown.
        unusable: clusters so far that `instead` named.
    """

    asker: Asker
    background: Background
    instead: Namer
    sampler: Sampler = field(default_factory=lambda: Sampler("nearest"))
    unusable: int = 0

    @property
    def source_name(self) -> str:
        return self.asker.source_name

    def name(self, space: Space, clusters: Sequence[Rows]) -> list[ClusterName]:
        """Return a name per cluster; clusters with one name say the same.

        All are asked for at once, and names that came twice once more, but for the largest of
        their clusters. A name for more than a third of all clusters says nothing: words that
        tell them apart are added.

        Raises:
            EndpointError: no question will be answered. BudgetReached: not all fit into the
                budget. What was answered is kept by whom it was asked.
        """
        order = sorted(range(len(clusters)), key=lambda at: (-len(clusters[at]), at))
        found = self._ask([self.question(space, rows) for rows in clusters])
        again = repeated(found, order)
        every = {one.name for one in found if one}
        asked = [self.question(space, clusters[at], _taken(found[at], every)) for at in again]
        for at, name in zip(again, self._ask(asked), strict=True):
            found[at] = name or found[at]
        missing = [at for at, one in enumerate(found) if one is None]
        self.unusable += len(missing)
        names = self._filled(space, clusters, found) if missing else [one for one in found if one]
        counts = Counter(one.name for one in names)
        empty = {one for one, count in counts.items() if count > max(FEW, SHARE * len(names))}
        return told_apart(names, space, clusters, empty)

    def question(self, space: Space, rows: Rows, taken: tuple[str, ...] = ()) -> Question[Naming]:
        """What is asked about one cluster; `taken` are names that others have."""
        texts = [on_a_line(text) for text in space.texts(self.sampler.draw(space.vectors, rows))]

        def values(saving: int = 0) -> Values:
            return {"texts": tuple(fewer(texts, saving)), "size": len(rows), "taken": taken}

        return Question(naming_task(), values(), shrink=values)

    def _ask(self, questions: Sequence[Question[Naming]]) -> list[ClusterName | None]:
        return self.background.submit(together(map(self._answer, questions))).result()

    async def _answer(self, question: Question[Naming]) -> ClusterName | None:
        reply = await self.asker.ask(question)
        return None if reply.value is None else _name_of(reply.value)

    def _filled(
        self, space: Space, clusters: Sequence[Rows], found: Sequence[ClusterName | None]
    ) -> list[ClusterName]:
        """Names that are missing, from who names instead; all are shown, to tell them apart."""
        others = self.instead.name(space, clusters)
        return [one or other for one, other in zip(found, others, strict=True)]


def _taken(own: ClusterName | None, every: Collection[str]) -> tuple[str, ...]:
    """Names to show: first the one that is asked about again, as another cluster has it, too."""
    name = own.name if own else ""
    return tuple(sorted(every, key=lambda one: (one != name, one)))[:MOST_TAKEN]


def _name_of(answer: Naming) -> ClusterName:
    def joined(words: str) -> str:
        return "-".join(re.split(r"[\s_-]+", words.strip().lower()))

    return ClusterName(
        action=joined(answer.action),
        objective=joined(answer.objective),
        title=" ".join(answer.title.split()),
        language=answer.language.strip().lower(),
        description=" ".join(answer.description.split()),
    )
