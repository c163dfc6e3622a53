"""Response ranking: the turn's real answer told from an answer of another conversation, or of two
answers the one that a judge found better.

    examples --response_pairs--> contexts, right and wrong answers
    (context, answer) --join_pair--> 'q_all [SEP] a' --encoder, one linear layer--> score

A second task for an encoder that is fine-tuned, from MINT-CL (METHODS.md, "Response ranking"):
what an agent answers tells what the customer wants, and costs no label. The answer is what comes
*after* the turn, so it is used while training only: the graph that serves has neither the answers
nor the layer that scores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from turnwise.conversations import ContextKind, ContextWindow, Example, context_text
from turnwise.sampling import stable_hash

if TYPE_CHECKING:
    from torch import Tensor

RankingKind = Literal["binary", "contrastive"]

DRAWS = 32  # of a wrong answer, before the next one that fits is taken instead
PAIR_SPECIALS = 3  # tokens around 'q_all [SEP] a': one before, the separator, one after


@dataclass(frozen=True, slots=True)
class Pairs:
    """Contexts with a right answer and a wrong one.

    Attributes:
        rows: Int64[n_pairs], ascending places among the examples that were given.
        contexts, right, wrong: n_pairs texts each.
    """

    rows: NDArray[np.int64]
    contexts: tuple[str, ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)


def response_pairs(
    examples: Sequence[Example],
    window: ContextWindow,
    seed: int,
    judged: Mapping[int, tuple[str, str]] | None = None,
) -> Pairs:
    """Pair each example's context with the answer that it got and with a wrong one.

    The context q_all is the customer's turns of the window, oldest first, joined by a comma and
    a space; the turn alone where the window is `single`. It is cut to tokens by `join_pair`.
    A wrong answer is drawn from what other conversations' examples were answered, as often as
    it was said. It depends on the seed, the example and the set of all examples, not on their
    order. Examples without an answer, and those for which there is no wrong one, are left out.

    Args:
        judged: place of an example -> a better and a worse answer to it, which stand in the place
            of what followed and what would be drawn.
    """
    answers = [_answer(example) for example in examples]
    pool = _pool(examples, answers)
    kind: ContextKind = "single" if window.kind == "single" else "customer"
    seen = ContextWindow(kind, window.max_turns, max_tokens=1)
    rows, contexts, right, wrong = [], [], [], []
    for row, (example, answer) in enumerate(zip(examples, answers, strict=True)):
        drawn = _draw_other(example, answer, pool, seed)
        better, worse = (judged or {}).get(row, (answer, drawn))
        if worse:
            rows.append(row)
            contexts.append(context_text(example, seen, _no_tokens))
            right.append(better)
            wrong.append(worse)
    return Pairs(np.array(rows, np.int64), tuple(contexts), tuple(right), tuple(wrong))


def _no_tokens(text: str) -> int:
    """Counts nothing: a context is whole here."""
    return 0


def _answer(example: Example) -> str:
    """What the other side said next; empty where nothing followed."""
    following = example.conversation.turns[example.index + 1 : example.index + 2]
    return next((one.text.strip() for one in following if one.role != "customer"), "")


def _pool(examples: Sequence[Example], answers: Sequence[str]) -> list[tuple[str, str]]:
    """(conversation id, answer) of all answers, in an order of their own."""
    found = [(*example.key, answer) for example, answer in zip(examples, answers, strict=True)]
    return [(conversation, answer) for conversation, _, answer in sorted(found) if answer]


def _draw_other(example: Example, answer: str, pool: Sequence[tuple[str, str]], seed: int) -> str:
    """An answer of another conversation with another text; empty where there is none, or none
    followed."""
    if not answer:
        return ""
    conversation, same = example.conversation.id, _plain(answer)
    for place in _places(example, len(pool), seed):
        whose, text = pool[place]
        if whose != conversation and _plain(text) != same:
            return text
    return ""


def _places(example: Example, count: int, seed: int) -> Iterator[int]:
    """Some drawn places of a pool, then all places from the last of them on."""
    conversation, turn = example.key
    draw = np.random.default_rng(stable_hash(f"{seed} {turn} {conversation}"))
    drawn = draw.integers(count, size=DRAWS).tolist()
    yield from drawn
    yield from ((drawn[-1] + step) % count for step in range(count))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def join_pair(
    context: str,
    answer: str,
    separator: str,
    max_tokens: int,
    count_tokens: Callable[[str], int],
) -> str:
    """Return 'context separator answer' in at most `max_tokens` tokens, in whole words.

    What is too long is cut so that an encoder that reads a text from its beginning still reads
    the answer: the context at its far end, the answer, where it takes more than half of the
    tokens, at its end.

    Args:
        separator: the tokenizer's own; see `encoders.TextReader.separator`.
        max_tokens: special tokens included, as an encoder counts them.
        count_tokens: of a text without special tokens.
    """
    room = max(2, max_tokens - PAIR_SPECIALS)
    asked, said = context.split(), answer.split()
    wanted = min(count_tokens(context), room // 2)  # by the context, if it is that long
    ending = said[
        : _fitting(len(said), lambda n: count_tokens(" ".join(said[:n])) <= room - wanted)
    ]
    left = room - count_tokens(" ".join(ending))
    words = _fitting(len(asked), lambda n: count_tokens(" ".join(asked[-n:])) <= left)
    return " ".join([*asked[len(asked) - words :], separator, *ending])


def _fitting(most: int, fits: Callable[[int], bool]) -> int:
    """The largest number of words, of `most`, that fits; found by halving."""
    if fits(most):  # as a rule
        return most
    low, high = 0, max(0, most - 1)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def ranking_loss(right: Tensor, wrong: Tensor, kind: RankingKind) -> Tensor:
    """Return the mean loss over pairs, a Float32 scalar; 0 where there are none.

    contrastive: -log(e^s+ / (e^s+ + e^s-)) = log(1 + e^(s- - s+)).
    binary: the mean of the binary cross-entropies of s+ with 1 and of s- with 0.

    Args:
        right, wrong: Float[n_pairs], the scores of the pairs' answers, any finite size.
    """
    from torch.nn.functional import softplus

    right, wrong = right.float(), wrong.float()
    if kind == "contrastive":
        losses = softplus(wrong - right)
    else:
        losses = (softplus(-right) + softplus(wrong)) / 2
    return losses.sum() / max(1, len(losses))
