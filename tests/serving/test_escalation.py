"""A circuit breaker leaves alone whoever failed, and finds out by one call whether it is back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.conversations import Conversation, Example, Turn
from turnwise.errors import ConfigError, TurnwiseError
from turnwise.serving.escalation import CircuitBreaker, Doubt, EscalationError, Settled, Verdict

DOUBT = Doubt(
    Example(Conversation("c", (Turn("customer", "the music thing"),)), 0),
    {"domain": (("Music", 0.4), ("Video", 0.3))},
    {"domain": 0.7},
    np.ones(1, np.float32),
)
MUSIC = Settled({"domain": Verdict("Music", 0.9, True)}, "friend")
FAILURES, REST = 3, 10.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Friend:
    """Answers while well; counts how often it is asked."""

    name = "friend"
    waits = True

    def __init__(self) -> None:
        self.well, self.asked = True, 0

    def settle(self, doubt: Doubt, seconds: float) -> Settled:
        self.asked += 1
        if not self.well:
            raise EscalationError("friend is away")
        return MUSIC


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def friend() -> Friend:
    return Friend()


@pytest.fixture
def breaker(friend, clock) -> CircuitBreaker:
    return CircuitBreaker(friend, failures=FAILURES, rest=REST, clock=clock)


def fail(breaker, friend, times):
    friend.well = False
    for _ in range(times):
        with pytest.raises(EscalationError):
            breaker.settle(DOUBT, 1.0)


def test_answers_pass_through(breaker):
    assert breaker.settle(DOUBT, 1.0) == MUSIC
    assert breaker.name == "friend"


def test_after_failures_in_a_row_nobody_is_asked(breaker, friend, clock):
    fail(breaker, friend, FAILURES)
    clock.now += REST / 2
    with pytest.raises(EscalationError, match=r"friend failed 3 times in a row.*5\.0 s more"):
        breaker.settle(DOUBT, 1.0)
    assert friend.asked == FAILURES


def test_an_answer_between_failures_begins_the_count_anew(breaker, friend):
    for _ in range(3):
        fail(breaker, friend, FAILURES - 1)
        friend.well = True
        assert breaker.settle(DOUBT, 1.0) == MUSIC


def test_after_the_rest_one_success_closes_it(breaker, friend, clock):
    fail(breaker, friend, FAILURES)
    clock.now += REST
    friend.well = True
    assert [breaker.settle(DOUBT, 1.0) for _ in range(3)] == [MUSIC] * 3
    fail(breaker, friend, FAILURES - 1)
    assert friend.asked == FAILURES + 3 + FAILURES - 1


def test_after_the_rest_one_failure_opens_it_again(breaker, friend, clock):
    fail(breaker, friend, FAILURES)
    clock.now += REST
    fail(breaker, friend, 5)
    assert friend.asked == FAILURES + 1


def test_a_fault_of_ours_counts_as_a_failure_and_shows(breaker, friend, clock):
    fail(breaker, friend, FAILURES)
    clock.now += REST
    friend.settle = lambda doubt, seconds: 1 / 0
    with pytest.raises(ZeroDivisionError):
        breaker.settle(DOUBT, 1.0)
    with pytest.raises(EscalationError, match="is not asked"):
        breaker.settle(DOUBT, 1.0)


def test_of_many_threads_one_tries(clock):
    entered, go_on = threading.Event(), threading.Event()

    class Slow(Friend):
        def settle(self, doubt, seconds):
            if self.well:
                entered.set()
                assert go_on.wait(10)
            return super().settle(doubt, seconds)

    friend = Slow()
    breaker = CircuitBreaker(friend, failures=FAILURES, rest=REST, clock=clock)
    fail(breaker, friend, FAILURES)
    clock.now += REST
    friend.well = True
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(breaker.settle, DOUBT, 1.0)
        assert entered.wait(10)
        others = [threads.submit(breaker.settle, DOUBT, 1.0) for _ in range(7)]
        errors = [one.exception(10) for one in others]
        go_on.set()
        assert first.result(10) == MUSIC
    assert all(isinstance(one, EscalationError) for one in errors)
    assert "while one call tries it again" in str(errors[0])
    assert friend.asked == FAILURES + 1


def test_a_call_from_before_the_circuit_opened_changes_nothing(clock):
    entered, go_on = threading.Event(), threading.Event()

    class Late(Friend):
        def settle(self, doubt, seconds):
            if seconds == 60.0:
                entered.set()
                assert go_on.wait(10)
                return MUSIC
            return super().settle(doubt, seconds)

    friend = Late()
    breaker = CircuitBreaker(friend, failures=FAILURES, rest=REST, clock=clock)
    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(breaker.settle, DOUBT, 60.0)
        assert entered.wait(10)
        fail(breaker, friend, FAILURES)
        go_on.set()
        assert late.result(10) == MUSIC
    with pytest.raises(EscalationError, match="is not asked"):
        breaker.settle(DOUBT, 1.0)


@given(st.lists(st.one_of(st.booleans(), st.floats(0.0, 2 * REST)), max_size=60))
def test_it_is_never_asked_while_it_rests_and_always_after(events):
    """Booleans are calls and whether the friend is well then; numbers are seconds that pass."""
    clock, friend = Clock(), Friend()
    breaker = CircuitBreaker(friend, failures=FAILURES, rest=REST, clock=clock)
    row, opened = 0, None
    for event in events:
        if not isinstance(event, bool):
            clock.now += event
            continue
        friend.well, before = event, friend.asked
        resting = opened is not None and clock.now < opened + REST
        try:
            breaker.settle(DOUBT, 1.0)
        except EscalationError:
            assert resting or not event
        assert friend.asked == before + (not resting)
        if not resting:
            row = 0 if event else row + 1
            opened = clock.now if row >= FAILURES else None


@pytest.mark.parametrize("wrong", [{"failures": 0}, {"rest": 0.0}, {"rest": float("nan")}])
def test_a_number_out_of_its_range_is_refused(friend, wrong):
    with pytest.raises(ConfigError, match="breaker"):
        CircuitBreaker(friend, **wrong)


def test_the_error_is_one_that_users_can_catch():
    assert issubclass(EscalationError, TurnwiseError)


def test_what_is_left_open_is_told():
    verdicts = {
        "domain": Verdict("Music", 0.9, True),
        "intent": Verdict(None, 0.9, True),
        "issue": Verdict("BROKEN", 0.4, False),
    }
    assert Settled(verdicts, "friend").leaves_open == ("intent", "issue")
    assert MUSIC.leaves_open == ()
