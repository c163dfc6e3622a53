"""Train, dev and test of a corpus: by conversation, and without a text of one in another.

h(id) = sha256(id) as an integer: h mod 10 = 0 is test, 1 is dev, and all others are train.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from turnwise.generated import GeneratedConversation
from turnwise.generation.emission.words import plain
from turnwise.sampling import stable_hash

Part = Literal["train", "dev", "test"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Splits:
    """Conversations by part, each in the order in which they came.

    Attributes:
        moved: conversations that their id put into dev or test, and that went to train as a
            customer turn of theirs stands there, or in the logs, word for word but for marks.
    """

    parts: dict[Part, tuple[GeneratedConversation, ...]]
    moved: int


def split_corpus(
    conversations: Sequence[GeneratedConversation], known: Iterable[str] = ()
) -> Splits:
    """Divide conversations so that no customer turn of dev or test is one of train's.

    Args:
        known: texts of customers that count as train's, such as those of the logs. Case, marks
            and white space make no difference.
    """
    places = {place: _by_id(one.id) for place, one in enumerate(conversations)}
    texts = [{_compared(turn.text) for turn in one.customer} for one in conversations]
    holders: dict[str, list[int]] = defaultdict(list)
    for place, part in places.items():
        if part != "train":
            for text in texts[place]:
                holders[text].append(place)
    waiting = [text for place, part in places.items() if part == "train" for text in texts[place]]
    waiting += map(_compared, known)
    moved = 0
    while waiting:  # what moves brings its texts along
        for place in holders.pop(waiting.pop(), ()):
            if places[place] != "train":
                places[place] = "train"
                moved += 1
                waiting += texts[place]
    parts = {
        part: tuple(one for place, one in enumerate(conversations) if places[place] == part)
        for part in PARTS
    }
    return Splits(parts, moved)


def _compared(text: str) -> str:
    return plain(text.casefold())


def _by_id(conversation_id: str) -> Part:
    match stable_hash(conversation_id) % 10:
        case 0:
            return "test"
        case 1:
            return "dev"
        case _:
            return "train"
