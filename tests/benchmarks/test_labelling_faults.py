"""The labelling command against every fault of a server, killed twice: nothing lost, none twice."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.labelling_faults import FAULTS, put_to_the_test
from benchmarks.llm_behaviour import FAULTS as KNOWN


def test_every_fault_that_the_server_knows_is_injected():
    assert set(FAULTS) == set(KNOWN)


def test_every_turn_is_labelled_or_counted_though_the_server_fails_and_the_process_is_killed():
    told = put_to_the_test(turns=300, kills=2, in_flight=32, seed=1)
    assert (told["lost"], told["twice"], told["misplaced"], told["refused"]) == (0, 0, 0, [])
    assert told["labelled"] + told["unusable"] == told["turns"] >= 300
    assert len(told["injected"]) > 10
    first, second = told["answers_when_killed"]
    assert 0 < first < second < told["turns"]
    # Only what was in flight when it was killed can have been answered in vain.
    assert told["paid_twice"] <= told["in_flight_when_killed_at_most"]


def test_the_benchmarks_say_what_they_do():
    for name in ("labelling", "labelling_faults"):
        command = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert "--quick" in said
