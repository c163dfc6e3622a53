"""What becomes of every turn when the server fails in every way, and the process is killed.

    python -m benchmarks.labelling_faults [--quick]

`turnwise label --strategy single --by llm` labels a workspace, 32 calls in flight, against a
stand-in server (`llm_server`) that injects every fault it knows: 429 with and without Retry-After,
500, 503, hanging, cut connections, web pages, broken JSON, wrong labels, prose around JSON, empty
choices, duplicate keys, huge answers and others. Once it runs to its end; once it is killed
(SIGKILL) five times, at numbers of answers drawn by chance, and started again. What is left by a
run, because no answer came, is asked by running the command again.

Counted from the database and the server's own statistics, not from what the command says:

    labelled, unusable    turns by what is stored of them; unusable: the answer and its repair
    lost                  turns of which nothing is stored in the end
    twice                 turns with two annotations along a dimension
    misplaced             turns with another label than the server gives to their own prompt
    paid_twice            right answers to a prompt that had one already: none, but for calls that
                          were in flight when the process was killed

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.data import REPOSITORY
from benchmarks.labelling_stage import TURN_SHOWN, fill, outcomes, stand_in
from benchmarks.llm_answers import instance, prompt_of
from benchmarks.llm_server import Running, running
from benchmarks.machine import machine
from turnwise.conversations import examples
from turnwise.labelling.llm import Single
from turnwise.labelling.llm.answers import Chosen
from turnwise.llm import Client, Endpoint, MemoryAnswers
from turnwise.llm.reading import read_answer
from turnwise.llm.schemas import answer_schema, repair_messages, schema_note, with_note
from turnwise.llm.templates import render
from turnwise.project import Project

# Share of requests. The faults that hold everybody up are rarer.
FAULTS = {
    "429": 0.005, "429-seconds": 0.002, "429-date": 0.001, "500": 0.01, "503": 0.01,
    "hang": 0.003, "cut-before": 0.01, "cut-body": 0.01, "html": 0.005, "truncated-body": 0.01,
    "truncated-json": 0.01, "length": 0.01, "wrong-label": 0.01, "empty-choices": 0.01,
    "null-content": 0.01, "duplicate-keys": 0.01, "huge": 0.001, "ignored": 0.01,
    "prose": 0.01, "fences": 0.01, "no-usage": 0.01,
}  # fmt: skip
EMPTY = read_answer("", Chosen).problem  # what the model is told of an answer without a word
LATENCY = 0.02
MOST_RUNS = 12  # of the command, beside those that are killed
PATIENCE = 900.0  # seconds for one run


@dataclass
class Story:
    """What happened to one workspace.

    Attributes:
        ended: runs of the command that were not killed; refused: messages of those of them that
            ended in an error; left: turns without an answer after each of the others.
        answers_when_killed: how many answers were kept when each killed run was.
    """

    ended: int = 0
    answers_when_killed: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="500 turns in place of 10,000")
    options.add_argument("--seed", type=int, default=0, help="of faults and kills")
    chosen = options.parse_args(arguments)
    turns = 500 if chosen.quick else 10_000
    report: dict[str, object] = {
        "benchmark": "labelling_faults",
        "machine": asdict(machine()),
        "faults": FAULTS,
    }
    for name, kills in (("whole", 0), ("killed", 5)):
        report[name] = put_to_the_test(turns, kills, in_flight=32, seed=chosen.seed)
        print(f"{name}: {report[name]}", file=sys.stderr, flush=True)
    print(json.dumps(report))
    return 0


def put_to_the_test(turns: int, kills: int, in_flight: int, seed: int) -> Mapping[str, object]:
    """Label so many turns under every fault and so many kills; what came of it."""
    behaviour = stand_in(latency=LATENCY, faults=FAULTS, seed=seed)
    with TemporaryDirectory(prefix="turnwise-faults-") as name, running(behaviour) as server:
        folder, start = Path(name) / "work", time.perf_counter()
        endpoint = Endpoint(
            server.url,
            "stand-in",
            concurrency=in_flight,
            context_tokens=32_768,
            timeout=2.0,
            attempts=3,
        )
        made, story = fill(folder, turns, endpoint), Story()
        drawn = random.Random(seed)
        for answers in sorted(drawn.sample(range(made // 10, made * 9 // 10), kills)):
            story.answers_when_killed.append(_killed(folder, answers, drawn.uniform(0, 0.05)))
        while story.ended < MOST_RUNS and not (story.left and story.left[-1] == 0):
            _run(folder, story)
        found = outcomes(folder)
        asked = _asked(server)
        seconds = round(time.perf_counter() - start, 1)
        wrong = {"lost": found["missing"], "twice": found["twice"], "misplaced": misplaced(folder)}
    return {
        **{what: found[what] for what in ("turns", "labelled", "unusable", "abstained")},
        **wrong,
        **asdict(story),
        **asked,
        "in_flight_when_killed_at_most": kills * in_flight,
        "as_it_should_be": not any(wrong.values()) and asked["paid_twice"] <= kills * in_flight,
        "seconds": seconds,
    }


def _command(folder: Path) -> list[str]:
    given = ["label", "-w", str(folder), "--strategy", "single", "--by", "llm", "--json"]
    return [sys.executable, "-c", "from turnwise.cli import main; main()", *given]


def _run(folder: Path, story: Story) -> None:
    """Run the command to its end."""
    done = subprocess.run(
        _command(folder), cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE
    )
    story.ended += 1
    if done.returncode:
        story.refused.append(done.stderr.strip().splitlines()[-1])
        return
    said = json.loads(done.stdout)
    story.left.append(said["missing"])


def _killed(folder: Path, answers: int, later: float) -> int:
    """Kill the command some time after so many answers are kept; how many there are then."""
    with subprocess.Popen(
        _command(folder), cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and _kept(folder) < answers:
            time.sleep(0.01)
        time.sleep(later)
        process.kill()
    return _kept(folder)


def _kept(folder: Path) -> int:
    with sqlite3.connect(f"file:{folder / 'turnwise.db'}?mode=ro", uri=True) as database:
        return int(database.execute("SELECT count(*) FROM answers").fetchone()[0])


def _asked(server: Running) -> Mapping[str, Any]:
    """What the server says it was asked, and paid for more than once."""
    told = server.stats()
    rights = [right for _, _, right in told["prompts"].values()]
    return {
        "requests": told["requests"],
        "most_in_flight": told["most_in_flight"],
        "right": told["right"],
        "paid_twice": sum(right - 1 for right in rights if right > 1),
        "injected": dict(sorted(told["faults"].items())),
    }


def misplaced(folder: Path) -> int:
    """Turns with another label than the server gives to the prompt of this very turn."""
    wrong = 0
    with Project.open(folder) as project:
        single = Single(
            Client(Endpoint("http://nowhere", "m"), MemoryAnswers()), project.taxonomy()
        )
        for conversation in project.workspace.conversations():
            said: dict[int, dict[str, str]] = {}
            for one in project.workspace.annotations([conversation.id]):
                if one.label is not None:
                    said.setdefault(one.turn, {})[one.dimension] = one.label
            for example in examples(conversation):
                labels = said.get(example.index)
                wrong += labels is not None and labels not in _given(single, example)
    return wrong


def _given(single: Single, example: Any) -> Iterator[Mapping[str, str]]:
    """What the server answers to a turn's prompt: as it is, and with what may be added to it."""
    question = single.question(example)
    messages, model = render(question.task.template, question.values), question.task.answer
    for asked in (messages, repair_messages(messages, "", EMPTY, model)):
        # The schema is written into it where the server seems not to take it otherwise.
        for told in (asked, with_note(asked, schema_note(model))):
            yield instance(answer_schema(model), prompt_of(told), quote=TURN_SHOWN)["labels"]


if __name__ == "__main__":
    sys.exit(main())
