"""A workspace full of conversations, and the labelling stage run over it, for measurements.

    fill(folder, turns, endpoint)   a workspace with at least so many customer turns
    label_turns(folder, endpoint)   label them by `single`: the stage, timed
    run_command(folder)             the same by all of `turnwise label --by llm`

The conversations are those of the Larkspur sample over and over, with a number of its own in every
opening turn: no two questions about them are the same.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path

from benchmarks.data import LARKSPUR
from benchmarks.llm_behaviour import Behaviour
from turnwise.annotations import Annotation
from turnwise.config import CONFIG_FILE
from turnwise.conversations import Conversation, examples
from turnwise.formats import read
from turnwise.labelling import label
from turnwise.labelling.llm import LlmAnnotator, Single, is_missing, is_unusable
from turnwise.llm import Background, Client, Endpoint
from turnwise.project import Project, key_of, without_gold
from turnwise.steps import LabelOptions, label_logs

TAXONOMY = LARKSPUR.with_name("taxonomy.yaml")
ADDED = 250  # conversations stored together
# What the stand-in quotes as evidence: a whole turn of the conversation, as the prompt shows it.
TURN_SHOWN = r'(?m)^\[\d+\] \w+: "(.+)"$'

# A turn is labelled, its answer can't be used, or no answer came and the next run asks again.
Outcome = str


def stand_in(**behaviour: object) -> Behaviour:
    """A server whose answers to `single` are right: they quote the turn."""
    return replace(Behaviour(quote=TURN_SHOWN), **behaviour)  # type: ignore[arg-type]


def many(turns: int) -> Iterator[Conversation]:
    """The sample's conversations without gold, each time as others, to so many customer turns."""
    sample = [without_gold(one.conversation) for one in read(LARKSPUR) if one.conversation]
    made = 0
    for number in count():
        conversation = sample[number % len(sample)]
        first, *rest = conversation.turns
        opening = replace(first, text=f"{first.text} (reference {number:07d})")
        yield replace(conversation, id=f"talk-{number:07d}", turns=(opening, *rest))
        made += sum(1 for _ in examples(conversation))
        if made >= turns:
            return


def fill(folder: Path, turns: int, endpoint: Endpoint) -> int:
    """Make a workspace that knows an endpoint; returns how many customer turns are in it."""
    made, some = 0, list[Conversation]()
    with Project.create(folder, TAXONOMY) as project:
        for conversation in many(turns):
            some.append(conversation)
            made += sum(1 for _ in examples(conversation))
            if len(some) == ADDED:
                project.workspace.add(some)
                some.clear()
        project.workspace.add(some)
    section = {"endpoints": {"teacher": asdict(endpoint)}}
    with (folder / CONFIG_FILE).open("a", encoding="utf-8") as settings:
        settings.write(json.dumps(section)[1:-1] + "\n")  # which is YAML too
    return made


def label_turns(folder: Path, endpoint: Endpoint) -> Mapping[str, float]:
    """Label every conversation, storing each as it is done.

    Returns:
        What was done in how many seconds, of processor time too, from the first call to the last
        conversation that is stored.
    """
    turns = 0
    with Project.open(folder) as project, Background() as background:
        taxonomy, workspace = project.taxonomy(), project.workspace
        client = Client(endpoint, workspace.answers)
        annotator = LlmAnnotator(Single(client, taxonomy), background)
        start, busy = time.perf_counter(), time.process_time()
        for conversation, said in label(workspace.conversations(), annotator):
            turns += len({one.turn for one in said})
            workspace.put_annotations(key_of("stage", conversation.id), conversation.id, said)
        seconds, processor = time.perf_counter() - start, time.process_time() - busy
        calls = client.spend.calls
        background.submit(client.close()).result()
    return {"turns": turns, "calls": calls, "seconds": seconds, "processor_seconds": processor}


def run_command(folder: Path) -> Mapping[str, float]:
    """Label by the command's own function; seconds are those of all it does."""
    start, busy = time.perf_counter(), time.process_time()
    with Project.open(folder) as project:
        done = label_logs(project, options=LabelOptions("single", "llm"))
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    return {
        "turns": done.turns,
        "calls": done.calls,
        "seconds": seconds,
        "processor_seconds": processor,
    }


def outcomes(folder: Path) -> Counter[Outcome]:
    """What became of the customer turns of a workspace.

    Returns:
        "turns": all there are; of these "labelled", "abstained", "unusable" and "missing"; and
        "twice": turns with more than one annotation by the model for a dimension.
    """
    found: Counter[Outcome] = Counter()
    with Project.open(folder) as project:
        workspace, dimensions = project.workspace, project.taxonomy().dimension_names
        for conversation in workspace.conversations():
            by_turn: dict[int, list[Annotation]] = {one.index: [] for one in examples(conversation)}
            for one in workspace.annotations([conversation.id]):
                by_turn[one.turn].append(one)
            for said in by_turn.values():
                found["turns"] += 1
                found["twice"] += len(said) > len(dimensions)
                found[_outcome(said, len(dimensions))] += 1
    return found


def _outcome(said: list[Annotation], dimensions: int) -> Outcome:
    if len(said) < dimensions or any(map(is_missing, said)):
        return "missing"
    if any(map(is_unusable, said)):
        return "unusable"
    return "labelled" if all(one.label for one in said) else "abstained"
