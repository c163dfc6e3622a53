"""What share of an endpoint's throughput `llm` generation reaches, asked of a stand-in."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from benchmarks.generation_data import INTENT
from benchmarks.labelling_stage import TAXONOMY
from benchmarks.llm_behaviour import Behaviour
from benchmarks.llm_server import running
from benchmarks.runner import Figures
from turnwise.conversations import examples
from turnwise.formats import read
from turnwise.generated import LabelledConversation
from turnwise.generation.asking import Said
from turnwise.generation.chains import ChainSampler, estimate_chains
from turnwise.generation.emission.llm import LlmEmission
from turnwise.generation.material import Material
from turnwise.llm import Background, Client, Endpoint, MemoryAnswers, Question, Reply
from turnwise.llm.tasks import A
from turnwise.sampling import stable_hash
from turnwise.taxonomy import load_taxonomy

IN_FLIGHT, LATENCY = 16, 0.1


@dataclass(frozen=True)
class Varied:
    """An asker whose answers differ from question to question, as those of the stand-in do not.

    What is said is short enough to be said again; without it, equal histories would make equal
    questions, which are asked once.
    """

    asker: Client

    @property
    def source_name(self) -> str:
        return self.asker.source_name

    async def ask(self, question: Question[A]) -> Reply[A]:
        """Ask, and put another text in the place of what is answered."""
        reply = await self.asker.ask(question)
        if not isinstance(reply.value, Said):
            return reply
        number = stable_hash(repr(sorted(question.values.items()))) % 10_000
        return replace(reply, value=reply.value.model_copy(update={"text": f"yes, {number} then"}))


def calls(conversations: int) -> Figures:
    """Write conversations of the Larkspur sample's chains; nothing is kept from before.

    Returns:
        of_ideal: calls a second over those that the endpoint could answer, from the first call
        to the last conversation; reused: turns whose question was asked before.
    """
    logs = [
        LabelledConversation(
            one.conversation,
            {
                each.index: {name: gold[0] for name, gold in each.gold.items()}
                for each in examples(one.conversation)
            },
        )
        for one in read(TAXONOMY.with_name("conversations.jsonl"))
        if one.conversation
    ]
    taxonomy = load_taxonomy(TAXONOMY)
    sampler = ChainSampler(estimate_chains(logs, taxonomy.dimension_names, intent=INTENT))
    chains = [sampler.chain(0, number) for number in range(conversations)]
    material = Material(taxonomy, INTENT, logs)
    with running(Behaviour(latency=LATENCY)) as server, Background() as background:
        endpoint = Endpoint(server.url, "stand-in", concurrency=IN_FLIGHT)
        client = Client(endpoint, MemoryAnswers())
        emission = LlmEmission(chains, material.pools, Varied(client), background, material.checks)
        start = time.perf_counter()
        made = list(emission)
        seconds = time.perf_counter() - start
        asked = client.spend.calls
        background.submit(client.close()).result()
    turns = sum(len(one.turns) for one in made)
    return {
        "of_ideal": round(asked / seconds / (IN_FLIGHT / LATENCY), 3),
        "calls": asked,
        "turns": turns,
        "reused": turns - asked,
        "conversations": len(made),
        "dropped": sum(one.count for one in emission.dropped),
        "calls_per_second": round(asked / seconds, 1),
        "in_flight": IN_FLIGHT,
        "latency": LATENCY,
    }
