"""Models' labels in files that are written: beside what people gave, never in its place.

No reader takes them: a file that is read back yields gold alone, so that what a model said does
not become what a person said on its way through a file. Left out are rationales, which quote
other conversations than the one that is written, and turns on which a model abstained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation

Labelled = tuple[Conversation, Sequence[Annotation]]  # with what models said of its turns


def unlabelled(conversations: Iterable[Conversation]) -> Iterator[Labelled]:
    """Conversations with no label but their gold."""
    return ((one, ()) for one in conversations)


def by_turn(annotations: Iterable[Annotation]) -> dict[int, list[dict[str, object]]]:
    """Turn -> its labels as plain values: dimension, label, confidence, and by whom."""
    found: dict[int, list[dict[str, object]]] = {}
    for one in annotations:
        if one.label is not None:
            values = {
                "dimension": one.dimension,
                "label": one.label,
                "confidence": round(one.confidence, 4),
                "by": in_words(one.source),
            }
            found.setdefault(one.turn, []).append(values)
    return found


def in_words(source: Source) -> str:
    """Kind, name and version of an annotator, as far as it has them."""
    return " ".join(filter(None, (source.kind, source.name, source.version)))
