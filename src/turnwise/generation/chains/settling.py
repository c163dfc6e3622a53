"""Labels of the logs settled by which label follows which, where a text alone says too little.

    p(label | text), turn by turn --expectation maximization--> transitions --> labels of the logs

Many a turn says nothing by itself ("yes, please"), and what a single-turn model makes of it is a
guess; transitions counted over guesses are those of chance. A hidden Markov model takes the guesses
as what they are: its emissions are the model's probabilities over their mean (Bourlard and Morgan,
1994), its transitions are found by a few steps of Baum-Welch, and the labels of a turn are the most
likely ones given all turns of its conversation. Along each dimension by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import Conversation, examples
from turnwise.generated import LabelledConversation, Reader
from turnwise.taxonomy import Dimension, Taxonomy

# What transitions are before any was counted: shares of the same label, of labels under the same
# parent, of all labels by how often they are said; and how many turns that is worth in each row.
SAME, KIN = 0.5, 0.4
PRIOR_TURNS = 10.0
STEPS = 3  # more of them fit chance
LEAST = 1e-6  # of a mean probability that is divided by

Float = NDArray[np.float64]


def settled(
    conversations: Sequence[Conversation], taxonomy: Taxonomy, reader: Reader
) -> list[LabelledConversation]:
    """Label every customer turn, all turns of its conversation considered.

    Args:
        reader: reads each turn by itself; it never learnt these conversations.
    """
    turns = [one for talk in conversations for one in examples(talk)]
    if not turns:
        return []
    read = reader.probabilities(turns)
    ids = [one.key[0] for one in turns]
    starts = [row for row, one in enumerate(ids) if row == 0 or ids[row - 1] != one]
    found: dict[str, dict[int, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for dimension in taxonomy.dimensions:
        chances = np.split(np.asarray(read[dimension.name], np.float64), starts[1:])
        beliefs = np.concatenate(_believed(chances, dimension))
        for one, place in zip(turns, beliefs.argmax(axis=1), strict=True):
            found[one.key[0]][one.index][dimension.name] = dimension.names[int(place)]
    return [LabelledConversation(one, found[one.id]) for one in conversations]


def _believed(chances: Sequence[Float], dimension: Dimension) -> list[Float]:
    """Float64[n_turns, n_labels] of each conversation: beliefs given all of its turns."""
    share = np.concatenate(chances).mean(axis=0)
    emitted = [one / np.maximum(share, LEAST) for one in chances]
    prior = _prior(dimension, share)
    model = _Model(share, prior)
    for _ in range(STEPS):
        first, pairs = PRIOR_TURNS * share, PRIOR_TURNS * prior
        for one in emitted:  # added up as they come: a matrix for each would fill the memory
            passed = _passed(one, model)
            first, pairs = first + passed.beliefs[0], pairs + passed.pairs
        model = _Model(first / first.sum(), pairs / pairs.sum(axis=1, keepdims=True))
    return [_passed(one, model).beliefs for one in emitted]


def _prior(dimension: Dimension, share: Float) -> Float:
    """Float64[n_labels, n_labels], rows sum to 1."""
    parents = np.array([" > ".join(label.path[:-1]) for label in dimension.labels])
    kin = (parents[:, None] == parents[None, :]) * np.maximum(share, LEAST)
    kin /= kin.sum(axis=1, keepdims=True)
    same = np.eye(len(share))
    made: Float = SAME * same + KIN * kin + (1 - SAME - KIN) * share / share.sum()
    return made


@dataclass(frozen=True)
class _Model:
    """Chances of first labels, Float64[n_labels], and of transitions, rows sum to 1."""

    first: Float
    transitions: Float


@dataclass(frozen=True)
class _Passed:
    """Of one conversation: beliefs, Float64[n_turns, n_labels], and expected transitions."""

    beliefs: Float
    pairs: Float


def _passed(emitted: Float, model: _Model) -> _Passed:
    """Forward and backward over the turns of a conversation (Rabiner, 1989), scaled."""
    turns = len(emitted)
    forward, backward = np.empty_like(emitted), np.ones_like(emitted)
    scale = np.empty(turns)
    for turn in range(turns):
        before = model.first if turn == 0 else forward[turn - 1] @ model.transitions
        forward[turn] = before * emitted[turn]
        scale[turn] = forward[turn].sum()
        forward[turn] /= scale[turn]
    pairs = np.zeros_like(model.transitions)
    for turn in range(turns - 2, -1, -1):
        heard = emitted[turn + 1] * backward[turn + 1] / scale[turn + 1]
        backward[turn] = model.transitions @ heard
        pairs += model.transitions * np.outer(forward[turn], heard)
    return _Passed(forward * backward, pairs)
