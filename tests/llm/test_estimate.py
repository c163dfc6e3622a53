import pytest
from asking import GOOD, ask, endpoint, question
from scripted_server import said, used

from turnwise.llm import MemoryAnswers, estimate

PRICES = {"price_in": 2.0, "price_out": 8.0}


def sample(count: int):
    return [question(f"please cancel order {n} for me " * 5) for n in range(count)]


def test_before_anything_was_asked_prompts_are_counted_and_answers_assumed(serve):
    end = endpoint(serve(lambda request: said(GOOD)), **PRICES)
    told = estimate(sample(20), 1_000, end, MemoryAnswers())
    assert (told.questions, told.reused, told.calls, told.sample) == (1_000, 0, 1_000, 20)
    assert 50_000 < told.tokens_in < 300_000
    assert told.tokens_out == 256_000
    assert told.money == pytest.approx((told.tokens_in * 2 + told.tokens_out * 8) / 1e6)
    assert told.seconds is None


def test_kept_answers_make_it_nearer_and_cost_nothing(serve):
    server, store = serve(lambda request: said(GOOD, usage=used(70, 20))), MemoryAnswers()
    asked = [one.values["text"] for one in sample(5)]
    ask(server, *asked, store=store)
    told = estimate(sample(20), 1_000, endpoint(server, concurrency=4), store)
    assert (told.reused, told.calls, told.answers) == (250, 750, 5)
    assert told.tokens_out == 750 * 20
    assert told.tokens_in > 750 * 70
    assert told.seconds > 0
    limited = endpoint(server, requests_per_minute=30)
    assert estimate(sample(20), 1_000, limited, store).seconds >= 1_500


def test_no_question_costs_nothing(serve):
    told = estimate([], 0, endpoint(serve(lambda request: said(GOOD))), MemoryAnswers())
    assert (told.calls, told.tokens_in, told.money) == (0, 0, 0.0)
