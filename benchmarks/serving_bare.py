"""Conversations of a stated number of tokens, and the model alone on them.

The arrays of a bare call are those that the library itself feeds to the graph: they are recorded
while it labels the same conversation. A bare call is nothing but `InferenceSession.run`, in a
process of its own on the server's core, where it finds the same caches and the same clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, cycle, islice, repeat
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from benchmarks.data import REPOSITORY
from turnwise.bundle import Bundle, model
from turnwise.bundle.model import TOKENIZER
from turnwise.conversations import Conversation, Role, Turn
from turnwise.encoders import TextReader
from turnwise.formats import read
from turnwise.serving import Policy

SAMPLE = REPOSITORY / "examples" / "larkspur"
TURNS = {16: 1, 64: 3, 128: 5}  # tokens of a context -> turns that hold them
SPECIAL = 2  # tokens that begin and end each turn
FILLER = "please"  # one token

Fed = dict[str, Any]  # arrays by the name of their input, as onnxruntime has them
# (number of a conversation, seconds) -> milliseconds of each call; 0 seconds: of one call.
Bare = Callable[[int, float], list[float]]


class Session(Protocol):
    """As much of an InferenceSession as a bundle uses to predict."""

    def run(self, names: Sequence[str], fed: Fed) -> list[Any]: ...


def talks(bundle: Path, tokens: int, count: int) -> list[Conversation]:
    """Conversations of so many tokens in all their turns, of the words of the sample.

    Customer and agent take turns, the customer last. Markers of beginning and end count.
    """
    tokenizer = TextReader(bundle / TOKENIZER, tokens)
    said = [one.conversation for one in read(SAMPLE / "conversations.jsonl") if one.conversation]
    starts = islice(cycle(range(len(said))), count)
    return [_cut([*said[at:], *said[:at]], tokens, tokenizer) for at in starts]


def _cut(said: Sequence[Conversation], tokens: int, tokenizer: TextReader) -> Conversation:
    turns = TURNS[tokens]
    words = {role: chain(_words(said, role), repeat(FILLER)) for role in ("customer", "agent")}
    made = []
    for at in range(turns):
        role: Role = "customer" if (turns - at) % 2 else "agent"
        share = tokens * (at + 1) // turns - tokens * at // turns
        made.append(Turn(role, _of_length(words[role], share - SPECIAL, tokenizer)))
    return Conversation("", tuple(made))


def _words(said: Sequence[Conversation], role: Role) -> Iterator[str]:
    """What customers said, or what those said who answered them."""
    turns = chain.from_iterable(one.turns for one in said)
    theirs = (one for one in turns if (one.role == "customer") == (role == "customer"))
    return chain.from_iterable(one.text.split() for one in theirs)


def _of_length(words: Iterable[str], tokens: int, tokenizer: TextReader) -> str:
    """The words up to so many tokens; one that would go beyond is left out."""
    text = ""
    for word in words:
        longer = f"{text} {word}".strip()
        found = tokenizer.count_tokens(longer)
        text = longer if found <= tokens else text
        if found == tokens:
            break
    return text


class _Recorder:
    """A session that notes what it is fed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.calls: list[tuple[list[str], Fed]] = []

    def run(self, names: Sequence[str], fed: Fed) -> list[Any]:
        self.calls.append((list(names), fed))
        return self._session.run(names, fed)


@contextmanager
def bare_process(
    bundle: Path, said: Sequence[Conversation], core: int
) -> Iterator[tuple[Bare, float, int]]:
    """The model alone in a process of its own, with one thread, while the context is entered.

    Yields:
        What calls it, the tokens of a conversation on average as they were fed, the process.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_bare, args=(theirs, bundle, said, core), daemon=True)
    process.start()
    theirs.close()

    def call(number: int, seconds: float) -> list[float]:
        ours.send((number, seconds))
        found: list[float] = ours.recv()
        return found

    try:
        yield call, ours.recv(), process.pid or 0
    finally:
        ours.close()
        process.join()


def keep_nothing() -> None:
    """Have bundles that are loaded from now on encode every text, also one that was read before."""
    model.KEPT_BYTES = 0


def _bare(pipe: Connection, folder: Path, said: Sequence[Conversation], core: int) -> None:
    os.sched_setaffinity(0, {core})
    keep_nothing()
    policy = Policy(Bundle.load(folder, threads=1))
    graph = policy.bundle._model
    session: Session = graph._session
    fed = []
    for one in said:
        recorder = _Recorder(session)
        graph._session = recorder
        policy.classify([one])
        fed.append(recorder.calls)
    tokens = sum(int(arrays["attention_mask"].sum()) for calls in fed for _, arrays in calls)
    pipe.send(tokens / len(said))
    while True:
        try:
            number, seconds = pipe.recv()
        except EOFError:
            return
        pipe.send(_timed(session, fed, number, seconds))


def _timed(
    session: Session, fed: Sequence[Sequence[tuple[list[str], Fed]]], number: int, seconds: float
) -> list[float]:
    took: list[float] = []
    began = last = time.perf_counter()
    while not took or last - began < seconds:
        for names, arrays in fed[(number + len(took)) % len(fed)]:
            session.run(names, arrays)
        now = time.perf_counter()
        took.append((now - last) * 1e3)
        last = now
    return took
