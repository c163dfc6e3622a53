"""A shop with a small vocabulary: what encoders of two layers learn in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from turnwise.conversations import ContextWindow, Conversation, Turn
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.training import EncoderTuning, TrainingConfig

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
    short = EncoderTuning(epochs=1, learning_rate=1e-3, batch=16, precision="fp32")
    window = context or ContextWindow("both", max_turns=2)
    config = TrainingConfig(context=window, hidden=16, epochs=3, tune=tuning or short)
    return replace(config, **settings)  # type: ignore[arg-type]


def names(found: Sequence[int], labels: Sequence[str]) -> list[str]:
    return [labels[at] for at in found]
