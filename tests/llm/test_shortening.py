"""A prompt that is too long is sent again only where it became shorter."""

import asyncio

import pytest
from asking import GOOD, ask, ask_all, endpoint, question
from scripted_server import Answer, said, used

from turnwise.llm import Client, EndpointError, MemoryAnswers


def size(request) -> int:
    return sum(len(message["content"].split()) for message in request["messages"])


def with_history(words: int):
    """A question of ten words that can't be left out, after so many that can."""

    def shrink(tokens: int) -> dict[str, str]:
        return {"text": "word " * (10 + max(0, words - tokens * 3 // 5))}  # by its bytes

    return question("word " * (words + 10), shrink=shrink)


def test_a_prompt_that_is_too_long_without_its_history_is_paid_once(serve):
    server = serve(lambda request: said(GOOD, usage=used(2_000, 5)))
    limits = {"context_tokens": 1_500, "answer_tokens": 100}
    client = Client(endpoint(server, **limits), MemoryAnswers())
    (reply,) = ask_all(client, [with_history(0)])
    assert reply.value is None
    assert "2000 tokens, of 1500 at most" in reply.kept.problem
    assert len(server.requests) == 1


def test_what_was_left_out_before_it_was_sent_stays_out_when_it_is_still_too_long(serve):
    def script(request):
        sizes.append(size(request))
        if sizes[-1] > 400:
            return Answer(400, {"error": {"message": "maximum context length is 400"}})
        return said(GOOD, usage=used(sizes[-1], 5))

    sizes: list[int] = []
    limits = {"context_tokens": 1_500, "answer_tokens": 100}
    client = Client(endpoint(serve(script), **limits), MemoryAnswers())
    (reply,) = ask_all(client, [with_history(5_000)])
    assert reply.value is not None
    assert len(sizes) > 1
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("turns", [1, 40])
def test_where_no_prompt_fits_without_its_history_the_run_ends_and_says_what_to_do(serve, turns):
    server, store = serve(lambda request: said(GOOD)), MemoryAnswers()
    limits = {"context_tokens": 3_000, "answer_tokens": 500, "concurrency": 4}
    client = Client(endpoint(server, **limits), store, name="judge")
    asked = [question(f"{n} " + "word " * 3_000) for n in range(turns)]
    asked += [with_history(3_000)] * (turns > 1)
    errors = ask_all(client, asked)
    assert all(isinstance(error, EndpointError) for error in errors)
    told = str(errors[0])
    assert told.startswith(f"judge (tiny at {server.url}): the prompt takes about 5,0")
    assert "without any history, where 2,500 fit" in told
    assert "context_tokens" in told
    assert "--strategy lara" in told
    assert (server.requests, store.kept) == ([], {})


def test_where_the_server_takes_no_prompt_the_run_ends_too(serve):
    refusal = {"error": {"message": "maximum context length is 400"}}
    server = serve(lambda request: Answer(400, refusal))
    _, errors = ask(server, *(f"{n} " + "word " * 500 for n in range(9)))
    assert all(isinstance(error, EndpointError) for error in errors)
    assert "maximum context length is 400" in str(errors[0])
    assert "larger context" in str(errors[0])


@pytest.mark.parametrize("place", [0, 4])
def test_a_turn_that_is_too_long_costs_only_itself_where_others_fit(serve, place):
    server = serve(lambda request: said(GOOD, delay=0.05))
    texts = [f"cancel {n}" for n in range(8)]
    texts[place] = "word " * 20_000
    client, replies = ask(server, *texts, concurrency=1)
    assert [reply.value is None for reply in replies] == [at == place for at in range(8)]
    assert (client.spend.failed, len(server.requests)) == (1, 7)


def test_a_turn_that_is_too_long_waits_for_others_that_are_asked_a_little_later(serve):
    client = Client(endpoint(serve(lambda request: said(GOOD))), MemoryAnswers())

    async def story() -> list:
        first = asyncio.create_task(client.ask(question("word " * 20_000)))
        await asyncio.sleep(0.05)
        replies = [await client.ask(question("cancel")), await first]
        await client.close()
        return replies

    fits, long = asyncio.run(story())
    assert fits.value is not None
    assert long.value is None
    assert "where 7168 fit" in long.kept.problem
