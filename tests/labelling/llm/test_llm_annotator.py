"""A strategy as an annotator: many turns in flight, nothing lost, unusable answers counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.labelling.llm.rule_asker import RuleAsker, single_answer
from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Example, Turn
from turnwise.errors import TurnwiseError
from turnwise.labelling import LabellingConfig, label
from turnwise.labelling.annotator import AHEAD
from turnwise.labelling.llm import LlmAnnotator, Single, is_unusable
from turnwise.llm.loop import Background


@pytest.fixture
def background() -> Iterator[Background]:
    with Background() as running:
        yield running


def talks(count: int, turns: int = 1) -> list[Conversation]:
    said = tuple(Turn(("customer", "agent")[at % 2], f"turn {at}") for at in range(2 * turns - 1))
    return [Conversation(f"talk {number}", said) for number in range(count)]


class Slow:
    """Says HELLO once it may, and remembers how many waited at a time."""

    source = Source("llm", "slow")

    def __init__(self) -> None:
        self.may = threading.Event()
        self.begun = self.prepared = 0
        self.confidence = 1.0

    def prepare(self, examples) -> None:
        self.prepared += len(examples)

    async def turn(self, example: Example) -> tuple[Annotation, ...]:
        self.begun += 1
        while not self.may.is_set():
            await asyncio.sleep(0.001)
        where = (*example.key, "wish", "HELLO", self.source)
        return (Annotation(*where, confidence=self.confidence),)


def wait_for(condition) -> None:
    for _ in range(5000):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("it never came")


def test_all_turns_of_all_prepared_conversations_are_asked_at_once(background):
    slow = Slow()
    annotator = LlmAnnotator(slow, background)
    conversations = talks(5, turns=3)
    annotator.prepare(conversations)  # which returns, though nothing may be answered yet
    wait_for(lambda: slow.begun == 15)
    slow.may.set()
    for conversation in conversations:
        found = annotator.annotate(conversation)
        assert [one.key for one in found] == [(conversation.id, at) for at in (0, 2, 4)]


def test_the_next_batch_is_in_flight_before_the_first_is_given_back(background):
    slow = Slow()
    labelled = label(iter(talks(3 * AHEAD)), LlmAnnotator(slow, background))
    first: list[str] = []
    reader = threading.Thread(target=lambda: first.append(next(labelled)[0].id))
    reader.start()
    wait_for(lambda: slow.begun == 2 * AHEAD)
    assert first == []
    slow.may.set()
    reader.join()
    assert first == ["talk 0"]
    assert len(list(labelled)) == 3 * AHEAD - 1
    assert slow.begun == slow.prepared == 3 * AHEAD


def test_what_was_not_prepared_is_asked_when_it_is_needed(background):
    slow = Slow()
    slow.may.set()
    (talk,) = talks(1)
    assert [one.label for one in LlmAnnotator(slow, background).annotate(talk)] == ["HELLO"]


def test_conversations_of_one_id_are_not_mixed_up(background, taxonomy):
    one = Conversation("same", (Turn("customer", "what does my bike cost"),))
    other = Conversation("same", (Turn("customer", "how much is the boat"),))
    asker = RuleAsker(
        lambda question: single_answer(
            turn_evidence=[question.values["shown"].turn.text], history_evidence=[]
        )
    )
    annotator = LlmAnnotator(Single(asker, taxonomy), background)
    annotator.prepare([one, other])
    for conversation in (other, one):
        evidence = annotator.annotate(conversation)[0].evidence
        assert evidence[0].text == conversation.turns[0].text


def test_a_label_of_too_little_confidence_is_taken_back(background):
    slow = Slow()
    slow.may.set()
    slow.confidence = 0.3
    annotator = LlmAnnotator(slow, background, LabellingConfig(abstain_below=0.5))
    (found,) = annotator.annotate(talks(1)[0])
    assert found.label is None
    assert found.runners_up == (("HELLO", 0.3),)
    assert found.rationale == "Abstained: confidence under 0.50."
    assert not is_unusable(found)


def test_unusable_answers_are_counted_apart(background, taxonomy):
    annotator = LlmAnnotator(Single(RuleAsker(lambda question: None), taxonomy), background)
    found = annotator.annotate(talks(1, turns=2)[0])
    assert len(found) == 4
    assert all(map(is_unusable, found))


def test_an_error_stops_the_labelling_and_gives_up_what_was_begun(background):
    class Broke(Slow):
        async def turn(self, example: Example) -> tuple[Annotation, ...]:
            if example.conversation.id == "talk 1":
                raise TurnwiseError("no budget left")
            return await super().turn(example)

    broke = Broke()
    annotator = LlmAnnotator(broke, background)
    conversations = talks(4)
    annotator.prepare(conversations)
    broke.may.set()
    assert annotator.annotate(conversations[0])
    broke.may.clear()
    with pytest.raises(TurnwiseError, match="no budget left"):
        annotator.annotate(conversations[1])
    assert annotator._begun == {}
