"""Rasa NLU training data in YAML: examples per intent, each read as one customer turn.

Synonyms, lookup tables and regular expressions are passed over. Entity markup is reduced to the
words it marks: `to [berlin](city)` and `to [berlin]{"entity": "city"}` are read as `to berlin`.
An intent `a+b` is two intents, as in Rasa's multi-intent classification. Format:
https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.conversations import Conversation
from turnwise.errors import FormatError
from turnwise.formats import checks
from turnwise.formats.pseudo import Labelled
from turnwise.formats.records import Record, rejected
from turnwise.formats.streams import chunks, opened, replacing

if TYPE_CHECKING:
    import yaml

DIMENSION = "intent"
SEVERAL = "+"
BLOCK = 1_000  # examples in one item that is written; an intent may have several items
_PASSED_OVER = frozenset(("synonym", "lookup", "regex"))
_ENTITY = re.compile(r"\[([^\[\]]+)\](?:\([^()]*\)|\{[^{}]*\}|\[\s*\{[^\[\]]*\}\s*\])")
_MARKUP = re.compile(r"\](?=[({\[])")


class _Text:
    """A stream of text as PyYAML wants it."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source

    def read(self, size: int = 0) -> str:
        return next(self._source, "")


def read(path: Path) -> Iterator[Record]:
    """Yield the examples of a file as conversations of one turn with gold intent.

    Raises:
        FormatError: the YAML is broken, or has no section `nlu`; what came before was yielded.
    """
    import yaml

    with opened(path) as stream:
        line = 1
        try:
            for node in _items(yaml.SafeLoader(_Text(chunks(stream, path)))):
                line = node.start_mark.line + 1
                yield from _examples(node, path)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).split("\n")[0]
            line = mark.line + 1 if mark else line
            hint = "Check the indentation and the quotes there"
            raise FormatError(f"broken YAML: {problem}", path=path, line=line, hint=hint) from None


def _items(loader: yaml.SafeLoader) -> Iterator[yaml.Node]:
    """The items of the section `nlu`, one at a time."""
    import yaml

    found = False
    step: Callable[[], object] = loader.get_event
    step()  # the stream begins
    step()  # the document begins, where there is one
    if loader.check_event(yaml.MappingStartEvent):
        step()
        while not loader.check_event(yaml.MappingEndEvent):
            key = _composed(loader)
            if key.value == "nlu" and loader.check_event(yaml.SequenceStartEvent):
                found = True
                step()
                while not loader.check_event(yaml.SequenceEndEvent):
                    yield _composed(loader)
                step()
            else:
                _composed(loader)
    if not found:
        raise FormatError("there is no section nlu", line=1, hint="Give a file of NLU examples")


def _composed(loader: yaml.SafeLoader) -> yaml.Node:
    node = loader.compose_node(None, 0)
    assert node is not None  # the caller has seen that there is an event to make it from
    return node


def _examples(item: yaml.Node, path: Path) -> Iterator[Record]:
    line = item.start_mark.line + 1
    parts = _parts(item)
    if _PASSED_OVER & parts.keys():
        return
    intent, written = parts.get("intent"), parts.get("examples")
    if intent is None or not isinstance(intent.value, str) or not intent.value.strip():
        hint = "Each item of nlu names an intent, a synonym, a lookup or a regex"
        yield rejected(FormatError("the item has no intent", hint=hint), path, line)
    elif written is None:
        reason = f"intent {intent.value!r} has no examples"
        yield rejected(FormatError(reason, field="examples"), path, line)
    else:
        labels = _labels(checks.clean(intent.value.strip()))
        for at, text, error in _texts(written):
            yield _record(text, labels, error, path, at)


def _labels(intent: str) -> tuple[str, ...]:
    labels = tuple(intent.split(SEVERAL))
    return labels if all(labels) else (intent,)


def _parts(node: yaml.Node) -> dict[str, yaml.Node]:
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key.value, str)}


