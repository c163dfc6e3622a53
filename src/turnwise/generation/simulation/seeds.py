"""Seed queries: what customers of the logs begin with, the most frequent first."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from turnwise.conversations import examples
from turnwise.errors import GenerationError
from turnwise.generated import LabelledConversation
from turnwise.generation.simulation.cues import without_greeting
from turnwise.generation.simulation.scene import SeedQuery
from turnwise.sampling import stable_hash

FEWEST = 3  # words, or SHORTEST characters where they make fewer, that a wish takes
SHORTEST = 12
LONGEST = 400  # characters
LATEST = 2  # customer turns into which an opening may come: the first may be a greeting only
PER_DOMAIN = 50
_PUNCTUATION = re.compile(r"[^\w\s]|_")


def _nothing(text: str) -> bool:
    return False


def seed_queries(
    logs: Iterable[LabelledConversation],
    domain: str | None,
    per_domain: int = PER_DOMAIN,
    avoided: Callable[[str], bool] = _nothing,
) -> tuple[SeedQuery, ...]:
    """The most frequent distinct opening turns of each domain and market.

    An opening is a conversation's first customer turn, or the second where the first is but a
    greeting. Case and punctuation make no difference between two openings; where several are
    as frequent, those of the conversations of lowest hash come first, whatever their order.

    Args:
        domain: the dimension whose labels are the domains; None: every combination of labels is
            a domain.
        per_domain: how many to take of each.
        avoided: whether a text must not be said; a conversation that opens with such a one is
            left out, as a greeting before it may be.

    Raises:
        GenerationError: no conversation opens with a labelled turn that may be said.
    """
    groups: defaultdict[tuple[str, str, str], list[SeedQuery]] = defaultdict(list)
    for one in _openings(logs):
        if avoided(one.text) or avoided(without_greeting(one.text)):
            continue
        labels = sorted(one.labels.items()) if domain is None else one.labels.get(domain, "")
        groups[one.market, one.locale, str(labels)].append(one)
    chosen = [seed for key in sorted(groups) for seed in _frequent(groups[key], per_domain)]
    if not chosen:
        raise GenerationError(
            "no labelled conversation opens with a customer turn of a few words that no test "
            "holds, so that a simulation has nothing to begin with. Label more logs: 'turnwise "
            "label'"
        )
    return tuple(chosen)


def _openings(logs: Iterable[LabelledConversation]) -> Iterator[SeedQuery]:
    for logged in logs:
        conversation = logged.conversation
        for place, turn in enumerate(examples(conversation)):
            labels = logged.labels.get(turn.index)
            if place == LATEST:
                break
            if labels and _says_something(turn.text):
                yield SeedQuery(
                    " ".join(turn.text.split()),
                    labels,
                    f"{conversation.id}#{turn.index}",
                    market=conversation.market,
                    locale=conversation.locale,
                )
                break


def _says_something(text: str) -> bool:
    letters = sum(map(str.isalnum, text))
    return len(text) <= LONGEST and (len(text.split()) >= FEWEST or letters >= SHORTEST)


def _frequent(seeds: list[SeedQuery], count: int) -> list[SeedQuery]:
    """The most frequent ones, each as the conversation of lowest hash has it."""
    ordered = sorted(seeds, key=lambda seed: (stable_hash(seed.source), seed.source))
    times = Counter(_plain(seed.text) for seed in ordered)
    first: dict[str, SeedQuery] = {}
    for seed in ordered:
        first.setdefault(_plain(seed.text), seed)
    kept = sorted(first, key=lambda text: -times[text])[:count]
    return [
        SeedQuery(seed.text, seed.labels, seed.source, times[text], seed.market, seed.locale)
        for text in kept
        for seed in (first[text],)
    ]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_PUNCTUATION.sub(" ", folded).split())
