"""What was logged of an experiment -> its sessions; one pass over each kind of record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from turnwise.decision_log import Exposure, Feedback, LoggedDecision, LoggedTraffic
from turnwise.evaluation.experiment.sessions import Outcome, Session

_CLOCKS = 60.0  # seconds by which a decision may be dated before the exposure that it led to


@dataclass(frozen=True, slots=True)
class Gathered:
    """The sessions of an experiment, and what did not fit in.

    Attributes:
        sessions: every exposed conversation, in order of exposure.
        other_exposures: to bundles that are no arms of the experiment.
        unexposed: conversations with decisions of the experiment, but without an exposure.
        other_feedback: conversations with feedback since it began that are none of its sessions.
    """

    sessions: tuple[Session, ...]
    other_exposures: int = 0
    unexposed: int = 0
    other_feedback: int = 0


def gather_sessions(
    traffic: LoggedTraffic, experiment: str, arms: Collection[str], started: float
) -> Gathered:
    """Put exposures, feedback and decisions together; one pass over each.

    Args:
        arms: bundles of the experiment.
        started: seconds since 1970; feedback from before says nothing of it.
    """
    sessions, others = _exposed(traffic.exposures(experiment), arms)
    strangers = _hear(sessions, traffic.feedback(), started)
    first = min((one.at for one in sessions.values()), default=started)
    since = max(0.0, min(started, first) - _CLOCKS)
    unexposed = _see(sessions, traffic.decisions(since=since), experiment)
    return Gathered(tuple(sessions.values()), others, unexposed, strangers)


def _exposed(
    exposures: Iterable[Exposure], arms: Collection[str]
) -> tuple[dict[str, Session], int]:
    """Conversation -> its session, by its first exposure."""
    sessions: dict[str, Session] = {}
    others = 0
    for one in exposures:
        if one.arm == "shadow" or one.bundle not in arms:
            others += 1
        else:
            sessions.setdefault(one.conversation, Session(one.bundle, one.at, one.logged))
    return sessions, others


def _hear(sessions: Mapping[str, Session], feedback: Iterable[Feedback], started: float) -> int:
    strangers: set[str] = set()
    for said in feedback:
        session = sessions.get(said.conversation)
        if session is None:
            strangers.update([said.conversation] if said.at >= started else [])
        elif said.at >= session.at:
            session.outcome = session.outcome or Outcome()
            session.outcome.hear(said)
    return len(strangers)


def _see(
    sessions: Mapping[str, Session], decisions: Iterable[LoggedDecision], experiment: str
) -> int:
    unexposed: set[str] = set()
    for made in decisions:
        session = sessions.get(made.conversation)
        if made.arm == "shadow":
            continue
        if session is None:
            unexposed.update([made.conversation] if made.experiment == experiment else [])
            continue
        session.crossed_over |= made.at > session.at and made.bundle != session.bundle
        if made.experiment == experiment:
            session.see(made)
    return len(unexposed)
