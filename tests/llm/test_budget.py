import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_time import run

from turnwise.errors import TurnwiseError
from turnwise.llm import Budget, BudgetReached, Spend

CALLS = st.lists(
    st.tuples(
        st.integers(1, 500),  # tokens that are reserved
        st.floats(0, 1),  # the share of them that is used
        st.floats(0, 3),  # seconds that it takes
    ),
    max_size=60,
)


async def spent(budget: Budget, calls: list[tuple[int, float, float]]) -> list[int]:
    """Make calls at the same time; gives what each used that was let out."""

    async def one(reserved: int, share: float, seconds: float) -> int:
        taken = await budget.reserve(reserved, reserved / 100)
        await asyncio.sleep(seconds)
        used = int(reserved * share)
        budget.settle(taken, used, used / 100)
        return used

    done = await asyncio.gather(*(one(*call) for call in calls), return_exceptions=True)
    assert all(isinstance(one, (int, BudgetReached)) for one in done)
    return [one for one in done if isinstance(one, int)]


@settings(max_examples=60, deadline=None)
@given(CALLS, st.integers(1, 4000), st.integers(1, 40))
def test_no_limit_is_ever_passed_however_many_calls_are_out(calls, tokens, count):
    used = run(spent(Budget(calls=count, tokens=tokens), calls))
    assert sum(used) <= tokens
    assert len(used) <= count
    used = run(spent(Budget(money=tokens / 100), calls))
    assert sum(used) <= tokens + 1e-6


def test_a_call_waits_for_others_that_may_come_in_lower():
    # 10 calls set aside 100 each and use 10: a budget of 250 has room for all but the last few.
    used = run(spent(Budget(tokens=250), [(100, 0.1, 1.0)] * 30))
    assert len(used) == 16  # then 160 are used, and 100 more would pass 250


def test_once_reached_nothing_more_goes_out_and_the_message_says_how_to_go_on():
    async def story() -> str:
        budget = Budget(tokens=100)
        budget.settle(await budget.reserve(80, 0), 80, 0)
        with pytest.raises(BudgetReached) as error:
            await budget.reserve(30, 0)
        with pytest.raises(BudgetReached):
            await budget.reserve(1, 0)
        return str(error.value)

    message = run(story())
    assert issubclass(BudgetReached, TurnwiseError)
    assert "80 of 100 tokens are used" in message
    assert "run the same command again with a larger budget" in message


def test_what_was_never_sent_is_no_call():
    async def story() -> None:
        budget = Budget(calls=1)
        budget.settle(await budget.reserve(1, 0), 0, 0, sent=False)
        budget.settle(await budget.reserve(1, 0), 0, 0)

    run(story())


def test_the_spend_tells_rate_money_and_time_left():
    spend = Spend(calls=20, tokens_in=9_000, tokens_out=1_000, money=1.5, answered=20, last=10.0)
    assert (spend.rate, spend.seconds_left(180)) == (2.0, 90.0)
    assert spend.line(180) == "2.0/s, 10,000 tokens, 1.50 spent, 0:01:30 left"
    assert (Spend().rate, Spend().seconds_left(5), Spend().line(5)) == (
        0.0,
        None,
        "0.0/s, 0 tokens",
    )