def _texts(node: yaml.Node) -> Iterator[tuple[int, str, FormatError | None]]:
    """Line and text of each example: a block of lines `- text`, or a list of `text:` items."""
    import yaml

    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            text = _parts(one).get("text", one)
            at = one.start_mark.line + 1
            if isinstance(text, yaml.ScalarNode):
                yield at, text.value.rstrip("\n") if text.style in ("|", ">") else text.value, None
            else:
                yield at, "", FormatError("the example has no text", field="text")
        return
    first = line + (node.style == "|") if isinstance(node, yaml.ScalarNode) else line
    for at, text in enumerate(str(node.value).split("\n"), first):
        example = text.strip()
        if example.startswith("-"):
            yield at, example[1:].strip(), None
        elif example:
            hint = "Begin it with '- '"
            yield at, text, FormatError("the line is no example", field="examples", hint=hint)


def _record(
    text: str, labels: tuple[str, ...], error: FormatError | None, path: Path, line: int
) -> Record:
    try:
        if error is not None:
            raise error
        plain = _ENTITY.sub(r"\1", text)
        return Record(line, checks.utterance(plain, {DIMENSION: labels}))
    except FormatError as failure:
        return rejected(failure, path, line, text)


def write(labelled: Iterable[Labelled], path: Path) -> int:
    """Write every customer turn with a gold intent as an example.

    The rest of a conversation has no place in the format, nor have labels of models, which would
    be read back as gold; a text stands once per intent. A text that would be read as entity
    markup gets a space between its brackets.

    Returns:
        The number of conversations seen.

    Raises:
        FormatError: a label that would not be read back, or the disk is full.
    """
    seen = 0
    with replacing(path) as stream, _sorting_table() as table:
        for conversation, _ in labelled:
            seen += 1
            table.executemany("INSERT OR IGNORE INTO examples VALUES (?, ?)", _told(conversation))
        stream.write('version: "3.1"\n')
        intents = table.execute("SELECT intent FROM examples GROUP BY intent ORDER BY min(rowid)")
        found = [intent for (intent,) in intents]
        stream.write("nlu:\n" if found else "nlu: []\n")
        for intent in found:
            query = "SELECT text FROM examples WHERE intent = ? ORDER BY rowid"
            texts = table.execute(query, (intent,))
            while block := [text for (text,) in texts.fetchmany(BLOCK)]:
                stream.write(_item(intent, block))
    return seen


@contextmanager
def _sorting_table() -> Iterator[sqlite3.Connection]:
    """Examples by intent in a temporary file, so that memory stays flat; gone when done."""
    try:
        with closing(sqlite3.connect("")) as table:
            table.execute("CREATE TABLE examples (intent, text, UNIQUE (intent, text))")
            yield table
    except sqlite3.Error as error:
        hint = "Free some space where temporary files lie, or name another place with TMPDIR"
        raise FormatError(f"the examples can't be sorted: {error}", hint=hint) from None


def _told(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """Intent and text of each turn that is an example."""
    for turn in conversation.turns:
        if turn.role == "customer" and (labels := turn.gold.get(DIMENSION)):
            intent = SEVERAL.join(labels)
            if _labels(intent.strip()) != labels:
                reason = f"intent {labels} holds a {SEVERAL} or white space at its ends"
                raise FormatError(reason, hint="Write jsonl, or rename the label")
            yield intent, _MARKUP.sub("] ", turn.text)


def _item(intent: str, texts: list[str]) -> str:
    """An intent's examples: a block of lines, and a list for texts that are no plain line."""
    import yaml

    # Where a text holds odd line ends (U+0085, U+2028), PyYAML keeps them only as escapes.
    readable = all(one.isprintable() or one in "\n\t" for text in texts for one in text)

    def dumped(value: object) -> str:
        return yaml.safe_dump([value], allow_unicode=readable, sort_keys=False, width=1_000_000)

    def fits_a_line(text: str) -> bool:
        return text.isprintable() and text == text.strip()

    plain = [text for text in texts if fits_a_line(text)]
    others = [{"text": text} for text in texts if not fits_a_line(text)]
    written = ""
    if plain:
        written += dumped({"intent": intent}) + "  examples: |\n"
        written += "".join(f"    - {text}\n" for text in plain)
    if others:
        written += dumped({"intent": intent, "examples": others})
    return written
