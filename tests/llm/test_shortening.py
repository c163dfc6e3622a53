"""A prompt that is too long is sent again only where it became shorter."""

from asking import GOOD, ask_all, endpoint, question
from scripted_server import Answer, said, used

from turnwise.llm import Client, MemoryAnswers


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
