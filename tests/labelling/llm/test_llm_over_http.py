"""Every strategy from end to end: prompts over HTTP to a local server, answers kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.labelling.llm.model_server import Server
from tests.llm.chat_server import serving
from turnwise.conversations import Conversation, Turn
from turnwise.labelling import LabellingConfig, label
from turnwise.labelling.annotator import VARIANTS
from turnwise.labelling.demonstrations import shelve, single_turn_examples
from turnwise.labelling.ensemble import EnsembleAnnotator
from turnwise.labelling.llm import (
    Clara,
    Lara,
    LlmAnnotator,
    Retriever,
    Single,
    Strategy,
    TwoStage,
    ZeroShot,
    is_unusable,
)
from turnwise.llm import Background, Budget, Client, Endpoint, MemoryAnswers

Make = Callable[[Client, Retriever], Strategy]
STRATEGIES: dict[str, tuple[Make, int]] = {  # and how many questions a turn makes
    "single": (lambda client, retriever: Single(client, retriever.taxonomy), 1),
    "zero-shot": (lambda client, retriever: ZeroShot(client, retriever.taxonomy), 1),
    "two-stage": (lambda c, retriever: TwoStage(Single(c, retriever.taxonomy), c), 2),
    "clara": (lambda client, retriever: Clara(Lara(client, retriever)), 3),
    **{
        f"lara {variant}": (lambda client, r, variant=variant: Lara(client, r, variant), 1)
        for variant in VARIANTS
    },
}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running


@pytest.fixture
def background() -> Iterator[Background]:
    with Background() as running:
        yield running


@pytest.fixture
def retriever(taxonomy, seed, encoder) -> Retriever:
    shelves = shelve(single_turn_examples(taxonomy, seed), encoder)
    config = LabellingConfig(candidates=3, demonstrations=2)
    return Retriever(taxonomy, shelves, shelves, config)


@pytest.fixture
def talks() -> list[Conversation]:
    def talk(number: int, thing: str) -> Conversation:
        said = (
            f"please repair my {thing} number {number}",
            f"Shall we look at the {thing}?",
            "yes",
            "Done.",
            "and how much is that",
        )
        roles = ("customer", "agent", "customer", "agent", "customer")
        return Conversation(f"talk {number}", tuple(map(Turn, roles, said)))

    return [talk(number, ("bike", "boat")[number % 2]) for number in range(6)]


def client_of(server: Server, answers: MemoryAnswers, **limits) -> Client:
    return Client(Endpoint(server.url, "small"), answers, Budget(**limits))


def expected(conversation: Conversation) -> dict[tuple[int, str], str]:
    product = "Boat" if "boat" in conversation.turns[0].text else "Bike"
    wishes = {0: "REPAIR", 2: "ANSWER", 4: "PRICE"}
    return {
        (turn, name): label
        for turn, wish in wishes.items()
        for name, label in (("product", product), ("wish", wish))
    }


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_turn_gets_its_labels_and_a_second_run_pays_nothing(
    name, server, background, retriever, talks
):
    make, questions = STRATEGIES[name]
    answers = MemoryAnswers()
    asked = []
    for _ in range(2):
        client = client_of(server, answers)
        annotator = LlmAnnotator(make(client, retriever), background)
        for conversation, found in label(talks, annotator):
            final = [one for one in found if one.source == annotator.source]
            got = {(one.turn, one.dimension): one.label for one in final}
            assert got == expected(conversation)
            assert all(one.source.name == f"{name.split()[0]} small" for one in final)
        asked.append(server.asked.total())
    assert asked == [3 * questions * len(talks)] * 2


def test_two_stage_after_single_pays_the_reviews_alone(server, background, retriever, talks):
    client = client_of(server, MemoryAnswers())
    for name in ("single", "two-stage"):
        make, _ = STRATEGIES[name]
        list(label(talks, LlmAnnotator(make(client, retriever), background)))
    assert server.asked == {"label": 18, "review": 18}


def test_an_ensemble_shares_what_its_members_ask(server, background, retriever, talks, taxonomy):
    client = client_of(server, MemoryAnswers())
    members = [
        LlmAnnotator(STRATEGIES[name][0](client, retriever), background)
        for name in ("single", "two-stage", "zero-shot")
    ]
    ensemble = EnsembleAnnotator(members, taxonomy)
    for conversation, found in label(talks, ensemble):
        final = {
            (one.turn, one.dimension): one.label for one in found if one.source == ensemble.source
        }
        assert final == expected(conversation)
    assert server.asked == {"label": 36, "review": 18}


def test_useless_answers_cost_their_turn_alone(server, background, retriever, talks):
    server.fail = re.compile("number 3")
    client = client_of(server, MemoryAnswers())
    annotator = LlmAnnotator(Single(client, retriever.taxonomy), background)
    for conversation, found in label(talks, annotator):
        lost = [one.turn for one in found if one.label is None]
        assert lost == ([0, 0] if conversation.id == "talk 3" else [])
        assert all(is_unusable(one) for one in found if one.label is None)
    assert client.spend.unusable == 1


def test_a_budget_stops_it_and_a_larger_one_goes_on(server, background, retriever, talks):
    answers, budget = MemoryAnswers(), Budget(calls=7)
    few = Single(Client(Endpoint(server.url, "small"), answers, budget), retriever.taxonomy)
    with Background() as stopped:  # whose end waits for what is on the wire
        found = [one for _, said in label(talks, LlmAnnotator(few, stopped)) for one in said]
    reached = {(one.conversation_id, one.turn) for one in found}
    assert len(reached) == server.asked.total() == 7
    assert "7 calls" in budget.reached
    client = client_of(server, answers)
    annotator = LlmAnnotator(Single(client, retriever.taxonomy), background)
    assert len(list(label(talks, annotator))) == len(talks)
    assert server.asked.total() == 18
