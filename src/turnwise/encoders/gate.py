"""Whether an encoder's int8 form may stand for its fp32 form: the same texts through both.

There are no labels at this point, so the gate asks for what every use of vectors rests on: that
each text keeps its place (cosine to fp32) and its nearest neighbour. The texts are our own, a
few dozen lines as customers write them; half of them set the ranges of the int8 form, the other
half, alone and joined to longer texts, judge it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from turnwise.encoders.encoder import Vectors

# An int8 form that fails these is dropped. The classifier has a gate of its own, on labels.
LOWEST_MEAN_COSINE = 0.995
LOWEST_COSINE = 0.98
LOWEST_AGREEMENT = 0.95


@dataclass(frozen=True, slots=True)
class GateFigures:
    """How near two forms of an encoder are, over the texts of the gate.

    Attributes:
        texts: how many texts were compared.
        cosine_mean, cosine_min: between the two vectors of a text; 1 is the same.
        neighbours_agree: share of texts whose nearest neighbour among the others is the same,
            or as near in fp32 to a hundredth of a cosine.
    """

    texts: int
    cosine_mean: float
    cosine_min: float
    neighbours_agree: float

    @property
    def passed(self) -> bool:
        return (
            self.cosine_mean >= LOWEST_MEAN_COSINE
            and self.cosine_min >= LOWEST_COSINE
            and self.neighbours_agree >= LOWEST_AGREEMENT
        )


def compare(reference: Vectors, other: Vectors) -> GateFigures:
    """Compare two forms of the same texts' vectors, Float32[n_texts, size], two texts or more."""
    cosines = (reference * other).sum(axis=1)
    near = reference @ reference.T
    there = other @ other.T
    np.fill_diagonal(near, -np.inf)
    np.fill_diagonal(there, -np.inf)
    chosen = near[np.arange(len(near)), there.argmax(axis=1)]
    agree = near.max(axis=1) - chosen <= 0.01
    return GateFigures(
        texts=len(cosines),
        cosine_mean=round(float(cosines.mean()), 5),
        cosine_min=round(float(cosines.min()), 5),
        neighbours_agree=round(float(agree.mean()), 4),
    )


def ranging_texts() -> Sequence[str]:
    """Return the texts that set the ranges of an int8 form."""
    return LINES[::2]


def judging_texts() -> Sequence[str]:
    """Return the texts that judge it: none of them set the ranges."""
    held = LINES[1::2]
    joined = [", ".join(held[start : start + 4]) for start in range(0, len(held) - 3, 2)]
    return [*held, *joined]


LINES = (
    "hi",
    "hello there, is anyone around?",
    "I'd like to change the delivery address of my order",
    "my parcel was meant to come on Monday and it still isn't here",
    "how long does shipping to Ireland take?",
    "the tracking page says delivered but nothing arrived",
    "can you send it to a pickup point instead",
    "one of the two boxes is missing",
    "the lamp arrived broken, the glass is in pieces",
    "You sent me the wrong colour, I ordered green and got blue.",
    "i want my money back",
    "when will I see the refund on my card?",
    "I returned the shoes two weeks ago and nobody has confirmed it",
    "do I have to pay for the return label",
    "Please cancel the second item only",
    "too late to cancel?",
    "I was charged twice for the same thing",
    "what is this 4.99 on my statement",
    "my card keeps being declined although there is enough money on it",
    "Can I pay by invoice as a company?",
    "the voucher code doesn't work at checkout",
    "is there a discount for students",
    "I need a receipt with the tax number on it",
    "please take my old credit card off the account",
    "I can't log in anymore",
    "the reset mail never shows up, not even in spam",
    "someone else is using my account, I'm locked out and the email was changed!!",
    "how do I delete my account and all of my data",
    "I'd like to book a table for four tomorrow at seven",
    "Could we move the appointment to Thursday afternoon?",
    "which dentist near the station is open on Saturdays",
    "find me a flight from Lisbon to Oslo on the ninth, economy, one bag",
    "I have to change the name on the ticket, it was misspelled",
    "my connection was cancelled and the next one is full, what now?",
    "is breakfast part of the price",
    "we'd need a cot in the room and a late checkout please",
    "Internet has been down since this morning in the whole street.",
    "the speed is a tenth of what I pay for",
    "how do I turn off roaming",
    "I want to keep my number when I switch to you",
    "the app crashes as soon as I open the camera",
    "error 503 whenever I upload a file larger than ten megabytes",
    "Does the premium plan include phone support?",
    "I want to downgrade to the free plan at the end of the month",
    "what's my balance",
    "transfer two hundred to my savings account",
    "I lost my wallet, block all cards now",
    "why was the transfer to my landlord rejected",
    "I had a small accident with the car and want to report it",
    "does the policy cover water damage in the cellar",
    "how much would it be with a lower deductible?",
    "my prescription ran out and the doctor is on holiday",
    "are the results of the blood test in",
    "the washing machine makes a terrible noise when it spins",
    "it's still under warranty, bought last October",
    "can a technician come before noon",
    "the heating element is dead, error E7 on the display",
    "which filter fits the older model?",
    "Is the blue jacket available in large?",
    "what is the difference between the two keyboards you sell",
    "does it fit a 15 inch laptop",
    "when is it back in stock",
    "play something quiet",
    "set an alarm for half past six",
    "what's the weather like in Turin on Sunday",
    "any good films on near me tonight, nothing scary",
    "Two tickets for the early show, please, aisle seats if possible",
    "we are six people now, not five",
    "yes",
    "no, the other one",
    "that works for me",
    "sure, go ahead",
    "the first option",
    "no thanks, that's all",
    "ok thank you so much, you've been very helpful",
    "bye",
    "I don't understand what you mean",
    "that isn't what I asked",
    "this is the third time I'm explaining this",
    "Let me talk to a real person",
    "your service is a joke and I'm going to tell everyone about it",
    "I've been on hold for forty minutes",
    "who do I write to if I want to complain formally?",
    "sorry, typed that in the wrong window",
    "it's 48213, I think",
    "My name is on the booking but the mail goes to my wife's address, can you change that so "
    "both of us get the confirmation?",
    "the order is the one from last Friday, I think it was around sixty euros, a kettle and a "
    "set of cups, and I'd like to know whether it has left your warehouse yet",
    "do you have jobs",
    "what are your opening hours over the holidays",
    "is there parking for bicycles",
    "can I collect it myself",
    "add a bag of ice to the order",
    "no onions on the burger please, and make the fries large",
    "the pizza came cold and an hour late",
    "the driver took a wrong turn and I was charged for the detour",
    "I left my umbrella in the taxi",
)
