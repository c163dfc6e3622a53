"""The stage: conversations in, conversations with their annotations out, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice

import pytest

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Turn
from turnwise.errors import ConfigError
from turnwise.labelling import LabellingConfig, label
from turnwise.labelling.annotator import AHEAD


class Parrot:
    source = Source("embedded", "parrot")

    def __init__(self) -> None:
        self.log: list[str] = []

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        self.log.append(f"{len(conversations)} ahead")

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        self.log.append(conversation.id)
        return (Annotation(conversation.id, 0, "intent", "HELLO", self.source),)


def talks(number_of: int) -> Iterator[Conversation]:
    for number in range(number_of):
        yield Conversation(str(number), (Turn("customer", "hi"),))


def test_each_conversation_comes_back_before_the_next_is_labelled():
    parrot = Parrot()
    for conversation, found in label(talks(3), parrot):
        assert found[0].key == (conversation.id, 0)
        assert parrot.log[-1] == conversation.id
    assert parrot.log == ["3 ahead", "0", "1", "2"]


def test_logs_without_end_are_read_only_a_little_ahead():
    endless = (Conversation(str(number), ()) for number in count())
    parrot = Parrot()
    assert len(list(islice(label(endless, parrot), 100))) == 100
    assert int(next(endless).id) < 100 + 2 * AHEAD


def test_the_next_conversations_are_known_while_some_are_given_back():
    parrot = Parrot()
    assert len(list(label(talks(2 * AHEAD + 1), parrot))) == 2 * AHEAD + 1
    batch = f"{AHEAD} ahead"
    first, second = (list(map(str, range(at, at + AHEAD))) for at in (0, AHEAD))
    assert parrot.log == [batch, batch, *first, "1 ahead", *second, str(2 * AHEAD)]


def test_progress_counts_conversations():
    calls: list[tuple[str, int, int]] = []
    assert len(list(label(talks(3), Parrot(), lambda *call: calls.append(call)))) == 3
    assert calls == [("label", 1, 0), ("label", 2, 0), ("label", 3, 0)]


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_zero_to_one_is_refused(threshold):
    with pytest.raises(ConfigError, match="abstain_below"):
        LabellingConfig(abstain_below=threshold)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("strategy", "guess"),
        ("variant", "pretty"),
        ("members", ("single",)),
        ("members", ("single", "single")),
        ("members", ("single", "ensemble")),
        ("candidates", 0),
        ("demonstrations", -1),
        ("orders", 1),
        ("agreement", 0.4),
        ("agreement", 1.1),
        ("agreement", float("nan")),
    ],
)
def test_a_setting_out_of_its_range_is_refused_by_its_name(field, value):
    with pytest.raises(ConfigError, match=f"labelling.{field}"):
        LabellingConfig(**{field: value})
