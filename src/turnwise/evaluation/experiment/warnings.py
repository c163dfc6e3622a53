"""What a reader of an experiment has to know before its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil

from turnwise.evaluation.experiment.figures import ArmReport, ExperimentReport, Warned
from turnwise.evaluation.experiment.metrics import FEEDBACK

UNLIKE = 0.01  # p of a difference in feedback, below which it is told


def p_text(p: float | None) -> str:
    """As it is printed: .012, <.001; a dash for none."""
    if p is None:
        return "–"
    return "<.001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 0.9995 else "1"


def find_warnings(report: ExperimentReport) -> tuple[Warned, ...]:
    """All there is to say, the gravest first."""
    if not any(one.exposed for one in report.arms):
        return (Warned("no_sessions", _nothing(report)),)
    checks: tuple[Callable[[ExperimentReport], Iterator[Warned]], ...] = (
        _ratio,
        _empty,
        _early,
        _feedback,
        _feedback_differs,
        _left_out,
        _crossed,
    )
    return tuple(warned for check in checks for warned in check(report))


def _nothing(report: ExperimentReport) -> str:
    text = (
        "No session was exposed. Does a server run on this workspace, and do its callers send a "
        "conversation_id?"
    )
    if report.other_exposures:
        text += f" {report.other_exposures:,} exposures are to bundles that are no arms of it."
    return text


def _ratio(report: ExperimentReport) -> Iterator[Warned]:
    if report.mismatch:
        counts = "; ".join(
            f"{one.bundle} has {one.exposed:,} sessions where {one.expected:,.0f} were to be"
            for one in report.arms
        )
        yield Warned(
            "sample_ratio",
            f"Do not read the figures: the arms are not as large as their shares say ({counts}; "
            f"chi-square p {p_text(report.ratio_p)}). Sessions were lost or added in some arm, and "
            "what is left can't be compared. Look for an arm that fails, exposures that were not "
            "logged and callers who send a conversation_id only at times; then start anew.",
        )


def _empty(report: ExperimentReport) -> Iterator[Warned]:
    empty = [one.bundle for one in report.arms if not one.sessions]
    if empty:
        names = ", ".join(empty)
        yield Warned(
            "no_sessions", f"No session with logged decisions yet, so no figures: {names}."
        )


def _early(report: ExperimentReport) -> Iterator[Warned]:
    short = [one for one in report.arms if one.sessions < report.planned]
    if not short:
        return
    counts = ", ".join(f"{one.bundle} {one.sessions:,}" for one in short)
    have = f"of {report.planned:,} planned sessions of each arm there are: {counts}"
    if report.ended is not None:
        yield Warned(
            "early",
            f"Ended early: {have}. A difference that is there may not show; and if it was ended "
            "for what it showed, its p values are too small.",
        )
        return
    yield Warned(
        "early",
        f"Too early: {have}.{_pace(report.days_left)} A p value holds for one look at the planned "
        "size: who looks each day and stops at the first below .05 finds differences that are not "
        "there far more often than once in 20 experiments.",
    )


def _pace(days: float | None) -> str:
    if days is None:
        return ""
    return f" At the pace so far it takes about {_days(days)} more."


def _days(days: float) -> str:
    if days <= 1:
        hours = max(1, ceil(days * 24))
        return f"{hours} hour{'s' * (hours > 1)}"
    return f"{ceil(days):,} days"


def _feedback(report: ExperimentReport) -> Iterator[Warned]:
    if report.outcome_known:
        return
    if any(_share(one) for one in report.arms):
        yield Warned(
            "no_feedback",
            "No feedback says whether a session was finished or resolved: the resolution rate is "
            "unknown.",
        )
        return
    text = (
        "No feedback came: resolution, SCSAT and misrouting are unknown, and automation knows of "
        "no person but those whom the bot handed off to. Send it to POST /v1/feedback."
    )
    if report.other_feedback:
        text += (
            f" There is feedback of {report.other_feedback:,} other conversations: does it carry "
            "the conversation_id of the requests?"
        )
    yield Warned("no_feedback", text)


def _feedback_differs(report: ExperimentReport) -> Iterator[Warned]:
    champion, *challengers = report.arms
    for arm, compared in zip(challengers, report.comparisons, strict=True):
        p = compared.metrics[FEEDBACK.name].p
        if p is not None and p < UNLIKE:
            yield Warned(
                "feedback_differs",
                f"Feedback came for {_share(arm):.1%} of the sessions of {arm.bundle} and "
                f"{_share(champion):.1%} of {champion.bundle} (p {p_text(p)}). A session without "
                "counts as not resolved and as without a person: rates that rest on feedback "
                "differ by that alone.",
            )


def _left_out(report: ExperimentReport) -> Iterator[Warned]:
    undecided = [f"{one.bundle} {one.undecided:,}" for one in report.arms if one.undecided]
    if undecided:
        yield Warned(
            "left_out",
            "Sessions without a logged decision are left out: "
            f"{', '.join(undecided)}. Where an arm failed on them, its figures are too good.",
        )
    if report.unexposed:
        yield Warned(
            "left_out",
            f"{report.unexposed:,} conversations have decisions of this experiment, but no "
            "exposure that was logged: they are left out.",
        )
    if report.other_exposures:
        yield Warned(
            "left_out",
            f"{report.other_exposures:,} exposures are to bundles that are no arms of it: they "
            "are left out.",
        )


def _crossed(report: ExperimentReport) -> Iterator[Warned]:
    crossed = [f"{one.bundle} {one.crossed_over:,}" for one in report.arms if one.crossed_over]
    if crossed:
        yield Warned(
            "crossed",
            f"Crossed over, served by another bundle too: {', '.join(crossed)} sessions. They "
            "count in the arm that they were exposed to.",
        )


def _share(arm: ArmReport) -> float:
    estimate = arm.metrics[FEEDBACK.name].estimate
    return 0.0 if estimate is None else estimate.value
