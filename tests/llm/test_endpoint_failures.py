"""What an endpoint that fails, refuses, or is none, makes of the questions."""

import socket
from itertools import count

import pytest
from asking import GOOD, PICK, ask, ask_all, endpoint, question
from scripted_server import CUT, Answer, said, used

from turnwise.llm import Budget, BudgetReached, Client, Endpoint, EndpointError, MemoryAnswers
from turnwise.llm.wire import MAX_BYTES

BUSY = Answer(429, {"error": {"message": "slow down"}})
HTML = Answer(200, "<!doctype html><title>Welcome</title>", kind="text/html")


def then(*answers):
    """A script: these answers, then good ones."""
    left = iter(answers)
    return lambda request: next(left, None) or said(GOOD)


@pytest.mark.parametrize(
    "answer",
    [
        CUT,
        Answer(200, '{"choices": [{"mess', promised=500),
        Answer(200, '{"choices": [{"mess'),
        Answer(200, {"choices": []}),
        Answer(200, {"choices": None}),
        Answer(200, {"error": {"message": "overloaded"}}),
        Answer(200, "null"),
        Answer(200, "[]", kind="text/plain"),
        HTML,
        Answer(500, "oops"),
        Answer(502, "<html>bad gateway</html>", kind="text/html"),
        Answer(503, "", {"retry-after": "0"}),
        Answer(408, ""),
        Answer(409, {"error": {"message": "locked"}}),
        BUSY,
        Answer(429, "", {"retry-after": "0"}),
        Answer(429, "", {"retry-after-ms": "20"}),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(serve, answer):
    server = serve(then(None, answer))
    client = Client(endpoint(server), MemoryAnswers())
    replies = ask_all(client, [question("first"), question("second")])
    assert [reply.value.label for reply in replies] == ["cancel", "cancel"]
    assert client.spend.calls == len(server.requests) == 3


def test_a_call_that_hangs_is_cut_and_made_again(serve):
    server = serve(then(None, said(GOOD, delay=60.0)))
    _, replies = ask(server, "one", "two", timeout=0.3)
    assert all(reply.value for reply in replies)
    assert len(server.requests) == 3


def test_an_answer_that_is_far_too_large_is_not_read_to_its_end(serve):
    endless = said("x" * (MAX_BYTES + 1_000_000))
    _, (reply,) = ask(serve(then(endless)))
    assert (reply.value.label, reply.kept.attempts) == ("cancel", 2)
    _, (reply,) = ask(serve(lambda request: endless))
    assert reply.value is None
    assert 100 < len(reply.kept.text) < 10_000
    assert "larger than" in reply.kept.problem


def test_a_question_that_is_never_answered_is_counted_not_kept_and_asked_by_the_next_run(serve):
    server, store = serve(lambda r: CUT if "bad" in str(r) else said(GOOD)), MemoryAnswers()
    client, replies = ask(server, "good", "bad", "fine", store=store, attempts=3)
    assert [reply.value is not None for reply in replies] == [True, False, True]
    assert "no answer in 3 attempts" in replies[1].kept.problem
    assert (client.spend.failed, len(store.kept)) == (1, 2)
    server.script = lambda request: said(GOOD)
    client, replies = ask(server, "good", "bad", "fine", store=store)
    assert all(reply.value for reply in replies)
    assert client.spend.calls == 1


def test_a_429_holds_the_whole_endpoint_not_each_question(serve):
    turns = count()

    def script(request):
        return BUSY if next(turns) in (8, 9, 30) else said(GOOD, delay=0.01)

    server = serve(script)
    _, replies = ask(server, *map(str, range(60)), concurrency=8)
    assert all(reply.value for reply in replies)
    assert len(server.requests) == 63
    assert 1 < server.most <= 8


def test_calls_are_refused_for_good_where_there_is_no_quota_left(serve):
    message = {"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}}
    server = serve(lambda request: Answer(429, message))
    _, (error, other) = ask(server, "one", "two")
    assert isinstance(error, EndpointError)
    assert isinstance(other, EndpointError)
    assert "no quota left" in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(401, {"error": {"message": "Incorrect API key"}}), "refuses the key"),
        (Answer(403, {"detail": "forbidden"}), "Name its key in key_env"),
        (Answer(404, {"error": {"message": "no model tiny"}}), "knows no such model or address"),
        (Answer(400, {"error": {"message": "model tiny does not exist"}}), "does not exist"),
        (HTML, "answers a web page"),
        (Answer(429, "", {"retry-after": "86400"}), "asks to wait 86,400 seconds"),
        (Answer(301, "", {"location": "https://elsewhere/v1"}), "HTTP 301"),
    ],
    ids=lambda part: part if isinstance(part, str) else str(part.status),
)
def test_an_endpoint_that_will_never_answer_ends_the_run_at_its_first_word(serve, answer, told):
    server, store = serve(lambda request: answer), MemoryAnswers()
    _, errors = ask(server, *map(str, range(9)), store=store)
    assert all(isinstance(error, EndpointError) for error in errors)
    assert told in str(errors[0])
    assert f"teacher (tiny at {server.url})" in str(errors[0])
    assert (len(server.requests), store.kept) == (1, {})


