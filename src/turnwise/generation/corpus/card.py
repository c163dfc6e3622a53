"""The data card: what a corpus holds, how it was made, and what is not to be expected of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from turnwise.generated import Dropped, GeneratedConversation
from turnwise.generation.corpus.fertility import Fertility
from turnwise.generation.corpus.figures import CorpusFigures
from turnwise.generation.corpus.splits import PARTS, Splits
from turnwise.generation.quality.proxies import Quality

HOW = {
    "random": "turns of the logs in any order, as a baseline",
    "hmm": "a chain of intents drawn from the logs, each said in a customer's own words",
    "embedded": "the same, adapted to what was said before by rules learnt from the logs",
    "llm": "a chain of intents drawn from the logs, written by a language model",
    "simulate": "a simulated customer and agent under a controller",
    "ambiguous": "queries that several labels fit",
    "clarify": "conversations that settle an ambiguous query",
}


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card tells of a corpus.

    Attributes:
        figures, logs: market -> figures, of the corpus and of the logs that it follows.
        examples: of the chat files, by part; empty where none were written.
        fertility: by language; tokenizer: its name.
    """

    name: str
    licence: str
    figures: Mapping[str, CorpusFigures]
    logs: Mapping[str, CorpusFigures]
    splits: Splits
    quality: Sequence[Quality]
    dropped: Sequence[Dropped]
    notes: Sequence[str]
    examples: Mapping[str, int]
    fertility: Sequence[Fertility]
    tokenizer: str


def card(facts: CardFacts) -> str:
    """Write the card as Markdown."""
    conversations = [one for part in PARTS for one in facts.splits.parts[part]]
    blocks = (
        f"# {_plain(facts.name)}",
        "Conversations that nobody held, made from statistics and turns of real logs. The labels "
        "of a turn say what it was meant to mean; no person checked them one by one.",
        f"Licence: {_plain(facts.licence)}",
        "## Size\n\n" + _sizes(facts),
        "## Made by\n\n" + _makers(conversations),
        "## Splits\n\n" + _splits(facts),
        _section("Quality", _quality(facts.quality)),
        _section("Dropped before", _dropped(facts.dropped)),
        _section(f"Tokens per word, {facts.tokenizer}", _fertility(facts.fertility)),
        "## Limits\n\n" + "\n".join(f"- {_plain(one)}" for one in _limits(facts)),
    )
    return "\n\n".join(filter(None, blocks)) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown; no cell can end its row."""
    written = [[_cell(value) for value in row] for row in (columns, *rows)]
    head, *body = (f"| {' | '.join(row)} |" for row in written)
    return "\n".join((head, "|" + "-|" * len(columns), *body))


def _sizes(facts: CardFacts) -> str:
    columns = ("", "sessions", "questions", "words", "different labels")
    rows = []
    for market in sorted({*facts.figures, *facts.logs}):
        for whose, figures in (("generated", facts.figures), ("logs", facts.logs)):
            if market in figures:
                one = figures[market]
                labels = ", ".join(f"{name} {count}" for name, count in one.labels.items())
                counts = (one.sessions, one.questions, one.words, labels or "none")
                means = one.questions_per_session, one.words_per_question
                rows.append((f"{market or 'all'}, {whose}", *counts, *means))
    return table((*columns, "questions per session", "words per question"), rows)


def _makers(conversations: Sequence[GeneratedConversation]) -> str:
    counts = Counter((one.method, one.maker) for one in conversations)
    rows = [
        (method, HOW[method], maker, count) for (method, maker), count in sorted(counts.items())
    ]
    return table(("method", "how", "maker", "sessions"), rows)


def _splits(facts: CardFacts) -> str:
    rows = [
        (part, len(some), sum(len(one.customer) for one in some), facts.examples.get(part))
        for part, some in facts.splits.parts.items()
    ]
    told = (
        "By sha256 of the conversation's id modulo 10: 0 is test, 1 is dev. No customer turn of "
        "dev or test stands in train or in the logs, whatever its marks; for that, "
        f"{facts.splits.moved:,} conversations went to train."
    )
    return table(("part", "sessions", "questions", "chat examples"), rows) + f"\n\n{told}"


def _quality(rows: Sequence[Quality]) -> str:
    columns = {
        "perplexity": "perplexity",
        "transitions": "log probability of a transition",
        "distinct_1": "distinct-1",
        "distinct_2": "distinct-2",
        "self_bleu": "self-BLEU",
        "words_more": "words per turn, more than the logs",
        "words_divergence": "divergence",
        "turns_more": "turns, more than the logs",
        "turns_divergence": "divergence",
        "copied_turns": "copied turns",
        "copied_ngrams": "copied runs of 8 words",
        "topic_flow": "topic flow",
        "rating": "rating",
    }
    cells = [(one.name, *(getattr(one, name) for name in columns)) for one in rows]
    return table(("", *columns.values()), cells) if rows else ""


def _dropped(dropped: Sequence[Dropped]) -> str:
    return (
        table(
            ("what", "reason", "how often"), [(one.what, one.reason, one.count) for one in dropped]
        )
        if dropped
        else ""
    )


def _fertility(rows: Sequence[Fertility]) -> str:
    cells = [(one.language, one.words, one.tokens, one.fertility) for one in rows]
    return table(("language", "words", "tokens", "tokens per word"), cells) if rows else ""


def _limits(facts: CardFacts) -> Iterator[str]:
    yield (
        "What is made from logs has their faults: what customers seldom ask is seldom here, and "
        "what was wrongly labelled there is wrongly meant here."
    )
    copied = [one for one in facts.quality if one.copied_turns > 0 and one.name != "logs"]
    if copied:
        shares = ", ".join(f"{one.name} {one.copied_turns:.0%}" for one in copied)
        yield (
            f"Turns stand word for word in the logs ({shares} of them): who may not read the logs "
            "may not read these."
        )
    if not facts.splits.parts["test"]:
        yield "The test split is empty: every conversation that fell into it had a turn of train."
    if facts.notes:
        yield from facts.notes


def _section(title: str, text: str) -> str:
    return f"## {_plain(title)}\n\n{text}" if text else ""


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    return "–" if value is None else _plain(str(value)).replace("|", "\\|")


def _plain(text: str) -> str:
    """Words on one line, with no markup of their own."""
    return " ".join(text.split()).replace("<", "&lt;").replace("`", "'")
