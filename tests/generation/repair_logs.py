"""Labelled logs of a repair shop, small and alike: what generation is tried on."""

from __future__ import annotations

from turnwise.conversations import Conversation, Turn
from turnwise.generated import LabelledConversation
from turnwise.taxonomy import Action, Dimension, Label, Taxonomy

THINGS = {"Bike": ("bike", "bicycle", "racer"), "Boat": ("boat", "dinghy", "kayak")}
WISHES = {"REPAIR": "fixing something broken", "PRICE": "what something costs"}
TAXONOMY = Taxonomy(
    "shop",
    (
        Dimension(
            "product",
            tuple(Label(name, (name,), f"All about a {name.lower()}.") for name in THINGS),
        ),
        Dimension(
            "wish",
            tuple(
                Label(name, ("Service", name), f"Asks for {about}.")
                for name, about in WISHES.items()
            ),
        ),
    ),
    actions=(Action("price", {"wish": ("PRICE",)}, workflow="tell-the-price"),),
)

SAID = {
    "REPAIR": (
        ("hello, my {} {} is broken since {}", "We can look at it. What happened to it?"),
        ("the front of it fell off after {2} days", "That can be glued. Shall we do that?"),
        ("yes, glue it before {2} please", "It is glued now, your number is R-{1}{1}44120."),
    ),
    "PRICE": (
        ("how much is a new part for my {} {}, about {} coins?", "That part is {1} coins."),
        ("and with the fitting of {2} parts?", "Fitting comes to {2} coins more."),
    ),
}
ENDS = ("that's all, thanks", "perfect, nothing else", "great, bye")


def labels(product: str, wish: str) -> dict[str, str]:
    return {"product": product, "wish": wish}


def repair_logs(count: int = 24, market: str = "") -> list[LabelledConversation]:
    """Conversations in which one thing is repaired or priced, and every third has both."""
    return [_logged(number, market) for number in range(count)]


def _logged(number: int, market: str) -> LabelledConversation:
    product = ("Bike", "Boat")[number % 2]
    wishes = ("REPAIR", "PRICE") if number % 3 == 0 else (("REPAIR", "PRICE")[number // 2 % 2],)
    turns: list[Turn] = []
    labelled = {}
    thing = THINGS[product][number % 3]
    for wish in wishes:
        for said, answer in SAID[wish]:
            labelled[len(turns)] = labels(product, wish)
            for role, text in (("customer", said), ("agent", answer)):
                turns.append(Turn(role, text.format(thing, number, number + 2)))
    labelled[len(turns)] = labels(product, wishes[-1])
    turns.append(Turn("customer", ENDS[number % 3]))
    conversation = Conversation(f"log {number}", tuple(turns), locale="en", market=market)
    return LabelledConversation(conversation, labelled)
