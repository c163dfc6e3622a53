"""Labelled talks of a lending library: what emission is tried on."""

from __future__ import annotations

from collections.abc import Sequence

from turnwise.conversations import Conversation, Turn
from turnwise.generated import LabelledConversation, State
from turnwise.taxonomy import Dimension, Label, Taxonomy

NAMES = ("FIND", "RENEW", "PAY")
TAXONOMY = Taxonomy(
    "library",
    (
        Dimension("area", (Label("Loans", ("Loans",)), Label("Fees", ("Fees",)))),
        Dimension(
            "intent",
            (
                *(Label(name, (name,)) for name in NAMES),
                Label("JOIN", ("JOIN",), examples=("how do I get a library card",)),
                Label("MOVE", ("MOVE",)),
            ),
        ),
    ),
)
FIND, RENEW, PAY = ("Loans", "FIND"), ("Loans", "RENEW"), ("Fees", "PAY")
JOIN, MOVE = ("Loans", "JOIN"), ("Loans", "MOVE")

Said = tuple[str, State, str]  # what the customer says, what it means, what is answered

TITLES = ("Moby Dick", "Emma", "Dracula", "Walden", "Ulysses", "Middlemarch", "Candide", "Faust")


def talk(name: str, *said: Said, market: str = "") -> LabelledConversation:
    """A talk of these turns; an empty answer leaves the agent out."""
    turns: list[Turn] = []
    labels = {}
    for text, state, answer in said:
        labels[len(turns)] = dict(zip(TAXONOMY.dimension_names, state, strict=True))
        turns.append(Turn("customer", text))
        if answer:
            turns.append(Turn("agent", answer))
    return LabelledConversation(Conversation(name, tuple(turns), market=market), labels)


def talks(count: int = 32) -> list[LabelledConversation]:
    """Talks that look for a book, renew one and pay a fee, in one order or another."""
    return [_talk(number) for number in range(count)]


def _talk(number: int) -> LabelledConversation:
    title, day = TITLES[number % len(TITLES)], 3 + number
    look: list[Said] = [
        (f"I am looking for {title}.", FIND, "Shall I reserve it for you?"),
        (("Yes, please.", "yes please", "Yes.")[number % 3], FIND, "It is yours until Friday."),
    ]
    renew: list[Said] = [
        (f"I want to renew the book {title} until the {day}th.", RENEW, f"For {day} days?"),
        (("That's right.", "yes exactly")[number % 2], RENEW, "It is renewed."),
    ]
    pay: list[Said] = [
        (f"Thanks. I also want to pay my fee of {day} euros.", PAY, "By card?"),
        (("Yes.", "By card, yes.")[number % 2], PAY, "It is paid."),
    ]
    parts = ((look, pay), (renew, pay), (look, renew), (pay,))[number % 4]
    return talk(f"t{number}", *(said for part in parts for said in part))


def texts_of(one: LabelledConversation) -> Sequence[str]:
    """What the customer says."""
    return [turn.text for turn in one.conversation.turns if turn.role == "customer"]
