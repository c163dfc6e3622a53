"""A corpus as a folder: conversations, tables, chat files and the data card."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from turnwise.errors import ConfigError
from turnwise.generated import Dropped, GeneratedConversation, LabelledConversation
from turnwise.generation.corpus.card import CardFacts, card
from turnwise.generation.corpus.chat import write_chat
from turnwise.generation.corpus.fertility import Fertility, token_fertility
from turnwise.generation.corpus.figures import CorpusFigures, describe_corpus
from turnwise.generation.corpus.splits import PARTS, Splits, split_corpus
from turnwise.generation.corpus.tabular import write_parquet
from turnwise.generation.files import write_generated
from turnwise.generation.quality.proxies import Quality
from turnwise.progress import Progress, silent
from turnwise.taxonomy import Taxonomy
from turnwise.unfinished import unfinished_folder, write_file

CARD, FACTS = "README.md", "corpus.json"


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is exported.

    Attributes:
        name, licence: as the card gives them; the licence hangs on that of the logs.
        conversations: with different ids.
        logs: that they follow, beside which they are described, and no turn of which may stand
            in dev or test.
        taxonomy: of their labels.
        quality: rows of the table; dropped: before the export, and why; notes: further limits
            for the card, in sentences.
    """

    name: str
    licence: str
    conversations: Sequence[GeneratedConversation]
    logs: Sequence[LabelledConversation]
    taxonomy: Taxonomy
    quality: Sequence[Quality] = ()
    dropped: Sequence[Dropped] = ()
    notes: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Written:
    """What an export wrote.

    Attributes:
        sessions: by part; examples: of the chat files, by part.
        moved: conversations that went to train as a turn of theirs stands there.
    """

    folder: Path
    sessions: dict[str, int]
    examples: dict[str, int]
    moved: int
    fertility: tuple[Fertility, ...]


def write_corpus(
    corpus: Corpus,
    folder: Path,
    *,
    tokenizer: Path | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Written:
    """Write `{train,dev,test}.{jsonl,parquet,chat.jsonl}`, the data card `README.md` and its
    figures as `corpus.json`; the folder appears when all of it is written.

    Args:
        tokenizer: a tokenizer.json or a folder with one, for the tokens per word.
        force: replace a corpus that is there.

    Raises:
        ConfigError: the folder is there, and no corpus, or one and not to be replaced; two
            conversations have one id, the licence is empty, or no tokenizer can be read; polars
            is not installed.
        FormatError: the disk is full, or the folder can't be written to.
    """
    _check(corpus, folder, force)
    fertility = token_fertility(_texts(corpus), tokenizer) if tokenizer is not None else ()
    known = [
        turn.text
        for one in corpus.logs
        for turn in one.conversation.turns
        if turn.role == "customer"
    ]
    splits = split_corpus(corpus.conversations, known)
    with unfinished_folder(folder.parent) as made:
        examples = _write_parts(splits, corpus.taxonomy, made, progress)
        facts = CardFacts(
            name=corpus.name,
            licence=corpus.licence,
            figures=describe_corpus(corpus.conversations),
            logs=describe_corpus(corpus.logs),
            splits=splits,
            quality=corpus.quality,
            dropped=corpus.dropped,
            notes=corpus.notes,
            examples=examples,
            fertility=fertility,
            tokenizer="" if tokenizer is None else tokenizer.name,
        )
        write_file(made / CARD, card(facts))
        write_file(made / FACTS, json.dumps(_values(facts), ensure_ascii=False, indent=2) + "\n")
        _put(made, folder)
    sessions: dict[str, int] = {part: len(some) for part, some in splits.parts.items()}
    return Written(folder, sessions, examples, splits.moved, fertility)


def _write_parts(
    splits: Splits, taxonomy: Taxonomy, folder: Path, progress: Progress
) -> dict[str, int]:
    examples: dict[str, int] = {}
    for done, part in enumerate(PARTS):
        progress("export", done, len(PARTS))
        some = splits.parts[part]
        write_generated(some, folder / f"{part}.jsonl")
        write_parquet(some, taxonomy.dimension_names, folder / f"{part}.parquet")
        examples[part] = write_chat(some, taxonomy, folder / f"{part}.chat.jsonl")
    progress("export", len(PARTS), len(PARTS))
    return examples


def _check(corpus: Corpus, folder: Path, force: bool) -> None:
    if not corpus.licence.strip():
        hint = "It hangs on that of the logs; write `internal` for what must not be passed on"
        raise ConfigError("a corpus needs a licence", field="licence", hint=hint)
    ids = Counter(one.id for one in corpus.conversations)
    twice = min((one for one, count in ids.items() if count > 1), default=None)
    if twice is not None:
        hint = "Sets made with the same method and seed share ids: export one of them"
        raise ConfigError(f"two conversations have the id {twice!r}", hint=hint)
    if not folder.exists():
        return
    if not (folder / FACTS).is_file():
        hint = "Name a folder that does not exist yet"
        raise ConfigError("something else than a corpus is there", path=folder, hint=hint)
    if not force:
        hint = "Name another folder, or replace it with --force"
        raise ConfigError("a corpus is there already", path=folder, hint=hint)


def _put(made: Path, folder: Path) -> None:
    """Put a whole folder in its place; one that is there is there until then."""
    before = folder.with_name(f".{folder.name}.before")
    if folder.exists():
        shutil.rmtree(before, ignore_errors=True)
        os.rename(folder, before)
    os.rename(made, folder)
    shutil.rmtree(before, ignore_errors=True)


def _texts(corpus: Corpus) -> list[tuple[str, str]]:
    return [(one.locale, turn.text) for one in corpus.conversations for turn in one.turns]


def _values(facts: CardFacts) -> dict[str, object]:
    """What the card says, for programs; what can't be told is left out."""

    def sizes(figures: dict[str, CorpusFigures]) -> dict[str, object]:
        return {name or "all": asdict(one) for name, one in figures.items()}

    return {
        "name": facts.name,
        "licence": facts.licence,
        "generated": sizes(dict(facts.figures)),
        "logs": sizes(dict(facts.logs)),
        "splits": {part: len(some) for part, some in facts.splits.parts.items()},
        "moved_to_train": facts.splits.moved,
        "chat_examples": dict(facts.examples),
        "quality": [
            {name: value for name, value in asdict(one).items() if value == value}  # no NaN
            for one in facts.quality
        ],
        "dropped": [asdict(one) for one in facts.dropped],
        "tokens_per_word": {one.language: one.fertility for one in facts.fertility},
    }
