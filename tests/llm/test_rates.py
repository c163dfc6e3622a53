import asyncio
from itertools import pairwise

import pytest
from virtual_time import run

from turnwise.llm import rates
from turnwise.llm.rates import Gate, jittered


async def called(gate: Gate, calls: int, tokens: int = 100, seconds: float = 1.0) -> list[float]:
    """When each of so many calls, all wanted at once, went out."""

    async def one() -> float:
        at = await gate.enter(tokens)
        await asyncio.sleep(seconds)
        gate.answered()
        gate.leave()
        return at

    return sorted(await asyncio.gather(*(one() for _ in range(calls))))


def test_no_more_calls_than_allowed_are_out_at_once():
    assert run(called(Gate(3, None, None), 7)) == [0, 0, 0, 1, 1, 1, 2]


def test_requests_per_minute_are_spread_evenly():
    assert run(called(Gate(10, 30, None), 4)) == [0, 2, 4, 6]


def test_tokens_per_minute_are_spread_by_size():
    assert run(called(Gate(10, None, 600), 3)) == [0, 10, 20]


def test_tokens_that_were_not_used_are_given_back():
    async def story() -> list[float]:
        gate = Gate(10, None, 600)
        first = await gate.enter(600)
        gate.used(600, 100)
        gate.leave()
        return [first, *(await called(gate, 1))]

    assert run(story()) == [0, 10]


def test_after_a_pause_fewer_calls_go_out_and_each_answer_lets_one_more_in():
    async def story() -> list[float]:
        gate = Gate(8, None, None)
        refused = [await gate.enter(1) for _ in range(8)]
        for sent in refused:  # they all say the same thing: one pause
            gate.pause(sent, 30.0)
            gate.leave()
        assert gate.pauses == 1
        return await called(gate, 15)

    assert run(story()) == [30] * 4 + [31] * 8 + [32] * 3


def test_a_longer_wait_that_a_late_refusal_asks_for_is_kept():
    async def story() -> list[float]:
        gate = Gate(8, None, None)
        for seconds in (5.0, 40.0, 1.0):
            gate.pause(await gate.enter(1), seconds) if gate.pauses == 0 else gate.pause(0, seconds)
        gate.leave()
        return await called(gate, 1)

    assert run(story()) == [40]


def test_pauses_in_a_row_grow_until_an_answer_comes(monkeypatch):
    monkeypatch.setattr(rates, "LONGEST_PAUSE", 30.0)
    monkeypatch.setattr(rates.random, "uniform", lambda low, high: high)

    async def story() -> list[float]:
        gate, times = Gate(1, None, None), []
        for _ in range(5):
            times.append(await gate.enter(1))
            gate.pause(times[-1], None)
            gate.leave()
        gate.answered()
        assert gate.pauses == 0
        return [later - earlier for earlier, later in pairwise(times)]

    first, *others = run(story())
    assert others == pytest.approx([first * 2, first * 4, first * 8])


def test_waits_after_failures_are_random_and_bounded(monkeypatch):
    monkeypatch.setattr(rates, "FIRST_PAUSE", 0.5)
    monkeypatch.setattr(rates, "LONGEST_PAUSE", 30.0)
    waits = [jittered(times) for times in range(200)]
    assert all(0 <= wait <= min(30, 0.5 * 2**times) for times, wait in enumerate(waits))
    assert len(set(waits)) == len(waits)


def test_who_gives_up_waiting_lets_the_next_one_in():
    async def story() -> list[float]:
        gate = Gate(1, None, None)
        await gate.enter(1)
        waiting = asyncio.create_task(gate.enter(1))
        behind = asyncio.create_task(called(gate, 2))
        await asyncio.sleep(1)
        gate.leave()
        waiting.cancel()
        return await behind

    assert run(story()) == [1, 2]