@pytest.mark.parametrize(
    "answer", [Answer(500, "boom"), Answer(200, "no JSON"), CUT, BUSY], ids=str
)
def test_an_endpoint_that_only_fails_ends_the_run_and_says_how_to_go_on(serve, answer):
    server = serve(lambda request: answer)
    _, errors = ask(server, *map(str, range(5)), attempts=3)
    assert all(isinstance(error, EndpointError) for error in errors)
    assert len(server.requests) <= 5 * 3 * 3  # questions, attempts, forms


def test_nobody_at_the_address_is_said_soon():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = Client(Endpoint(f"http://127.0.0.1:{port}/v1", "tiny"), MemoryAnswers(), name="judge")
    (error,) = ask_all(client, [question()])
    assert isinstance(error, EndpointError)
    assert str(error).startswith(f"judge (tiny at http://127.0.0.1:{port}/v1): can't be reached")
    assert "run the same command" in str(error)
    assert client.spend.calls == 0


def test_a_key_that_is_not_set_is_said_before_anything_is_asked():
    with pytest.raises(EndpointError, match="TURNWISE_NO_SUCH_KEY holds no key"):
        Client(Endpoint("http://host/v1", "m", key_env="TURNWISE_NO_SUCH_KEY"), MemoryAnswers())


def test_an_endpoint_that_goes_away_half_way_ends_the_run_with_what_was_answered_kept(serve):
    turns, store = count(), MemoryAnswers()
    server = serve(lambda request: said(GOOD) if next(turns) < 30 else CUT)
    _, replies = ask(server, *map(str, range(100)), store=store, attempts=2, concurrency=8)
    assert len(store.kept) == 30
    assert any(isinstance(one, EndpointError) for one in replies)
    server.script = lambda request: said(GOOD)
    before = len(server.requests)
    _, replies = ask(server, *map(str, range(100)), store=store)
    assert all(reply.value for reply in replies)
    assert len(server.requests) - before == 70


def test_a_refusal_of_one_text_is_that_questions_alone(serve):
    def script(request):
        if "weapon" in str(request):
            return Answer(400, {"error": {"code": "content_filter", "message": "not allowed"}})
        return said(GOOD)

    server = serve(script)
    _, replies = ask(server, "weapon", "cancel", "refund", concurrency=1)
    assert [reply.value is not None for reply in replies] == [False, True, True]
    assert "content_filter" in replies[0].kept.problem
    assert len(server.requests) == 3


@pytest.mark.parametrize("limit", [{"calls": 25}, {"tokens": 30_000}, {"money": 0.03}], ids=str)
def test_a_budget_is_not_passed_at_64_in_flight_and_the_next_run_goes_on(serve, limit):
    server, store = serve(lambda request: said(GOOD, usage=used(1_000, 100))), MemoryAnswers()
    limits = {"concurrency": 64, "price_in": 1.0, "price_out": 1.0, "answer_tokens": 200}
    client, replies = ask(
        server, *map(str, range(200)), store=store, budget=Budget(**limit), **limits
    )
    reached = [one for one in replies if isinstance(one, BudgetReached)]
    assert len(reached) + len(store.kept) == 200
    assert len(server.requests) == client.spend.calls == len(store.kept) >= 20
    spend = client.spend
    assert spend.calls <= limit.get("calls", 10**9)
    assert spend.tokens_in + spend.tokens_out <= limit.get("tokens", 10**9)
    assert spend.money <= limit.get("money", 10**9)
    client, replies = ask(server, *map(str, range(200)), store=store, **limits)
    assert all(reply.value for reply in replies)
    assert len(server.requests) == 200


def test_a_budget_is_shared_by_all_who_are_handed_it(serve):
    server, budget = serve(lambda request: said(GOOD)), Budget(calls=10)
    _, first = ask(server, *map(str, range(8)), budget=budget)
    _, second = ask(server, *map(str, range(8, 16)), budget=budget)
    assert not any(isinstance(one, BudgetReached) for one in first)
    assert sum(isinstance(one, BudgetReached) for one in second) == 6


def test_the_task_says_which_questions_are_the_same():
    assert PICK.check(None, {}) == ""
