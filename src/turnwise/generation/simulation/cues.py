"""What English customers and agents say when they make a move that is about no wish of its own.

All of this reads and writes English. Where logs are in another language the cues find nothing, and
what is written here should not be said: play with a language model there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from turnwise.encoders.encoder import Encoder
from turnwise.generation.simulation.moves import Move

# Said where the logs hold nothing of the kind that fits, and what logs are compared with.
PHRASES: Mapping[Move, tuple[str, ...]] = {
    "chit-chat": (
        "ok thanks, you're quick!",
        "haha fair enough",
        "glad somebody is awake at this hour",
        "phew, what a day",
        "thanks, that's good to know",
        "ok cool, one thing less on my list",
    ),
    "frustration": (
        "this is getting really annoying",
        "come on, that didn't help at all",
        "i've been at this for ages now",
        "seriously? i already told you that",
        "this is a waste of my time",
        "why is this so complicated, it should just work",
    ),
    "follow-up": (
        "ok, and what do i have to do next?",
        "and how long does that take?",
        "ok, will i get a confirmation for that?",
        "is there anything i should look out for?",
        "alright, is there anything else you need from me?",
    ),
    "clarification": (
        "sorry, what do you mean by that?",
        "not sure i follow, can you explain?",
        "hm i don't quite get that",
        "can you say that again in plain words?",
        "what does that mean for me?",
    ),
    "ask for an agent": (
        "can i talk to a real person please",
        "just get me an agent",
        "i want to speak to somebody",
        "put me through to a human please",
    ),
    "end": (
        "i'm all set",
        "that's all, thanks",
        "great, nothing else, bye",
        "ok that solved it, thank you",
        "perfect, thanks for the help",
    ),
}
STILL = (
    "it's just what i asked at first, nothing more",
    "it's still the same thing, i don't know how else to put it",
    "i mean what i wrote before, that's all of it",
    "i don't know what else to tell you, i only want that sorted",
)
YES = ("yes", "yes please", "yeah that's right", "i think so, yes", "no, not really")
UNSURE = (
    "not sure to be honest",
    "i'd have to look that up",
    "hm, i don't have that at hand right now",
    "no idea, does it matter?",
)
AGAIN = ("like i said: ", "as i said, ", "so again: ", "once more: ", "what i wrote before: ")
SWITCHES = ("also ", "another thing: ", "oh and ", "actually, something else: ", "btw ", "", "")

# What an agent says where the logs hold no answer that fits.
REGRET = "I'm sorry about the trouble."
OTHER_WORDS = "Let me put it another way."
LOST = "Sorry, I did not quite get that. Could you say it in other words?"
HANDING_OVER = "Of course, I'm putting you through to a colleague now."
CASUAL = ("Happy to help! What else can I do for you?", "Glad to hear it. Anything else?")
NEUTRAL = (
    "Thanks, I'm looking into this. Could you tell me a little more about it?",
    "I understand. Since when has it been like this?",
    "Thank you. I've noted that down and will check it with my team.",
)
# To the follow-ups above, in their order.
REPLIES: Mapping[str, str] = dict(
    zip(
        PHRASES["follow-up"],
        (
            "Nothing for now. We'll write to you if anything is missing.",
            "It can take a day or two. You'll hear from us as soon as it is done.",
            "Yes, you'll get a confirmation by e-mail.",
            "Nothing in particular. Just write to us again if anything is unclear.",
            "No, that's all I need, thank you.",
        ),
        strict=True,
    )
)

_PATTERNS: Sequence[tuple[Move, str]] = (
    (
        "ask for an agent",
        r"\b(?:talk|speak|chat|connect|transfer|put|pass|get|give|need|want)\b[^.?!]{0,30}"
        r"\b(?:human|person|agent|someone|somebody|representative|rep|supervisor|manager"
        r"|operator|adviser|advisor|staff)\b",
    ),
    (
        "end",
        r"\b(?:all set|nothing else|bye|goodbye|no more questions|have a (?:nice|good|great) \w+"
        r"|no(?:pe|ne)?,? (?:thanks|thank you)\W*$"
        r"|that(?:'?s|'?ll be| is| was| will be) (?:all|it|everything)"
        r"(?: (?:thanks|thank you|for (?:now|today)|i need(?:ed)?|from me)\b|[\s,.!]*$|[,.!]))",
    ),
    (
        "frustration",
        r"\b(?:ridiculous|unacceptable|annoy(?:ed|ing)|frustrat\w*|fed up|useless|waste of"
        r"|seriously|rubbish|terrible|awful|what a joke|angry|upset|disappoint\w*|pathetic"
        r"|third time|how many times|already (?:told|said|gave)|sick of|not helpful"
        r"|didn'?t help|getting nowhere|in circles)\b",
    ),
    (
        "clarification",
        r"\b(?:what (?:do|does|did) (?:you|that|it|this) mean|do you mean|you mean"
        r"|not sure what|what(?:'s| is) (?:a|an|that|the)\b|which (?:one|of)|can you explain"
        r"|don'?t understand|don'?t get it|confus\w+|where (?:do|can|is|would)|what exactly"
        r"|how exactly|sorry\?)",
    ),
    (
        "chit-chat",
        r"^(?:(?:lol|ha(?:ha)+|thanks?|thank you|thx|ty|cheers|cool|nice|great|awesome|perfect"
        r"|wow|ok(?:ay)?|good (?:morning|evening|afternoon)|hi|hello|hey|how are you|phew)\b"
        r"[\s,.!:)🙏😊😂]*(?:so much|a lot|there|you|again|mate|man)?[\s,.!:)🙏😊😂]*)+$",
    ),
)
_CUES = tuple((move, re.compile(pattern, re.I)) for move, pattern in _PATTERNS)
_QUESTION = re.compile(r"[?？؟]\W*$")
_CLOSED = re.compile(
    r"(?:^|[.!,;:?]\s*)(?:and |or |so |but )?(?:is|are|do|does|did|would|can|could|will|have|has"
    r"|had|shall|should|was|were|may)\b(?![^.?!]*\bor\b)[^.?!]*\?\W*$",
    re.I,
)
_MORE = re.compile(
    r"\b(?:any ?thing (?:else|more)|something else|else can i|else i can|further (?:help|assist)"
    r"|help you with|assist you (?:with|further))",
    re.I,
)
_UNHELPFUL = re.compile(
    r"\b(?:unfortunately|can'?t|cannot|unable|not able|couldn'?t|could not|no way to|not possible"
    r"|didn'?t (?:quite )?(?:get|understand|catch)|did not (?:quite )?(?:get|understand|catch)"
    r"|rephrase|other words|don'?t have|not available|isn'?t available|not eligible)\b",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_REFERENCE = re.compile(r"(?<![\w.,:/$€£-])#?(?=[A-Z0-9-]*\d)[A-Z]{0,4}-?\d[\dA-Z-]{4,}\b")
_GREETING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|evening|afternoon))\b(?: there)?[\s,.!]+", re.I
)
_NAME = re.compile(r"\d|(?<=[a-z,] )(?!I\b|OK\b)[A-Z]\w*|[@#\[\]{}<>]")
_LONGEST = {"end": 12, "chit-chat": 8, "ask for an agent": 20, "clarification": 25}  # words
# Chosen by reading the short turns of the sample and of SGD (CC BY-SA 4.0) that are nearest to a
# phrase by all-MiniLM-L6-v2: below this, more and more make another move than the phrase's.
NEAR = 0.5
_COMPARED: Sequence[Move] = ("chit-chat", "frustration", "ask for an agent", "end", "clarification")
_ASKED = frozenset[Move](("ask for an agent", "clarification"))  # what may be put as a question
SHORT = 12  # words of a turn that is compared with phrases


def kind_of(text: str) -> Move:
    """The move that a turn after an answer makes, by its words; a follow-up if they tell none."""
    length = len(text.split())
    for move, cue in _CUES:
        if length <= _LONGEST.get(move, 40) and cue.search(text):
            return move
    return "follow-up"


def kinds_near(texts: Sequence[str], encoder: Encoder) -> list[Move]:
    """The moves that short turns make, by the nearest phrase; follow-ups where none is near."""
    phrases = [(move, text) for move in _COMPARED for text in PHRASES[move]]
    likeness = encoder.encode(texts) @ encoder.encode([text for _, text in phrases]).T
    nearest = [(phrases[place][0], row[place]) for row in likeness for place in (row.argmax(),)]
    return [
        "follow-up" if score < NEAR or (move not in _ASKED and _QUESTION.search(text)) else move
        for text, (move, score) in zip(texts, nearest, strict=True)
    ]


@lru_cache(4096)
def asks(text: str) -> bool:
    """Whether an agent waits for an answer, other than whether there is anything else."""
    return bool(_QUESTION.search(text)) and not _MORE.search(text)


def asks_yes_or_no(text: str) -> bool:
    """Whether a turn ends in a question that yes and no are answers to."""
    return bool(_CLOSED.search(text))


@lru_cache(4096)
def helps(text: str) -> bool:
    """Whether an agent's turn leads any further."""
    return not _UNHELPFUL.search(text)


def has_reference(text: str) -> bool:
    """Whether a turn gives a number by which the matter is found again."""
    return bool(_REFERENCE.search(text))


def is_anyones(text: str) -> bool:
    """Whether a turn names nobody and nothing by a name or number of its own."""
    return not _NAME.search(text)


def sentences(text: str) -> list[str]:
    """The sentences of a turn that has several."""
    found = _SENTENCE.split(text.strip())
    return found if len(found) > 1 else []


def without_greeting(text: str) -> str:
    """A turn without the greeting that it opens with; one that is no more than that stays."""
    rest = _GREETING.sub("", text)
    return rest or text
