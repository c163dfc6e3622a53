"""How each result looks on a terminal; with --json, the result itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from turnwise.bundle import Prediction
    from turnwise.conversations import Conversation
    from turnwise.pipeline import Announce, RunResult
    from turnwise.statistics import LogStatistics
    from turnwise.steps import EvaluateResult, ImportResult, LabelResult, TrainResult
    from turnwise.workspace import Forgotten

WIDTH = 96  # characters of a customer turn that are shown


def made(folder: Path, json: bool) -> None:
    if json:
        print_json({"workspace": folder})
        return
    print(f"Made {folder}: its settings are in {folder / 'turnwise.yaml'}")
    print(f"Next: turnwise run FILE... -w {folder}")


def imported(result: ImportResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(
        f"Imported {result.added:,} conversations ({result.turns:,} turns); "
        f"{result.same:,} were there already; {result.rejected:,} rejected"
    )
    if result.redacted:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in result.redacted.most_common())
        print(f"Redacted: {kinds}")
    for error in result.errors:
        print(f"  {error}")
    if result.rejected > len(result.errors):
        print(f"  ... and {result.rejected - len(result.errors):,} more")
    if result.rejected_file:
        print(f"Bad records: {result.rejected_file}")


def statistics(found: LogStatistics, json: bool) -> None:
    if json:
        print_json(found)
        return
    print(
        f"{found.conversations:,} conversations, {found.turns:,} turns, "
        f"{found.customer_turns:,} by customers ({found.distinct_customer_texts:,} distinct)"
    )
    if found.months:
        first, last = min(found.months), max(found.months)
        print(f"From {first} to {last}; locales: {', '.join(found.locales)}")
    rows = [
        (
            name,
            f"{sum(one.counts.values()):,}",
            str(len(one.counts)),
            percent(one.changes / max(1, one.followed)),
            ", ".join(f"{label} {count:,}" for label, count in list(one.counts.items())[:3]),
        )
        for name, one in found.labels.items()
    ]
    if rows:
        head = ("gold", "labelled turns", "labels", "change from turn to turn", "most frequent")
        print_table("", head, rows)


def labelled(result: LabelResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(
        f"Labelled {result.labelled:,} conversations, {result.kept:,} were labelled already "
        f"(annotator: {result.source.kind} {result.source.name})"
    )
    rows = [
        (
            name,
            f"{count:,}",
            f"{result.abstained[name]:,}",
            *(
                (percent(score.accuracy), percent(score.surest_half))
                if (score := result.scores.get(name))
                else ("", "")
            ),
        )
        for name, count in result.annotations.items()
    ]
    head = ("dimension", "labelled", "abstained", "right, where gold tells", "on the surest half")
    print_table("", head, rows)
    if result.example is not None:
        print(f"Why, for example: {result.example.rationale}")


def trained(result: TrainResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    if not result.fresh:
        print(f"Nothing changed since bundle {result.id}: {result.bundle}")
        return
    print(
        f"Trained on {result.gold_turns:,} turns labelled by people and "
        f"{result.pseudo_turns:,} pseudo-labelled ones in {result.seconds:.0f} s; calibrated on "
        f"{result.calibration_turns:,} held apart"
    )
    print(
        f"Packed {result.id} ({result.precision}; agrees with the float model on "
        f"{percent(result.agreement)} of labels): {result.bundle}"
    )


def evaluated(result: EvaluateResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(f"Tested on {result.turns:,} turns of {result.conversations:,} held-back conversations")
    head = ("dimension", *(f"{name}" for name in result.models))
    rows = [
        (name, *(f"{percent(score.accuracy)}  F1 {percent(score.macro_f1)}" for score in scores))
        for name, scores in result.scores.items()
    ]
    print_table("Accuracy and macro F1", head, rows)
    print(f"Report: {result.report}")


def prediction(conversation: Conversation, found: Prediction, json: bool) -> None:
    action = found.action
    if json:
        print_json(
            {
                "conversation_id": found.conversation_id,
                "turn": found.turn,
                "dimensions": {
                    name: {
                        "label": scores[0][0],
                        "confidence": scores[0][1],
                        "runners_up": [
                            {"label": label, "confidence": confidence}
                            for label, confidence in scores[1:]
                        ],
                    }
                    for name, scores in found.scores.items()
                },
                "action": None if action is None else {"name": action.name, "to": action.target},
            }
        )
        return
    text = conversation.turns[found.turn].text.replace("\n", " / ")
    print(f"\ncustomer: {text if len(text) <= WIDTH else text[: WIDTH - 3] + '...'}")
    rows = [
        (
            name,
            scores[0][0],
            percent(scores[0][1]),
            ", ".join(f"{label} {percent(confidence)}" for label, confidence in scores[1:]),
        )
        for name, scores in found.scores.items()
    ]
    print_table("", ("dimension", "label", "confidence", "runners-up"), rows)
    if action is not None:
        print(f"Route to {action.target} (rule {action.name})")


def forgotten(result: Forgotten, json: bool) -> None:
    if json:
        print_json(result)
        return
    print(
        f"Forgot {result.conversations:,} conversations: {result.turns:,} turns, "
        f"{result.annotations:,} annotations, {result.vectors:,} vectors, {result.files:,} files"
    )
    if result.bundles:
        print(f"Trained on them, to be retrained: {', '.join(result.bundles)}")


def announce(json: bool) -> Announce:
    """Print each step's result as it ends; nothing with --json, which prints all at the end."""
    printers = {
        "import": imported,
        "stats": statistics,
        "label": labelled,
        "train": trained,
        "evaluate": evaluated,
    }

    def say(name: str, result: object) -> None:
        if not json:
            print(f"\n== {name}")
            printers[name](result, False)  # type: ignore[operator]

    return say


def finished(result: RunResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    if result.predictions:
        print("\n== predict")
    for conversation, found in result.predictions:
        prediction(conversation, found, json)
    print(f"\nBundle: {result.trained.bundle}")
    print(f"Report: {result.evaluated.report.resolve()} (open it in a browser)")
