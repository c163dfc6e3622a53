"""What must not be said never comes out, whoever made it: marks and case make no difference."""

from __future__ import annotations

import pytest

from tests.generation.ambiguity.parcel_shop import CANCEL, HOURS, LOGS, LOST, WHEN, WISH, sets_of
from turnwise.conversations import Conversation, Turn
from turnwise.generated import LabelledConversation
from turnwise.generation.asking import Tally
from turnwise.generation.config import GenerationConfig
from turnwise.generation.emission.words import plain
from turnwise.generation.generate import AVOIDED, generate
from turnwise.generation.material import Helpers, Material


def talk(name: str, text: str, labels) -> LabelledConversation:
    return LabelledConversation(Conversation(name, (Turn("customer", text),)), {0: dict(labels)})


QUERIES = [
    talk(f"{place}-{at}", one.text, one.labels)
    for at in range(2)
    for place, one in enumerate((LOST, WHEN, CANCEL, HOURS))
]
OTHERS = [talk(f"other {at}", text, {}) for at, text in enumerate(LOGS)]


def material(*avoid: str) -> Material:
    return Material(WISH, "wish", QUERIES + OTHERS, avoid)


def made(method, *avoid: str):
    tally = Tally()
    helpers = Helpers(encoder=None, sets=sets_of())
    config = GenerationConfig(method=method, conversations=8, dropout=0.0)
    return list(generate(material(*avoid), config, helpers, tally)), tally


def shouted(text: str) -> str:
    return f"{text.upper().rstrip('.')}!!"


def test_a_clear_query_is_none_that_must_not_be_said():
    texts = [one.text for one in material().clear_queries(10, 0)]
    assert LOST.text in texts
    avoiding = material(shouted(LOST.text)).clear_queries(10, 0)
    assert [one.text for one in avoiding] == [text for text in texts if text != LOST.text]


def test_clear_queries_of_the_same_words_are_one():
    logs = [talk("a", "Cancel it, please.", {"wish": "CANCEL_ORDER"})]
    logs += [talk("b", "cancel it please", {"wish": "CANCEL_ORDER"})]
    assert len(Material(WISH, "wish", logs).clear_queries(10, 0)) == 1


@pytest.mark.parametrize(("method", "place"), [("ambiguous", 0), ("clarify", 0), ("clarify", 2)])
def test_what_became_a_text_to_avoid_is_dropped_and_counted(method, place):
    whole, _ = made(method)
    avoid = shouted(whole[0].turns[place].text)
    left, tally = made(method, avoid)
    assert plain(avoid) not in {plain(turn.text) for one in left for turn in one.turns}
    assert (tally.queries + tally.dropped)[AVOIDED] > 0


def test_no_simulated_customer_begins_with_what_must_not_be_said():
    def begun(*avoid: str) -> set[str]:
        config = GenerationConfig(method="simulate", conversations=20)
        talks = generate(material(*avoid), config, Helpers(encoder=None), Tally())
        return {one.turns[0].text for one in talks}

    assert LOST.text in begun()
    assert begun(shouted(LOST.text)) == begun() - {LOST.text}
