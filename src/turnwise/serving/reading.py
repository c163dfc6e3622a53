"""What a bundle's model says of a turn, ready to be decided on.

    conversation --redact, model--> probabilities --a reply is read with what was asked--> choices

A reply to a clarifying question is read together with what was known before it was asked. Both
are opinions of one model, the later one with the question and the reply before it, so they are
pooled (the geometric mean: Genest and Zidek, 1986) before what the reply says of the options is
multiplied in. Of a dimension that was not asked about, a short reply says little, and "the second
one" nothing of any: what was believed before weighs more there. A reply that fits no option, or
that leaves the model in no doubt, is a turn of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.bundle import Bundle, Outputs, last_customer_turn
from turnwise.bundle.refusal import COMBINED
from turnwise.conversations import Conversation, Example
from turnwise.privacy import Redactor
from turnwise.serving.config import DEFAULT_CANDIDATES, DEFAULT_CONFIDENCE, PolicyConfig
from turnwise.serving.decision import Choice, DialogueState, Question, Ranked
from turnwise.serving.history import History, text_rows
from turnwise.serving.replies import read_reply, says_more
from turnwise.taxonomy import Taxonomy

Row = NDArray[np.float64]
LEAST = 1e-9  # a probability that is nought would never come back
ASKED, NOT_ASKED = 0.5, 0.1  # weight of what the model says of a reply, beside what it said before
SHORT = 5  # words of a reply that says little but which option is meant
ALSO = 0.5  # from which probability on a turn carries a further label


@dataclass(frozen=True, slots=True)
class Reading:
    """One customer turn as the model reads it.

    Attributes:
        example: the turn, redacted where the bundle's training data were.
        choices: dimension -> the label and how sure it is.
        vector: Float32[size], of the turn alone.
        is_reply: whether it is read as the answer to the question that is open.
        strange: its out-of-domain score and the threshold over which a turn is refused; None
            where the bundle can't tell.
    """

    example: Example
    choices: Mapping[str, Choice]
    vector: NDArray[np.float32]
    strange: tuple[float, float] | None
    is_reply: bool = False


class Reader:
    """Reads turns by one bundle; threads may share it."""

    def __init__(self, bundle: Bundle, config: PolicyConfig) -> None:
        self._bundle, self._config = bundle, config
        self._redactor = Redactor() if bundle.manifest.redacted else None
        self._history = History(bundle, config.history)
        self._label_vectors = bundle.label_vectors  # made now, so that no reply waits for them

    def prepared(self, conversation: Conversation) -> Example:
        """The last customer turn, redacted where the bundle was trained on redacted text.

        Raises:
            BundleError: no turn is the customer's.
        """
        if self._redactor is not None:
            conversation, _ = self._redactor.redact(conversation)
        return last_customer_turn(conversation)

    def read(self, example: Example, state: DialogueState) -> Reading:
        """Ask the model, and weigh its answer with what is known from before.

        Args:
            state: that names only what the bundle knows: see `known_state`.
        """
        found, rows = self._history.read(example, state)
        vector, strange = found.vectors[0], self._strange(found)
        alone = self._choices(rows)
        if not state.open:
            return Reading(example, alone, vector, strange)
        asked = state.asked[-1]
        dimension = self._bundle.taxonomy[asked.dimension]
        told, elsewhere = self._told(asked, example.text, vector)
        more = says_more(asked, example.text, dimension)
        if more and (elsewhere or all(one.sure for one in alone.values())):
            return Reading(example, alone, vector, strange)  # a turn of its own
        # What was believed before the question is weighed in here, so that no chain does it too.
        weight = _weight(example.text) if more else 0.0
        rows = self._after_reply(state, text_rows(found), weight)
        rows[dimension.name] = _normal(rows[dimension.name] * told)
        return Reading(example, self._choices(rows), vector, strange, is_reply=True)

    def _choices(self, rows: Mapping[str, Row]) -> dict[str, Choice]:
        return {name: self._choice(name, row) for name, row in rows.items()}

    def _after_reply(
        self, state: DialogueState, rows: Mapping[str, Row], weight: float
    ) -> dict[str, Row]:
        """Probabilities given the reply and what was known before the question.

        Args:
            weight: of what the model says of the reply, along dimensions that were not asked about.
        """
        after = dict(rows)
        for name in rows.keys() - set(self._bundle.manifest.several):
            index, before = self._bundle.taxonomy[name].index, state.before.get(name, ())
            asked = name == state.asked[-1].dimension and weight > 0
            after[name] = _pooled(rows[name], before, index, ASKED if asked else weight)
        return after

    def _told(self, asked: Question, reply: str, vector: NDArray[np.float32]) -> tuple[Row, bool]:
        """Float64[n_labels]: how likely the reply is under each label of what was asked.

        And whether it is likeliest under none of those offered: it may be about something else.
        """
        dimension = self._bundle.taxonomy[asked.dimension]
        places = [dimension.index[name] for name, _ in asked.candidates]
        vectors = self._label_vectors[dimension.name][places]
        likelihood = read_reply(asked, reply, dimension, vector, vectors)
        told = np.full(len(dimension.names), likelihood[-1])
        told[places] = likelihood[:-1]
        return told, bool(likelihood[-1] > likelihood[:-1].max())

    def _choice(self, dimension: str, row: Row) -> Choice:
        names, several = self._bundle.taxonomy[dimension].names, self._bundle.manifest.several
        order = np.argsort(-row, kind="stable")
        point = self._history.operating.get(dimension)
        tau = self._config.confidence.get(
            dimension, point.confidence if point else DEFAULT_CONFIDENCE
        )
        count = self._config.candidates or (point.candidates if point else DEFAULT_CANDIDATES)
        best, confidence = names[order[0]], float(row[order[0]])
        further = order[1:][row[order[1:]] >= ALSO] if dimension in several else ()
        return Choice(
            best,
            confidence,
            tau,
            confidence >= tau,
            "model",
            tuple((names[at], float(row[at])) for at in order[:count]),
            self._plausible(dimension, row, order),
            tuple(names[at] for at in further),
        )

    def _plausible(self, dimension: str, row: Row, order: NDArray[np.intp]) -> Ranked:
        fitted = self._history.conformal.get(dimension)
        if fitted is None:
            return ()
        inside = fitted.prediction_set(row[None].astype(np.float32))[0]
        names = self._bundle.taxonomy[dimension].names
        return tuple((names[at], float(row[at])) for at in order if inside[at])

    def _strange(self, found: Outputs) -> tuple[float, float] | None:
        refuser = self._bundle.refuser
        if refuser is None:
            return None
        scores = refuser.scores(self._bundle.refusable(found), found.vectors)
        return float(scores[COMBINED][0]), refuser.threshold


def known_state(state: DialogueState, taxonomy: Taxonomy) -> DialogueState:
    """A state without what it says of labels that a taxonomy lacks.

    A bundle may be replaced by one of other labels while a question is open: the conversation
    goes on as if that question had not been asked.
    """
    if not state.asked and not state.before and not state.open:
        return state
    asked = tuple(
        one for one in state.asked if one.candidates and _knows(taxonomy, one.dimension, one)
    )
    still_open = state.open and bool(asked) and asked[-1] == state.asked[-1]
    before = {
        name: known
        for name, ranked in state.before.items()
        if name in taxonomy
        and (known := tuple(one for one in ranked if one[0] in taxonomy[name].index))
    }
    return DialogueState(asked, still_open, before if still_open else {}, state.unsettled)


def _knows(taxonomy: Taxonomy, dimension: str, question: Question) -> bool:
    if dimension not in taxonomy:
        return False
    names = [label for label, _ in question.candidates]
    return len(set(names)) == len(names) and taxonomy[dimension].index.keys() >= set(names)


def _weight(reply: str) -> float:
    """Of the model's opinion of a reply: a long one is nearly a turn of its own."""
    return NOT_ASKED if len(reply.split()) <= SHORT else ASKED


def _pooled(row: Row, before: Ranked, index: Mapping[str, int], weight: float) -> Row:
    """The weighted geometric mean of two opinions, the new one's weight given.

    What the former leaves open is dealt out evenly.
    """
    if not before:
        return row
    rest = max(LEAST, 1.0 - sum(one for _, one in before)) / max(1, len(row) - len(before))
    prior = np.full(len(row), rest)
    for name, one in before:
        prior[index[name]] = max(LEAST, one)
    return _normal(prior ** (1 - weight) * np.maximum(row, LEAST) ** weight)


def _normal(row: Row) -> Row:
    scaled: Row = row / row.sum()
    return scaled
