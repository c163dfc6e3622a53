"""Evaluating where people labelled everything, so that there is no pseudo-label."""

from turnwise.conversations import Conversation, Turn
from turnwise.progress import silent
from turnwise.project import Project
from turnwise.steps import evaluate_bundle, train_bundle

SAID = {
    "cancel": ("cancel my order", "please cancel it", "I want to cancel", "stop the order"),
    "refund": ("my money back", "refund me please", "I want a refund", "pay me back"),
}


def test_a_wholly_labelled_workspace_is_scored(tmp_path):
    talks = [
        Conversation(
            f"{label}-{place}",
            (Turn("customer", f"{texts[place % 4]} number {place}", gold={"intent": (label,)}),),
        )
        for label, texts in SAID.items()
        for place in range(20)
    ]
    with Project.create(tmp_path / "work") as project:
        project.workspace.add(talks)
        train_bundle(project, silent)
        result = evaluate_bundle(project, silent)
    assert result.report.is_file()
