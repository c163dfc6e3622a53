"""What a server did, to the log: decisions, exposures and feedback, off the hot path.

    event loop, model threads --references--> waiting --one thread: sampling, redaction--> batches

Whoever hands something over never waits. What the log can't take now is kept and tried again; what
does not fit into memory meanwhile is counted as lost.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from random import Random
from threading import Event, Lock, Thread

from turnwise.bundle import Prediction
from turnwise.conversations import Conversation
from turnwise.decision_log import (
    DecisionLog,
    Exposure,
    Feedback,
    LogBatch,
    LoggedDecision,
)
from turnwise.errors import TurnwiseError
from turnwise.privacy import Redactor
from turnwise.serving.decision import Decision
from turnwise.serving.deployment import fraction
from turnwise.serving.http.bundles import Served
from turnwise.serving.http.noted import Noted, logged

BATCH = 500  # records that are written together
SECONDS = 1.0  # after which fewer are
MOST = 100_000  # records that wait at most
DECISIONS = MOST * 9 // 10  # of them decisions: there is room left for what is never sampled
CHARACTERS = 50_000_000  # of conversations that wait for being redacted; beyond, without text
SESSIONS = 100_000  # whose exposure is remembered, so that it is handed over once
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between attempts, twice as long each time
LAST_PAUSE = 0.1  # the same while the server stops
STOP_SECONDS = 10.0

Watch = Callable[[str, str, Callable[[], float]], None]

_Ready = LoggedDecision | Exposure | Feedback

_log = logging.getLogger("turnwise.serving")


class Recorder:
    """Hands to the log what is done. Threads may share it.

    Args:
        log: where to; None: nothing is recorded.
        share: of the conversations whose decisions are logged, 0 to 1; all decisions of one are,
            or none. Exposures and feedback always are.
        text: whether what the customer said is logged, redacted and cut to 2,000 characters.
        watch: is told the name of each counter, what it says, and how to read it.

    Attributes:
        written, lost: records; failures: attempts to write that failed.
    """

    def __init__(
        self,
        log: DecisionLog | None,
        share: float = 1.0,
        text: bool = False,
        watch: Watch = lambda *_: None,
    ) -> None:
        self._to, self._share = log, share
        self._redactor = Redactor() if text else None
        self.written = self.lost = self.failures = 0
        # Appended to without a lock, which would be waited for; the thread alone takes out.
        self._new: deque[Noted | Exposure | Feedback] = deque()
        self._ready: deque[_Ready] = deque()
        self._sessions: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._chance = Random(0)
        self._characters = 0  # of the conversations in `_new`
        self._lock, self._wake = Lock(), Event()
        self._closing, self._given_up = Event(), Event()
        self._thread = Thread(target=self._work, name="recorder", daemon=True)
        if log is not None:
            _watch(self, watch)
            self._thread.start()

    @property
    def on(self) -> bool:
        """Whether anything is recorded."""
        return self._to is not None

    def waiting(self) -> int:
        """Records that are not written yet."""
        return 0 if self._given_up.is_set() else len(self._new) + len(self._ready)

    def served(
        self,
        made: Decision | Prediction,
        conversation: Conversation,
        owner: str,
        served: Served,
        milliseconds: float = 0.0,
    ) -> None:
        """Record a decision, and that its session was exposed to an experiment.

        Args:
            owner: name of the key; served: by whom the conversation is served, or shadowed.
            milliseconds: that a prediction took; a decision knows.
        """
        if self._to is None:
            return
        if served.experiment:
            self.exposed(conversation.id, served)
        if self._share > 0:
            kept = conversation if self._keeps(conversation) else None
            case = Noted(time.time(), made, kept, owner, served, milliseconds)
            if not self._take(case, DECISIONS):
                self._let_go(case)

    def exposed(self, conversation: str, served: Served) -> None:
        """Record that a session was served by an arm; again, or without an id, it is passed over.

        Args:
            conversation: its id; shadows expose nobody.
        """
        session = served.experiment, conversation
        if self._to is None or not conversation or served.arm == "shadow":
            return
        with self._lock:
            if session in self._sessions:
                self._sessions.move_to_end(session)
                return
        bundle, logged = served.policy.bundle.id, self._samples(conversation)
        one = Exposure(time.time(), *session, bundle, served.arm, logged)
        if self._take(one, MOST):
            with self._lock:
                self._sessions[session] = None
                if len(self._sessions) > SESSIONS:
                    self._sessions.popitem(last=False)

    def feedback(self, said: Feedback) -> bool:
        """Record what is known of a session; False where there is no room, or nothing is logged."""
        return self._to is not None and self._take(said, MOST)

    def close(self, seconds: float = STOP_SECONDS) -> None:
        """Write what is left, for so long at most; what comes later is lost."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        left = self.waiting()
        self._given_up.set()
        if left:
            _log.error("%d records could not be written to the log in time", left)
            self._count_lost(left)

    def _keeps(self, conversation: Conversation) -> bool:
        """Whether the text of a conversation is logged, and there is room to keep it till then."""
        if self._redactor is None or self._characters > CHARACTERS:
            return False
        with self._lock:
            self._characters += _length(conversation)
        return True

    def _let_go(self, record: Noted | Exposure | Feedback) -> None:
        if isinstance(record, Noted) and record.conversation is not None:
            with self._lock:
                self._characters -= _length(record.conversation)

    def _take(self, record: Noted | Exposure | Feedback, room: int) -> bool:
        if len(self._new) + len(self._ready) >= room or self._closing.is_set():
            if not isinstance(record, Feedback):  # whose caller is told, and sends it again
                self._count_lost(1)
            return False
        self._new.append(record)
        if len(self._new) >= BATCH and not self._wake.is_set():
            self._wake.set()
        return True

    def _count_lost(self, number: int) -> None:
        with self._lock:
            self.lost += number

    def _samples(self, conversation: str) -> bool:
        """Whether the decisions of a conversation are logged; without an id, of this one turn."""
        if self._share >= 1:
            return True
        place = fraction("", "log", conversation) if conversation else self._chance.random()
        return place < self._share

    # In the thread

    def _work(self) -> None:
        failed = 0  # times in a row
        while not self._given_up.is_set() and not (self._closing.is_set() and not self.waiting()):
            self._rest(failed)
            self._wake.clear()
            self._make_ready()
            failed = 0 if self._write_ready() else failed + 1

    def _rest(self, failed: int) -> None:
        if self._closing.is_set():
            self._given_up.wait(LAST_PAUSE if failed else 0)
        elif failed:
            self._closing.wait(min(FIRST_PAUSE * 2 ** min(failed - 1, 30), LONGEST_PAUSE))
        else:
            self._wake.wait(SECONDS)

    def _make_ready(self) -> None:
        """Sample and redact what is new."""
        for _ in range(len(self._new)):
            one = self._new[0]  # taken out last: it counts as waiting until then
            try:
                if not isinstance(one, Noted):
                    self._ready.append(one)
                elif self._samples(one.made.conversation_id):
                    self._ready.append(logged(one, self._redactor))
            except Exception as error:  # a fault in one must not cost the others
                self._lose(1, error)
            self._let_go(self._new.popleft())

    def _write_ready(self) -> bool:
        """Write batches until nothing is left; False: it failed, to be tried again."""
        assert self._to is not None
        while self._ready and not self._given_up.is_set():
            some = [self._ready[place] for place in range(min(BATCH, len(self._ready)))]
            try:
                self._to.put(_batch(some))
            except TurnwiseError as error:
                self.failures += 1
                _log.warning("what was decided can't be logged, and is kept meanwhile: %s", error)
                return False
            except Exception as error:  # it would fail for ever
                self.failures += 1
                self._lose(len(some), error)
            else:
                self.written += len(some)
            for _ in some:
                self._ready.popleft()
        return True

    def _lose(self, number: int, error: Exception) -> None:
        # Without its message, which may quote a customer.
        _log.error("%d records can't be logged, by a fault: %s", number, type(error).__name__)
        self._count_lost(number)


def _length(conversation: Conversation) -> int:
    return sum(len(one.text) for one in conversation.turns)


def _watch(recorder: Recorder, watch: Watch) -> None:
    watch("turnwise_log_waiting", "Records that wait to be logged.", recorder.waiting)
    watch("turnwise_log_written", "Records that were logged.", lambda: recorder.written)
    watch("turnwise_log_lost", "Records that were not logged.", lambda: recorder.lost)
    watch("turnwise_log_failures", "Failed attempts to log.", lambda: recorder.failures)


def _batch(some: list[_Ready]) -> LogBatch:
    return LogBatch(
        [one for one in some if isinstance(one, LoggedDecision)],
        [one for one in some if isinstance(one, Exposure)],
        [one for one in some if isinstance(one, Feedback)],
    )
