"""How a prediction looks on a terminal, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from turnwise.cli.console import percent, print_json, print_table

if TYPE_CHECKING:
    from turnwise.bundle import Prediction
    from turnwise.conversations import Conversation

MOST_PLAUSIBLE = 6  # labels that are shown of those that can't be ruled out
WIDTH = 96  # characters of a customer turn that are shown


def prediction(conversation: Conversation, found: Prediction, json: bool) -> None:
    action = found.action
    if json:
        print_json(prediction_values(found))
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
    for name, labels in found.plausible.items():
        if len(labels) > 1:
            print(f"{name} could as well be {', '.join(labels[1:MOST_PLAUSIBLE])}")
    if found.out_of_domain:
        print("Out of domain: nothing like this was trained on")
    if action is not None:
        print(f"Route to {action.target} (rule {action.name})")


def prediction_values(found: Prediction) -> dict[str, object]:
    """A prediction as `--json` prints it."""
    action = found.action
    return {
        "conversation_id": found.conversation_id,
        "turn": found.turn,
        "dimensions": {
            name: {
                "label": scores[0][0],
                "confidence": scores[0][1],
                "runners_up": [
                    {"label": label, "confidence": confidence} for label, confidence in scores[1:]
                ],
            }
            for name, scores in found.scores.items()
        },
        "plausible": found.plausible,
        "out_of_domain": found.out_of_domain,
        "action": None if action is None else {"name": action.name, "to": action.target},
    }
