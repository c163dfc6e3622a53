"""A stand-in for a language-model server, for tests and measurements: no model, chosen faults.

    python -m benchmarks.llm_server --latency 0.2
    python -m benchmarks.llm_server --port 8080 --fault 429=0.1 --fault hang=0.01

It speaks /v1/chat/completions and /v1/models, answers a valid instance of the JSON schema that is
asked for (`llm_answers.instance`), and tells at /stats what it was asked. Standard library only.
`running(Behaviour(...))` starts it as a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.llm_answers import instance, prompt_of, schema_in
from benchmarks.llm_behaviour import BREAKS, HARMLESS, REFUSALS, Behaviour

Json = Any
LETTERS_A_TOKEN = 4
HUGE = 8_000_000  # letters
KNOWN_FIELDS = {
    "model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "n",
    "stream", "stop", "seed", "response_format", "frequency_penalty", "presence_penalty", "user",
}  # fmt: skip


# The client's side: starting and asking


class Running:
    """A server that runs; `url` is what a client takes as base_url."""

    def __init__(self, port: int) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}/v1"

    def stats(self) -> Json:
        """What it was asked so far.

        {"requests", "answered", "right", "most_in_flight", "faults": {name: number},
        "prompts": {`prompt_id`: [asked, answered, right]}}: answered whole and with status 200 is
        what a provider would charge for; right are those of them that a client can use.
        """
        with urlopen(f"http://127.0.0.1:{self.port}/stats", timeout=60) as response:
            return json.load(response)


def prompt_id(messages: list[Json]) -> str:
    """The name of a prompt in the statistics."""
    return sha256(prompt_of(messages).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextmanager
def running(behaviour: Behaviour | None = None, port: int = 0) -> Iterator[Running]:
    """Run a server in a process of its own, which ends with this block or with this process."""
    given = json.dumps(asdict(behaviour or Behaviour()))
    command = [sys.executable, "-m", "benchmarks.llm_server", "--port", str(port), "--child", given]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Running(json.loads(process.stdout.readline())["port"])
        finally:
            process.stdin.close()
            process.terminate()


# The server's side


class RefusedError(Exception):
    """A request that is not answered, with its status and what is said."""

    def __init__(self, status: int, said: str, code: str = "", **headers: str) -> None:
        super().__init__(said)
        self.status, self.headers = status, {k.replace("_", "-"): v for k, v in headers.items()}
        self.body = json.dumps({"error": {"message": said, "type": "error", "code": code}}).encode()


@dataclass
class Told:
    """What happened to one prompt."""

    asked: int = 0
    answered: int = 0
    right: int = 0
    faults: int = 0


class Server:
    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._prompts: dict[str, Told] = {}
        self._faults: Counter[str] = Counter()
        self._in_flight = self._most_in_flight = self._requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; tells whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if (method, path) == ("POST", "/v1/chat/completions"):
            self._requests += 1
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
            try:
                whole = await self._complete(headers, body, reader, writer)
            except RefusedError as error:
                send(writer, error.status, error.body, error.headers)
                whole = True
            finally:
                self._in_flight -= 1
        else:
            whole = self._other(method, path, writer)
        await writer.drain()
        return whole and headers.get("connection", "").lower() != "close"

    def _other(self, method: str, path: str, writer: asyncio.StreamWriter) -> bool:
        if (method, path) == ("GET", "/v1/models"):
            names = self._behaviour.models or ("stand-in",)
            listed = [{"id": name, "object": "model"} for name in names]
            send(writer, 200, json.dumps({"object": "list", "data": listed}).encode())
        elif (method, path) == ("GET", "/stats"):
            send(writer, 200, json.dumps(self._stats()).encode())
        else:
            send(writer, 404, RefusedError(404, f"no such path: {path}").body)
        return True

    def _stats(self) -> Json:
        told = self._prompts
        return {
            "requests": self._requests,
            "answered": sum(one.answered for one in told.values()),
            "right": sum(one.right for one in told.values()),
            "most_in_flight": self._most_in_flight,
            "faults": dict(self._faults),
            "prompts": {key: [one.asked, one.answered, one.right] for key, one in told.items()},
        }

    async def _complete(
        self,
        headers: Mapping[str, str],
        body: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer a question; tells whether the connection goes on. Raises RefusedError."""
        arrived = asyncio.get_running_loop().time()
        request = self._checked(headers, body)
        told = self._prompts.setdefault(key := prompt_id(request["messages"]), Told())
        told.asked += 1
        fault, by_chance = self._behaviour.fault(key, told.asked, told.faults)
        told.faults += by_chance
        if fault:
            self._faults[fault] += 1
        if REFUSALS.get(fault) == 429:  # comes at once
            raise self._too_many(fault)
        # Made before the wait, so that many waits that end together are not a queue.
        answer = json.dumps(self._answer(request, fault)).encode()
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(arrived + self._behaviour.latency - now)
        if fault in REFUSALS:
            raise RefusedError(REFUSALS[fault], "something broke")
        if fault in BREAKS:
            return await self._break(fault, answer, reader, writer)
        if reader.at_eof():  # the client is gone
            return False
        send(writer, 200, answer)
        await writer.drain()
        told.answered += 1
        told.right += not fault or fault in HARMLESS
        return True

    async def _break(
        self,
        fault: str,
        answer: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Let no whole answer arrive; tells whether the connection goes on."""
        if fault == "html":
            page = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
            send(writer, 200, page, {"content-type": "text/html"})
        elif fault == "truncated-body":
            send(writer, 200, answer[: len(answer) // 2])
        elif fault == "cut-body":
            send(writer, 200, answer, cut=len(answer) // 2)
            await writer.drain()
        elif fault == "hang":
            await reader.read(1)  # until the client has had enough
        return fault in ("html", "truncated-body")

    def _checked(self, headers: Mapping[str, str], body: bytes) -> Json:
        want = self._behaviour
        if want.key and headers.get("authorization") != f"Bearer {want.key}":
            raise RefusedError(401, "Incorrect API key provided", "invalid_api_key")
        try:
            request = json.loads(body)
        except ValueError:
            raise RefusedError(400, "the request is no JSON") from None
        if want.strict and (unknown := set(request) - KNOWN_FIELDS):
            raise RefusedError(422, f"Unexpected fields in the request: {unknown}")
        if want.models and request.get("model") not in want.models:
            said = f"The model {request.get('model')!r} does not exist"
            raise RefusedError(want.unknown_model, said, "model_not_found")
        if not request.get("messages") or request.get("stream"):
            raise RefusedError(400, "messages are missing, or a stream is asked for")
        if want.context is not None and tokens(body.decode()) > want.context:
            said = f"the prompt is longer than the context of {want.context} tokens"
            raise RefusedError(400, said, "context_length_exceeded")
        if getattr(want, format_of(request), "") == "refused":
            raise RefusedError(500, "response_format can't be used here")
        return request

    def _too_many(self, fault: str) -> RefusedError:
        seconds = self._behaviour.retry_after
        said = {
            "429-seconds": {"retry_after": str(seconds)},
            "429-date": {"retry_after": formatdate(time.time() + seconds, usegmt=True)},
        }
        return RefusedError(429, "Rate limit reached", "rate_limit_exceeded", **said.get(fault, {}))

    def _answer(self, request: Json, fault: str) -> Json:
        text, finish = self._text(request, fault), "stop"
        allowed = request.get("max_tokens") or request.get("max_completion_tokens") or 10**9
        if fault == "length" or (tokens(text) > allowed and fault != "huge"):
            text, finish = text[: min(len(text) // 2, allowed * LETTERS_A_TOKEN)], "length"
        content = None if fault == "null-content" else text
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        answer = {
            "id": "chatcmpl-0",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request.get("model", ""),
            "choices": [] if fault == "empty-choices" else [choice],
        }
        if self._behaviour.usage and fault != "no-usage":
            asked = sum(tokens(str(one.get("content"))) for one in request["messages"])
            said = tokens(text)
            usage = {
                "prompt_tokens": asked,
                "completion_tokens": said,
                "total_tokens": asked + said,
            }
            answer["usage"] = usage
        return answer

    def _text(self, request: Json, fault: str) -> str:
        want, messages = self._behaviour, request["messages"]
        prompt, schema = prompt_of(messages), self._schema(request)
        if fault == "huge":
            return "and so on " * (HUGE // 10)
        if schema is None or fault == "ignored":
            return f"Let me think about it. You said {len(prompt)} letters."
        wrong = fault == "wrong-label"
        value = instance(schema, prompt, fixed=want.fixed, quote=want.quote, wrong=wrong)
        if fault == "duplicate-keys" and isinstance(value, dict):
            other = instance(schema, prompt + " ", fixed=want.fixed, quote=want.quote)
            pairs = [(key, part) for one in (other, value) for key, part in one.items()]
            inside = ", ".join(f"{json.dumps(key)}: {json.dumps(part)}" for key, part in pairs)
            return "{" + inside + "}"
        text = json.dumps(value)
        if fault == "truncated-json":
            return text[: len(text) // 2]
        if fault == "prose":
            return f"Sure! Here is what I think:\n{text}\nI hope that {{this}} helps."
        return f"```json\n{text}\n```" if fault == "fences" else text

    def _schema(self, request: Json) -> Json | None:
        """The schema that the answer follows: of the request, or else one that its text holds."""
        kind, given = format_of(request), request.get("response_format") or {}
        if getattr(self._behaviour, kind, "") == "enforced":
            schema = given.get("schema") or given.get("json_schema", {}).get("schema")
            if schema:
                return schema
        return schema_in("\n".join(str(one.get("content")) for one in request["messages"]))


def format_of(request: Json) -> str:
    return str((request.get("response_format") or {}).get("type", "text"))


def tokens(text: str) -> int:
    return -(-len(text) // LETTERS_A_TOKEN)


def send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    cut: int | None = None,
) -> None:
    """Write a response, or no more of its body than `cut` bytes."""
    lines = {"content-type": "application/json", **(headers or {}), "content-length": len(body)}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"HTTP/1.1 {status} .\r\n{head}\r\n".encode("latin-1") + body[:cut])


async def run(behaviour: Behaviour, port: int, child: bool) -> None:
    """Serve until the process is ended, or as a child until its parent is gone."""
    server = await asyncio.start_server(Server(behaviour).serve, "127.0.0.1", port, backlog=1024)
    bound = server.sockets[0].getsockname()[1]
    print(json.dumps({"port": bound, "url": f"http://127.0.0.1:{bound}/v1"}), flush=True)
    if child:
        await asyncio.to_thread(sys.stdin.read)
    else:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0: a free one, which is printed")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds of every answer")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=SHARE")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    faults = {name: float(share) for name, _, share in (one.partition("=") for one in given.fault)}
    behaviour = Behaviour(latency=given.latency, faults=faults)
    if given.child:
        told = json.loads(given.child)
        lists = {name: tuple(told[name]) for name in ("script", "models")}
        behaviour = replace(behaviour, **{**told, **lists})
    asyncio.run(run(behaviour, given.port, bool(given.child)))


if __name__ == "__main__":
    main()
