import asyncio

import pytest
from asking import GOOD, endpoint, question
from scripted_server import said

from turnwise.llm import Background, Client, MemoryAnswers


def test_synchronous_code_asks_and_gets_results_and_errors(serve):
    server = serve(lambda request: said(GOOD))

    async def broken() -> None:
        raise ValueError("as it was raised")

    with Background() as background:
        client = Client(endpoint(server), MemoryAnswers())
        futures = [background.submit(client.ask(question(str(n)))) for n in range(20)]
        assert all(future.result().value for future in futures)
        with pytest.raises(ValueError, match="as it was raised"):
            background.submit(broken()).result()
    background.close()  # once more does nothing


def test_leaving_ends_what_waits_and_keeps_what_is_out(serve):
    server, store = serve(lambda request: said(GOOD, delay=0.2)), MemoryAnswers()
    with Background() as background:
        client = Client(endpoint(server, concurrency=3), store)
        background.submit(client.ask(question("first"))).result()
        futures = [background.submit(client.ask(question(str(n)))) for n in range(50)]
        while len(server.requests) < 4:
            background.submit(asyncio.sleep(0.005)).result()
    assert len(server.requests) == len(store.kept) < 50
    assert all(future.done() for future in futures)
