"""A real HTTP server whose answers a test writes: it runs in a thread, and keeps what it got."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CUT = "cut"  # in place of an answer: close the connection
REASONS = {200: "OK"}


@dataclass
class Answer:
    """One HTTP response; `promised` bytes are announced where that differs from the body."""

    status: int = 200
    body: object = ""
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"
    delay: float = 0.0
    promised: int | None = None

    def encoded(self) -> bytes:
        body = self.body if isinstance(self.body, str) else json.dumps(self.body)
        data = body.encode()
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'No')}"]
        size = len(data) if self.promised is None else self.promised
        fields = {"content-type": self.kind, "content-length": str(size), **self.headers}
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


Script = Callable[[dict], "Answer | str | None"]


def said(
    text: object,
    finish: str | None = "stop",
    usage: object = None,
    delay: float = 0.0,
    refusal=None,
) -> Answer:
    """A chat completion. Without usage, as several servers answer."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message}
    body = {"object": "chat.completion", "choices": [{**choice, "finish_reason": finish}]}
    return Answer(body=body if usage is None else {**body, "usage": usage}, delay=delay)


def used(tokens_in: int, tokens_out: int) -> dict[str, int]:
    return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}


class ScriptedServer:
    """Answers each request as the script says.

    Attributes:
        requests: the bodies it was sent, in order; headers: of each.
        most: requests that were being answered at one time.
    """

    def __init__(self, script: Script) -> None:
        self.script, self.requests, self.headers, self.most = script, [], [], 0
        self._now = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _run(self) -> None:
        async def start() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]
            self._ready.set()

        self._loop.create_task(start())
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
                fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                body = await reader.readexactly(int(fields["content-length"]))
                self.headers.append(fields)
                self.requests.append(json.loads(body))
                self._now += 1
                self.most = max(self.most, self._now)
                try:
                    answer = self.script(self.requests[-1])
                    if answer == CUT or not isinstance(answer, Answer):
                        break
                    await asyncio.sleep(answer.delay)
                finally:
                    self._now -= 1
                writer.write(answer.encoded())
                await writer.drain()
                if answer.promised is not None:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@contextmanager
def servers() -> Iterator[Callable[[Script], ScriptedServer]]:
    """What starts servers that answer as a function says; they end with the block."""
    started: list[ScriptedServer] = []

    def start(script: Script) -> ScriptedServer:
        started.append(ScriptedServer(script))
        return started[-1]

    yield start
    for server in started:
        server.close()
