"""Simulated talks: what came out of the logs is read by a labelling, our own phrases are not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.workspaces import copy_folder
from turnwise.conversations import examples
from turnwise.generated import GeneratedConversation, GeneratedTurn, Labels
from turnwise.generation.config import GenerationConfig
from turnwise.generation.simulation.cues import PHRASES, STILL
from turnwise.generation.simulation.scene import OPENING, WRITTEN
from turnwise.llm import Budget
from turnwise.progress import silent
from turnwise.project import Project
from turnwise.steps.generation_helpers import read_material
from turnwise.steps.generation_labels import Relabelled, relabelled, talk_of

SIMULATED = GenerationConfig(method="simulate")
AGENT = GeneratedTurn("agent", "Thanks, I'm looking into this.", made=WRITTEN)


@pytest.fixture(scope="module")
def work(finished, tmp_path_factory) -> Path:
    return copy_folder(finished, tmp_path_factory.mktemp("simulated-labels") / "work")


@pytest.fixture
def project(work) -> Iterator[Project]:
    with Project.open(work) as opened:
        yield opened


def openings(project: Project) -> list[GeneratedTurn]:
    """A seed query for each combination of labels that conversations of the logs begin with."""
    found: dict[str, GeneratedTurn] = {}
    for one in read_material(project).logs:
        first = next(examples(one.conversation))
        if labels := one.labels.get(first.index):
            source = f"{one.conversation.id}#{first.index}"
            turn = GeneratedTurn("customer", first.text, labels, OPENING, (source,))
            found.setdefault(str(sorted(labels.items())), turn)
    assert len(found) > 2
    return list(found.values())


def talk(opening: GeneratedTurn, *rest: GeneratedTurn) -> GeneratedConversation:
    turns = [turn for one in (opening, *rest) for turn in (one, AGENT)]
    return GeneratedConversation(f"simulate-{opening.sources[0]}", "simulate", tuple(turns))


def phrases(labels: Labels, source: str) -> list[GeneratedTurn]:
    """All that a customer says in words of Turnwise's own."""
    said = [(move, text) for move, some in PHRASES.items() for text in some]
    said += [("rambling", text) for text in STILL]
    return [
        GeneratedTurn("customer", text, labels, move, (source,), (WRITTEN,)) for move, text in said
    ]


def read(project: Project, made: list[GeneratedConversation]) -> Relabelled:
    return relabelled(project, made, SIMULATED, Budget(), silent)


def test_phrases_of_our_own_mean_what_was_meant_before(project):
    made = [talk(one, *phrases(one.labels, one.sources[0])) for one in openings(project)]
    found = read(project, made)
    assert found.conversations == tuple(made)
    assert (found.comparison, found.unreached) == (None, 0)  # there was nothing to read


def test_turns_out_of_the_logs_mean_what_a_labelling_reads(project):
    seeds = openings(project)
    made = []
    for one, other in pairwise(seeds):
        own = phrases(one.labels, one.sources[0])[:2]
        logged = GeneratedTurn("customer", other.text, one.labels, "follow-up", other.sources)
        made.append(talk(one, own[0], logged, own[1]))
    found = read(project, made)
    labels = [[turn.labels for turn in one.customer] for one in found.conversations]
    for (opening, first, _, last), one in zip(labels, seeds, strict=False):
        assert opening == first == last == one.labels
    differ = sum(said[2] != one.labels for said, one in zip(labels, seeds, strict=False))
    assert differ > len(made) / 2
    assert found.comparison is not None
    for agreed in found.comparison.dimensions.values():
        assert agreed.given <= len(made)  # neither the openings nor the phrases
    given = {
        move: sum(one.given for one in some.values())
        for move, some in found.comparison.moves.items()
    }
    assert [move for move, count in given.items() if count] == ["follow-up"]


def test_a_labelling_is_shown_the_phrases_as_what_was_said_before(project):
    opening = openings(project)[0]
    made = talk(opening, *phrases(opening.labels, opening.sources[0]))
    assert [one.text for one in talk_of(made).turns] == [one.text for one in made.turns]
