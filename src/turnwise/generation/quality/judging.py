"""How good a conversation is as a whole: fluency, topic flow, continuity; from 1 to 10.

A language model rates as in Chain-of-Intent (S2, 5.2); its embedded twin compares the measures of
a conversation with those of conversations of the logs.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from turnwise.conversations import Role
from turnwise.generated import GeneratedConversation
from turnwise.generation.quality.asked import Rated, ask_ratings, shown, within_scale
from turnwise.generation.quality.flow import topic_flows
from turnwise.generation.quality.rating import Rating, on_scale, refuse_own_work
from turnwise.generation.quality.reference import Reference, folded
from turnwise.generation.quality.talks import Measured, Talk, talk_of
from turnwise.generation.quality.variety import ngrams
from turnwise.generation.quality.wording import words
from turnwise.llm import Asker, Background, Question, Task, load_template
from turnwise.llm.tasks import Values
from turnwise.progress import Progress, silent

VERSION = "1"  # raise it when the template or the answer changes
REPEATED = 4  # words in a row
FEWEST = 4  # turns that are shown at least, however short of room a model is
# What the logs say word for word is as fluent as they are: the mean of what theirs count.
AS_THE_LOGS = 0.75
FLUENCY, FLOW, CHAIN, FRESHNESS = "fluency", "topic flow", "transitions", "no repetition"


class SessionJudge(Protocol):
    """Rates whole conversations."""

    def rate(
        self, conversations: Sequence[Measured], progress: Progress = silent
    ) -> list[Rating]: ...


@dataclass(frozen=True)
class LlmSessionJudge:
    """Asks a model that wrote none of it; implements `SessionJudge`."""

    asker: Asker
    background: Background

    def rate(self, conversations: Sequence[Measured], progress: Progress = silent) -> list[Rating]:
        """Rate conversations; one without a usable answer says why.

        Raises:
            ConfigError: the judge wrote some of them.
            EndpointError: no question will be answered. What was answered is kept.
        """
        made = [one.maker for one in conversations if isinstance(one, GeneratedConversation)]
        refuse_own_work(self.asker.source_name, made)
        questions = [session_question(one) for one in conversations]
        return ask_ratings(questions, self.asker, self.background, progress)


def session_question(conversation: Measured) -> Question[Rated]:
    """What a model is asked about one conversation."""
    talk = talk_of(conversation, ())

    def values(saving: int = 0) -> Values:
        turns, left_out = shown(talk.turns, saving, FEWEST)
        return {"turns": turns, "left_out": left_out}

    logged = "" if isinstance(conversation, GeneratedConversation) else talk.id
    return Question(session_task(), values(), logged, shrink=values)


@cache
def session_task() -> Task[Rated]:
    template = load_template("turnwise.generation.quality", "prompts/session.j2")
    return Task("session-rating", VERSION, template, Rated, within_scale)


class EmbeddedSessionJudge:
    """Compares a conversation's measures with those of the held conversations of the logs.

    Each measure counts as twice the share of these that are worse (those as good count half), 1
    at most: full marks for the better half, as nobody asks for more than the usual. Measured are
    how expected the words of new turns are (fluency), the cosine of neighbouring turns (topic
    flow), the probability of the transitions, and how many runs of four words were said before in
    the conversation. The score is the mean of those that can be told, between 1 and 10: better in
    one of them is never worse in all. Read with an encoder for English, topic flow is too.
    """

    def __init__(self, reference: Reference, progress: Progress = silent) -> None:
        """Measure the logs.

        Args:
            reference: whose held conversations are compared with; without any, what is rated is
                compared with itself.
        """
        self._reference = reference
        self._usual = _by_name(_measures(reference.held, reference, progress))

    def rate(self, conversations: Sequence[Measured], progress: Progress = silent) -> list[Rating]:
        """Rate conversations; `parts` say what of each measure counted."""
        talks = [talk_of(one, self._reference.dimensions) for one in conversations]
        found = _measures(talks, self._reference, progress)
        usual = self._usual or _by_name(found)
        return [_rating(measures, usual) for measures in found]


Measures = dict[str, float]  # name -> value, the higher the better; those that can be told


def _measures(talks: Sequence[Talk], reference: Reference, progress: Progress) -> list[Measures]:
    if reference.encoder is None:
        flows = [math.nan] * len(talks)
    else:
        flows = topic_flows(talks, reference.encoder, progress)
    found = (
        {
            FLUENCY: _fluency(talk, reference),
            FLOW: flow,
            CHAIN: _chain(talk, reference),
            FRESHNESS: -repetition(talk),
        }
        for talk, flow in zip(talks, flows, strict=True)
    )
    return [{name: one for name, one in some.items() if not math.isnan(one)} for some in found]


def _fluency(talk: Talk, reference: Reference) -> float:
    """The mean logarithm of the probability of a word, of either side by its own model; of turns
    that these learnt word for word nothing is told."""
    total, count = 0.0, 0
    for role, text in talk.turns:
        if folded(text) in reference.known:
            continue
        model = reference.customer if role == "customer" else reference.agent
        logarithm, read = model.log_probability(text)
        total, count = total + logarithm, count + read
    return total / count if count else math.nan


def _chain(talk: Talk, reference: Reference) -> float:
    whole = len(talk.states) > 1 and all(map(any, talk.states))
    if reference.log_likelihood is None or not whole:
        return math.nan
    return reference.log_likelihood(talk.states)


def repetition(talk: Talk) -> float:
    """The share of runs of four words that the same side said before, in [0, 1]; a shorter turn
    is a run of its own. NaN for a conversation in which neither side speaks twice."""
    before: dict[Role, set[tuple[str, ...]]] = {}
    again = count = 0
    for role, text in talk.turns:
        said = words(text)
        runs = ngrams(said, min(REPEATED, max(1, len(said))))
        if role in before:
            again += sum(run in before[role] for run in runs)
            count += len(runs)
        before.setdefault(role, set()).update(runs)
    return again / count if count else math.nan


def _by_name(found: Sequence[Measures]) -> dict[str, list[float]]:
    names = sorted({name for some in found for name in some})
    return {name: sorted(some[name] for some in found if name in some) for name in names}


def _rating(measures: Measures, usual: dict[str, list[float]]) -> Rating:
    parts = {FLUENCY: AS_THE_LOGS} | {
        name: min(1.0, 2 * _share_worse(value, usual[name]))
        for name, value in measures.items()
        if name in usual
    }
    return Rating(on_scale(sum(parts.values()) / len(parts)), tuple(parts.items()))


def _share_worse(value: float, usual: Sequence[float]) -> float:
    """The share of values below one, those that equal it counting half."""
    return (bisect_left(usual, value) + bisect_right(usual, value)) / (2 * len(usual))
