"""An answer that the budget left no repair for is kept, and repaired by the next run."""

from asking import BAD, GOOD, ask, endpoint, question
from scripted_server import CUT, Answer, said, used

from turnwise.llm import Budget, BudgetReached, MemoryAnswers, estimate
from turnwise.llm.answers import UNREPAIRED


def first_run(serve, **limits):
    """A server, and a store with an answer that was paid for and could not be repaired."""
    server, store = serve(lambda request: said(BAD, usage=used(100, 10))), MemoryAnswers()
    client, (reply,) = ask(server, budget=Budget(calls=1), store=store, **limits)
    return server, store, client, reply


def test_it_is_kept_as_unrepaired_and_the_question_has_no_reply_in_that_run(serve):
    _, store, client, reply = first_run(serve)
    (kept,) = store.kept.values()
    assert isinstance(reply, BudgetReached)
    assert (kept.text, kept.value, kept.attempts) == (BAD, None, 1)
    assert kept.unrepaired
    assert kept.problem.startswith(UNREPAIRED)
    assert (client.spend.calls, client.spend.answered, client.spend.unusable) == (1, 0, 0)


def test_the_next_run_asks_the_repair_alone_and_adds_what_it_costs(serve):
    server, store, _, _ = first_run(serve, price_in=1.0)
    server.script = lambda request: said(GOOD, usage=used(150, 12))
    client, (reply,) = ask(server, store=store, price_in=1.0)
    asked, repair = (request["messages"] for request in server.requests)
    assert repair[:2] == asked
    assert repair[2] == {"role": "assistant", "content": BAD}
    assert "label: Input should be 'cancel' or 'refund'" in repair[3]["content"]
    assert UNREPAIRED not in repair[3]["content"]
    assert (reply.value.label, reply.reused) == ("cancel", False)
    assert reply.kept == store.kept[reply.kept.key]
    assert (reply.kept.text, reply.kept.problem) == (GOOD, "")
    assert (reply.kept.attempts, reply.kept.tokens_in, reply.kept.tokens_out) == (2, 250, 22)
    assert round(reply.kept.cost * 1e6) == 250
    spend = client.spend
    assert (spend.calls, spend.tokens_in, spend.answered, spend.reused) == (1, 150, 1, 0)
    _, (again,) = ask(server, store=store)
    assert (again.reused, len(server.requests)) == (True, 2)


def test_what_the_repair_can_not_mend_is_unusable_for_good(serve):
    server, store, _, _ = first_run(serve)
    client, (reply,) = ask(server, store=store)
    assert (reply.value, reply.kept.unrepaired, reply.kept.attempts) == (None, False, 2)
    assert (client.spend.unusable, client.spend.reused) == (1, 0)
    ask(server, store=store)
    assert len(server.requests) == 2


def test_a_repair_that_the_endpoint_refuses_leaves_the_first_answer_as_it_is(serve):
    server, store, _, _ = first_run(serve)
    refused = Answer(400, {"error": {"code": "content_filter", "message": "not allowed"}})
    server.script = lambda request: refused
    _, (reply,) = ask(server, store=store)
    assert (reply.value, reply.kept.text, reply.kept.unrepaired) == (None, BAD, False)
    assert store.kept[reply.kept.key] == reply.kept


def test_without_any_budget_it_stays_unrepaired(serve):
    server, store, _, _ = first_run(serve)
    before = dict(store.kept)
    _, (reply,) = ask(server, budget=Budget(calls=0), store=store)
    assert isinstance(reply, BudgetReached)
    assert (store.kept, len(server.requests)) == (before, 1)


def test_a_repair_that_gets_no_answer_is_asked_again_by_the_next_run(serve):
    server, store, _, _ = first_run(serve)
    server.script = lambda request: CUT if len(request["messages"]) > 2 else said(GOOD)
    _, (_, failed) = ask(server, "fine", "please cancel it", store=store, attempts=2)
    assert (failed.value, failed.kept.latency) == (None, 0.0)  # as where no answer came at all
    assert store.kept[failed.kept.key].unrepaired
    server.script = lambda request: said(GOOD)
    _, (reply,) = ask(server, store=store)
    assert reply.value is not None


def test_an_estimate_counts_the_repair_as_a_call(serve):
    server, store, _, _ = first_run(serve)
    told = estimate([question()], 100, endpoint(server), store)
    assert (told.calls, told.reused, told.answers) == (100, 0, 0)
    fresh = estimate([question()], 100, endpoint(server), MemoryAnswers())
    assert told.tokens_in > fresh.tokens_in
