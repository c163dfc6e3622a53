"""How a bundle and its scores look on a terminal; with --json, they themselves."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from turnwise.bundle.manifest import Manifest, read_manifest
from turnwise.cli import show, show_prediction
from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from turnwise.pipeline import Announce, RunResult
    from turnwise.steps import EvaluateResult, TrainResult
    from turnwise.training import TrainingPlan


def trained(result: TrainResult, json: bool) -> None:
    if json:
        print_json(result)
        return
    if not result.fresh:
        print(f"Nothing changed since bundle {result.id}: {result.bundle}")
        return
    print(
        f"Trained on {_learnt_from(result)} in {result.seconds:.0f} s; calibrated on "
        f"{result.calibration_turns:,} held apart"
    )
    if result.stale:
        print(
            f"Left out {result.stale:,} labelled logs: their labels are older than the taxonomy, "
            "the seed or the settings. 'turnwise label' renews them"
        )
    print(
        f"Packed {result.id} ({result.precision}; agrees with the float model on "
        f"{percent(result.agreement)} of labels): {result.bundle}"
    )
    manifest = read_manifest(result.bundle)
    for note in manifest.training.notes:
        print(f"  {note}")
    _operating_points(manifest)


def _learnt_from(result: TrainResult) -> str:
    people, models = f"{result.gold_turns:,} turns labelled by people", result.pseudo_turns
    if not result.generated_turns:
        return f"{people} and {models:,} pseudo-labelled ones"
    judged = f" ({result.judged_answers:,} with judged answers)" if result.judged_answers else ""
    made = f"{result.generated_turns:,} generated ones{judged}"
    return f"{people}, {models:,} pseudo-labelled ones and {made}"


def _operating_points(manifest: Manifest) -> None:
    """From which confidence on a label may be taken, by the gold held apart."""
    refusal = manifest.refusal
    if refusal is None:
        return
    if refusal.operating:
        print("When to trust it, by the gold held apart:")
    for name, point in refusal.operating.items():
        doubt = "" if point.reached else f", too few to promise {point.target:.0%}"
        print(
            f"  {name}: from {point.confidence:.2f} confidence on, {percent(point.coverage)} of "
            f"the turns, {percent(point.accuracy)} right{doubt}; below it, offer "
            f"{point.candidates} candidates"
        )


def planned(plan: TrainingPlan, json: bool) -> None:
    if json:
        print_json(plan)
        return
    print(
        f"{plan.examples:,} turns, {plan.texts:,} distinct texts of {plan.tokens:,} tokens; "
        f"{plan.encoder_weights / 1e6:.1f} million weights on {plan.device} in {plan.precision}"
    )
    print(
        f"{plan.steps:,} steps of about {plan.batch} turns an epoch, {plan.epochs} epochs at most"
    )
    print(
        f"About {_duration(plan.seconds_per_epoch)} an epoch, {_duration(plan.hours * 3600)} in "
        f"all where nothing stops it sooner; {plan.memory_mb / 1e3:.1f} GB of memory, "
        f"{plan.disk_mb / 1e3:.1f} GB of disk while it runs"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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


def announce(json: bool) -> Announce:
    """Print each step's result as it ends; nothing with --json, which prints all at the end."""
    printers = {
        "import": show.imported,
        "stats": show.statistics,
        "label": show.labelled,
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
        steps = {one.name: getattr(result, one.name) for one in fields(result)}
        steps["predictions"] = [
            show_prediction.prediction_values(found) for _, found in result.predictions
        ]
        print_json(steps)
        return
    if result.predictions:
        print("\n== predict")
    for conversation, found in result.predictions:
        show_prediction.prediction(conversation, found, json)
    print(f"\nBundle: {result.trained.bundle}")
    print(f"Report: {result.evaluated.report.resolve()} (open it in a browser)")
