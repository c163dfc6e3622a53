"""A shop with a small vocabulary: what encoders of two layers learn in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from training_samples import every, gold

from turnwise.conversations import ContextWindow, Conversation, Turn
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.training import EncoderTuning, Finetuned, TrainingConfig, finetune

# Label -> the word that tells it; on two levels, Land and Water first.
PRODUCTS = {"Bike": "wheels", "Cart": "axle", "Boat": "keel", "Sail": "mast"}
GROUPS = {"Bike": "Land", "Cart": "Land", "Boat": "Water", "Sail": "Water"}
WISHES = {"REPAIR": "broken", "PRICE": "cost", "WAIT": "ready"}
FILLERS = ("please", "now", "hello", "my", "the", "about", "it", "is", "and")
ANSWERS = {"REPAIR": "bring it to us", "PRICE": "fifty coins", "WAIT": "on monday"}
WORDS = (
    *PRODUCTS.values(),
    *WISHES.values(),
    *FILLERS,
    *(word for answer in ANSWERS.values() for word in answer.split()),
    "customer",
    "agent",
    ":",
    ",",
)

SHORT = EncoderTuning(epochs=1, learning_rate=1e-3, batch=16, precision="fp32")


def taxonomy() -> Taxonomy:
    products = tuple(Label(name, (GROUPS[name], name)) for name in PRODUCTS)
    wishes = tuple(Label(name, (name,)) for name in WISHES)
    return Taxonomy("small shop", (Dimension("product", products), Dimension("wish", wishes)))


def conversations(count: int, prefix: str = "c", turns: int = 2) -> list[Conversation]:
    """The product is named in the first turn only, the wish in each."""
    return [_conversation(f"{prefix}{at}", Random(f"{prefix}{at}"), turns) for at in range(count)]


def _conversation(name: str, draw: Random, length: int) -> Conversation:
    product = draw.choice(list(PRODUCTS))
    turns: list[Turn] = []
    for position in range(length):
        wish = draw.choice(list(WISHES))
        words = [*draw.sample(FILLERS, 2), WISHES[wish]]
        words += [PRODUCTS[product]] if position == 0 else []
        draw.shuffle(words)
        gold = {"product": (product,), "wish": (wish,)}
        turns += [Turn("customer", " ".join(words), gold), Turn("agent", ANSWERS[wish])]
    return Conversation(name, tuple(turns))


def tuned(
    context: ContextWindow | None = None, tuning: EncoderTuning | None = None, **settings: object
) -> TrainingConfig:
    """Settings of a short training."""
    window = context or ContextWindow("both", max_turns=2)
    config = TrainingConfig(context=window, hidden=16, epochs=3, tune=tuning or SHORT)
    return replace(config, **settings)  # type: ignore[arg-type]


def tune(
    encoder: str,
    folder: Path,
    config: TrainingConfig,
    talks: int = 40,
    *,
    calibration: Sequence[Conversation] | None = None,
    labels: Taxonomy | None = None,
    **rest: object,
) -> Finetuned:
    """Train an encoder on some of the shop's conversations, calibrated on others."""
    labelled, held = gold(conversations(talks)), every(GOLD if calibration is None else calibration)
    found = labels or taxonomy()
    return finetune(labelled, held, found, encoder, config, folder=folder, **rest)  # type: ignore[arg-type]


GOLD = conversations(30, "g")  # to calibrate on: 60 turns
