"""Selective concatenation: the one earlier turn that helps, put before the current one.

    example --candidates--> earlier turns --features, Selector--> one of them, or none
            --select_text--> 'role: text' lines for the encoder

Long histories bury the few turns that matter. A selector scores every earlier turn of the window
by cheap, language-neutral features, with no pass through an encoder, and takes the best one that
scores above 0, which is the score of taking none. `training.selector` fits it; serving needs
only the numbers.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import ContextWindow, Conversation, Example, Turn, context_text
from turnwise.errors import BundleError

# In the order of the columns; a selector's numbers carry these names.
FEATURES = (
    "bias",
    "nearness",  # 1 / turns between it and the current one
    "distance",  # logarithm of the same
    "previous",  # it stands right before
    "customer",  # the customer said it
    "opening",  # it is the customer's first turn of the conversation
    "opening_short",  # ... and the current turn is short
    "previous_short",
    "customer_short",
    "known",  # share of the current turn's words that it has
    "covered",  # share of its words that the current turn has
    "own",  # share of its words that no other candidate has
    "new",  # share of the current turn's words that no candidate has
    "length",  # logarithm of its words
    "short",  # 1 where the current turn has no word, near 0 where it has many
    "asks",  # it ends in a question mark
    "answers",  # it asks and stands right before
    "asked",  # the current turn ends in a question mark
    "numbers",  # it has a digit
)
QUESTION_MARKS = ("?", "？", "؟", "\u037e")  # also the Arabic and the Greek one
# Writing without spaces counts by character: kana, Han and Thai.
WORD = re.compile(
    r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
    r"|[^\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
)

Features = NDArray[np.float64]  # Float64[n_candidates, n_features]


def candidates(example: Example, window: ContextWindow) -> list[int]:
    """Return positions in the conversation of the turns to choose from, nearest first.

    The customer's turns only where the window shows no others; at most `max_turns`; none where
    it is `single`. Tokens don't matter here: a chosen turn that is too long is cut.
    """
    if window.kind == "single":
        return []
    turns = example.conversation.turns
    before = range(example.index - 1, -1, -1)
    seen = [at for at in before if window.kind == "both" or turns[at].role == "customer"]
    return seen[: window.max_turns]


def candidate_features(example: Example, places: Sequence[int]) -> Features:
    """Return Float64[n_places, n_features], columns as in `FEATURES`, all within a few units.

    Args:
        places: what `candidates` returned.
    """
    turns = example.conversation.turns
    current = frozenset(_words(example.text))
    said = [_words(turns[at].text) for at in places]
    spread = Counter(word for words in said for word in set(words))
    new = _share(current, current - spread.keys())
    opening = next(at for at, turn in enumerate(turns) if turn.role == "customer")
    rows = [
        _row(_Candidate(turns[at], example.index - at, at == opening, words), example.turn, spread)
        for at, words in zip(places, said, strict=True)
    ]
    found = np.array(rows, np.float64).reshape(len(places), len(FEATURES))
    found[:, FEATURES.index("new")] = new
    return found


@dataclass(frozen=True, slots=True)
class _Candidate:
    turn: Turn
    distance: int
    opening: bool
    words: list[str]


def _row(candidate: _Candidate, now: Turn, spread: Mapping[str, int]) -> list[float]:
    words, current = frozenset(candidate.words), _words(now.text)
    distinct = frozenset(current)
    short = 1 / (1 + len(current) / 4)
    previous = float(candidate.distance == 1)
    customer = float(candidate.turn.role == "customer")
    asks = float(_is_question(candidate.turn.text))
    values = {
        "bias": 1.0,
        "nearness": 1 / candidate.distance,
        "distance": math.log(candidate.distance) / 2,
        "previous": previous,
        "customer": customer,
        "opening": float(candidate.opening),
        "opening_short": candidate.opening * short,
        "previous_short": previous * short,
        "customer_short": customer * short,
        "known": _share(distinct, distinct & words),
        "covered": _share(words, distinct & words),
        "own": _share(words, {word for word in words if spread[word] == 1}),
        "new": 0.0,  # the same for all candidates
        "length": math.log1p(len(candidate.words)) / 3,
        "short": short,
        "asks": asks,
        "answers": asks * previous,
        "asked": float(_is_question(now.text)),
        "numbers": float(any(letter.isdigit() for letter in candidate.turn.text)),
    }
    return [values[name] for name in FEATURES]


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _share(whole: frozenset[str], part: frozenset[str] | set[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def _is_question(text: str) -> bool:
    return text.rstrip().endswith(QUESTION_MARKS)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which earlier turn to show: one number per feature.

    Attributes:
        weights: n_features numbers in the order of `FEATURES`.
    """

    weights: tuple[float, ...]

    def scores(self, example: Example, places: Sequence[int]) -> NDArray[np.float64]:
        """Return Float64[n_places], the score of each candidate; taking none scores 0."""
        found: NDArray[np.float64] = candidate_features(example, places) @ np.array(self.weights)
        return found

    def choose(self, example: Example, window: ContextWindow) -> int | None:
        """Return the position of the best candidate, the nearest of equals, or None."""
        places = candidates(example, window)
        if not places:
            return None
        scores = self.scores(example, places)
        best = int(scores.argmax())
        return places[best] if scores[best] > 0 else None

    def to_dict(self) -> dict[str, float]:
        """Feature -> number, for JSON; `from_dict` gives the same selector back."""
        return dict(zip(FEATURES, self.weights, strict=True))

    @classmethod
    def from_dict(cls, said: Mapping[str, object]) -> Selector:
        """Read what `to_dict` wrote.

        Raises:
            BundleError: other features than this program's, or a weight that is no finite number.
        """
        if set(said) != set(FEATURES):
            unlike = ", ".join(sorted(set(said) ^ set(FEATURES)))
            raise BundleError(
                f"the selector of earlier turns has other features than this program ({unlike}). "
                "Serve the bundle with the program that packed it, or train again"
            )
        return cls(tuple(_number(name, said[name]) for name in FEATURES))


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BundleError(
            f"the selector of earlier turns: {name} is {value!r}, no finite number. Train again"
        )
    return float(value)


def select_text(
    example: Example,
    window: ContextWindow,
    selector: Selector,
    count_tokens: Callable[[str], int],
) -> str:
    """Render an example with the one earlier turn that a selector picks, or alone.

    In the form of `conversations.context_text`: for `both`, lines of role and text; for
    `customer`, joined by a comma and a space. A turn that is too long is cut at its far end; the
    current turn is whole.
    """
    chosen = selector.choose(example, window)
    before = () if chosen is None else (example.conversation.turns[chosen],)
    turns = (*before, example.turn)
    shown = Example(Conversation(example.conversation.id, turns), len(turns) - 1)
    return context_text(shown, ContextWindow(window.kind, 1, window.max_tokens), count_tokens)
