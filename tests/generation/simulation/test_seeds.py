"""What a simulation begins with: openings of the logs, the most frequent first."""

from __future__ import annotations

import pytest

from tests.generation.repair_logs import labels
from turnwise.conversations import Conversation, Turn
from turnwise.errors import GenerationError
from turnwise.generated import LabelledConversation
from turnwise.generation.emission.words import plain
from turnwise.generation.simulation import seed_queries

BIKE, BOAT = labels("Bike", "REPAIR"), labels("Boat", "PRICE")


def logged(id: str, *said: str, of=BIKE, market: str = "") -> LabelledConversation:
    turns = tuple(Turn("customer", text) for text in said)
    conversation = Conversation(id, turns, market=market, locale=market.lower())
    return LabelledConversation(conversation, dict.fromkeys(range(len(turns)), of))


def test_the_most_frequent_openings_come_first_whatever_their_case_and_marks():
    logs = [logged("a", "my bike is broken")]
    logs += [logged(f"b{n}", ("My wheel fell off!", "my wheel fell off")[n % 2]) for n in range(3)]
    first, second = seed_queries(logs, "product")
    assert (first.text.lower().strip("!"), first.count) == ("my wheel fell off", 3)
    assert (second.text, second.count, second.source) == ("my bike is broken", 1, "a#0")


def test_every_domain_has_its_share():
    logs = [logged(f"a{n}", f"my bike number {n} is broken") for n in range(9)]
    logs.append(logged("b", "what is a new sail", of=BOAT))
    found = [seed.labels["product"] for seed in seed_queries(logs, "product", per_domain=4)]
    assert found == ["Bike"] * 4 + ["Boat"]


def test_without_a_dimension_of_domains_every_label_has_its_share():
    logs = [logged(f"a{n}", f"my bike number {n} is broken") for n in range(9)]
    logs += [logged(f"b{n}", f"what is sail {n}, please", of=BOAT) for n in range(3)]
    assert len(seed_queries(logs, None, per_domain=2)) == 4


def test_markets_are_kept_apart():
    logs = [logged(id, "my bike is broken", market=id) for id in ("DE", "US")]
    assert [(one.market, one.locale) for one in seed_queries(logs, None)] == [
        ("DE", "de"),
        ("US", "us"),
    ]


def test_a_greeting_is_passed_over_for_what_follows_it():
    (seed,) = seed_queries([logged("a", "hi", "my bike is broken")], "product")
    assert seed.source == "a#1"


def test_scripts_without_spaces_have_openings_too():
    (seed,) = seed_queries([logged("a", "我的自行车坏了可以帮我修理一下吗")], "product")
    assert seed.conversation_id == "a"


def test_the_order_of_the_logs_makes_no_difference(logs):
    assert seed_queries(logs, "product") == seed_queries(reversed(logs), "product")


def test_logs_without_an_opening_say_what_to_do():
    with pytest.raises(GenerationError, match="turnwise label"):
        seed_queries([logged("a", "hi", "yo")], "product")


def test_what_must_not_be_said_opens_nothing_not_even_behind_a_greeting():
    logs = [logged("a", "My bike is broken!"), logged("b", "hello, my bike is broken")]
    logs.append(logged("c", "my wheel fell off"))
    (seed,) = seed_queries(logs, "product", avoided=lambda text: plain(text) == "my bike is broken")
    assert seed.source == "c#0"
