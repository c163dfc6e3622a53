"""A language model names clusters: action, objective, title and description.

The cluster naming of S4 (Dial-In LLM: Human-Aligned LLM-in-the-loop Intent Clustering for Customer
Service Dialogues), section 3.1, with five examples. Names that two clusters got are asked for
again; an answer that can't be used is made up for by another namer, and counted.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from pydantic import BaseModel, ConfigDict

from turnwise.clusters import ClusterName, Namer, Rows, Space
from turnwise.discovery.naming.assignment import numbered
from turnwise.discovery.naming.phrases import same_stem, telling_phrases
from turnwise.discovery.representatives import Sampler
from turnwise.discovery.shown import fewer, on_a_line
from turnwise.llm import Asker, Background, Question, Task, load_template
from turnwise.llm.tasks import Values

VERSION = "1"  # raise it when the template, the answer or what is checked of it changes
READ = 300  # utterances of a cluster that a word is looked for in
MOST_TAKEN = 30  # names of other groups that a second prompt shows
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
    """Words that a name can be made of, on one line, and none that another cluster has."""
    name, taken = _name_of(answer), values["taken"]
    assert isinstance(taken, tuple)
    problems = []
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
    if name.name in taken:
        problems.append(f"{name.name} is another group's name")
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
        """Return a name per cluster, each different from the others.

        All are asked for at once, and names that came twice once more: the largest of their
        clusters keeps it. One that still is another's gets a word that tells them apart.

        Raises:
            EndpointError: no question will be answered. BudgetReached: not all fit into the
                budget. What was answered is kept by whom it was asked.
        """
        order = sorted(range(len(clusters)), key=lambda at: (-len(clusters[at]), at))
        found = self._ask(space, clusters, range(len(clusters)), ())
        again = _repeated(found, order)
        if again:
            taken = tuple(sorted({one.name for one in found if one}))[:MOST_TAKEN]
            second = self._ask(space, clusters, again, taken)
            for at, name in zip(again, second, strict=True):
                found[at] = name or found[at]
        missing = [at for at, one in enumerate(found) if one is None]
        self.unusable += len(missing)
        names = self._filled(space, clusters, found) if missing else [one for one in found if one]
        return _told_apart(names, order, space, clusters)

    def question(self, space: Space, rows: Rows, taken: tuple[str, ...] = ()) -> Question[Naming]:
        """What is asked about one cluster; `taken` are names that it can't have."""
        texts = [on_a_line(text) for text in space.texts(self.sampler.draw(space.vectors, rows))]

        def values(saving: int = 0) -> Values:
            return {"texts": tuple(fewer(texts, saving)), "size": len(rows), "taken": taken}

        return Question(naming_task(), values(), shrink=values)

    def _ask(
        self, space: Space, clusters: Sequence[Rows], which: Sequence[int], taken: tuple[str, ...]
    ) -> list[ClusterName | None]:
        asked = [self.question(space, clusters[at], taken) for at in which]
        return self.background.submit(self._answers(asked)).result()

    async def _answers(self, asked: Sequence[Question[Naming]]) -> list[ClusterName | None]:
        return await asyncio.gather(*(self._answer(one) for one in asked))

    async def _answer(self, question: Question[Naming]) -> ClusterName | None:
        reply = await self.asker.ask(question)
        return None if reply.value is None else _name_of(reply.value)

    def _filled(
        self, space: Space, clusters: Sequence[Rows], found: Sequence[ClusterName | None]
    ) -> list[ClusterName]:
        """Names that are missing, from who names instead; all are shown, to tell them apart."""
        others = self.instead.name(space, clusters)
        return [one or other for one, other in zip(found, others, strict=True)]


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


def _repeated(found: Sequence[ClusterName | None], order: Sequence[int]) -> list[int]:
    """Positions whose name one before them in `order` has too."""
    seen: set[str] = set()
    again = []
    for at in order:
        name = found[at]
        if name and name.name in seen:
            again.append(at)
        elif name:
            seen.add(name.name)
    return again


def _told_apart(
    names: Sequence[ClusterName], order: Sequence[int], space: Space, clusters: Sequence[Rows]
) -> list[ClusterName]:
    """The names with a telling word, or at last a number, behind those that another has."""
    again = _repeated(names, order)
    if not again:
        return list(names)
    told = list(names)
    taken = {one.name for one in names}
    telling = telling_phrases([space.texts(rows[:READ]) for rows in clusters])
    for at in again:
        words = names[at].name.split("-")
        more = (one[0] for one in telling.best(at, 50) if len(one) == 1)
        new = [one for one in more if not any(same_stem(one, word) for word in words)]
        free = [objective for one in new if (objective := f"{names[at].objective}-{one}")]
        free = [one for one in free if f"{names[at].action}-{one}" not in taken]
        prefix = f"{names[at].action}-"
        objective = free[0] if free else numbered(names[at].name, taken).removeprefix(prefix)
        told[at] = replace(names[at], objective=objective)
        taken.add(told[at].name)
    return told
