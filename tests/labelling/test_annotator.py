"""The stage: conversations in, conversations with their annotations out, one by one."""

from __future__ import annotations

import pytest

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Turn
from turnwise.errors import ConfigError
from turnwise.labelling import LabellingConfig, label


class Parrot:
    source = Source("embedded", "parrot")

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        return (Annotation(conversation.id, 0, "intent", "HELLO", self.source),)


def talks(limit: int):
    for number in range(limit):
        yield Conversation(str(number), (Turn("customer", "hi"),))
    raise AssertionError("read further than needed")


def test_each_conversation_comes_back_before_the_next_is_read():
    stage = label(talks(2), Parrot())
    for number in range(2):
        conversation, annotations = next(stage)
        assert conversation.id == str(number)
        assert annotations[0].key == (str(number), 0)


def test_progress_counts_conversations():
    calls: list[tuple[str, int, int]] = []
    stage = label(talks(3), Parrot(), lambda *call: calls.append(call))
    for _ in range(3):
        next(stage)
    with pytest.raises(AssertionError):
        next(stage)
    assert calls == [("label", 1, 0), ("label", 2, 0), ("label", 3, 0)]


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_zero_to_one_is_refused(threshold):
    with pytest.raises(ConfigError, match="abstain_below"):
        LabellingConfig(abstain_below=threshold)
