import asyncio

import pytest
from asking import GOOD, endpoint, question
from scripted_server import said

from turnwise.llm import Background, Client, MemoryAnswers, together


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


def test_results_come_in_order_and_after_an_error_the_rest_is_given_up():
    ended: list[int] = []

    async def work(number: int, seconds: float) -> int:
        await asyncio.sleep(seconds)
        if number < 0:
            raise ValueError("as it was raised")
        ended.append(number)
        return number

    async def with_an_error() -> None:
        with pytest.raises(ValueError, match="as it was raised"):
            await together([work(-1, 0), work(3, 60)])
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    with Background() as background:
        working = (work(number, (2 - number) / 100) for number in range(3))
        assert background.submit(together(working)).result() == [0, 1, 2]
        background.submit(with_an_error()).result()
    assert ended == [2, 1, 0]
