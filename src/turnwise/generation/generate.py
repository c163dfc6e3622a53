"""The stage: labelled turns and a taxonomy -> conversations that nobody held.

chains         statistics of the logs, and chains of intents drawn from them
emission       a turn for every state of a chain: examples, adapted examples, or a model's own words
simulation     a customer and an agent under a controller
ambiguity      queries that several labels fit
clarification  the talks that settle them
quality        rates what was made, `ranking` its answers; `corpus` writes it down for others
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from turnwise.generated import GeneratedConversation
from turnwise.generation.ambiguity import (
    AmbiguityMaker,
    Ambiguous,
    EmbeddedAmbiguity,
    LlmAmbiguity,
    Phrasing,
    make_ambiguous,
)
from turnwise.generation.ambiguity.llm import UNFINISHED
from turnwise.generation.asking import Tally
from turnwise.generation.chains import ChainSampler, UniformSampler, estimate_chains
from turnwise.generation.chains.sampling import Sampler
from turnwise.generation.clarification import (
    Cast,
    EmbeddedAssistant,
    EmbeddedCustomer,
    EmbeddedJudge,
    Judge,
    LlmAssistant,
    LlmCustomer,
    LlmJudge,
    clarify,
)
from turnwise.generation.config import GenerationConfig
from turnwise.generation.emission.emit import Emitted, emit
from turnwise.generation.emission.llm import LlmEmission
from turnwise.generation.material import Helpers, Material
from turnwise.generation.quality.wording import words
from turnwise.generation.simulation import (
    Exchanges,
    embedded_players,
    llm_players,
    mix_of,
    seed_queries,
    simulate,
)
from turnwise.progress import Progress, silent

AVOIDED = "what was made became a text to avoid"


@dataclass(frozen=True)
class _Job:
    """One generation: what of, how, by whom, and what became of it."""

    material: Material
    config: GenerationConfig
    helpers: Helpers
    tally: Tally
    progress: Progress


def generate(
    material: Material,
    config: GenerationConfig,
    helpers: Helpers,
    tally: Tally,
    progress: Progress = silent,
) -> Iterator[GeneratedConversation]:
    """Make conversations that nobody held, one after the other.

    The same material, settings and helpers give the same conversations; a model that answered
    once is not asked again, so that a run that was killed goes on.

    Args:
        tally: counts what was dropped and why, and how talks ended; whole when all are made.

    Raises:
        GenerationError: there is too little to make conversations of.
        ConfigError: no one is there to write or to read as the method needs it.
        EndpointError: a language model answers no question.
    """
    job = _Job(material.of_market(config.market), config, helpers, tally, progress)
    for done, one in enumerate(_METHODS[config.method](job), 1):
        progress("generate", done, config.conversations)
        yield one
    for counts in (tally.dropped, tally.queries):
        tally.unfinished += counts.pop(UNFINISHED, 0)


def _emitted(job: _Job) -> Iterator[GeneratedConversation]:
    """Examples in the order of a chain, as they are or adapted to what was said before."""
    method: Emitted = "embedded"
    if job.config.method == "random" or job.config.method == "hmm":
        method = job.config.method
    material, config = job.material, job.config
    made = emit(
        _chains(job),
        material.pools,
        method,
        config.seed,
        reader=job.helpers.reader,
        market=config.market,
        locale=material.locale,
    )
    yield from made
    for one in made.dropped:
        (job.tally.turns if one.what == "turns" else job.tally.dropped)[one.reason] += one.count
    job.tally.rewritten, job.tally.misread = made.rewritten, made.misread
    job.tally.shortened = made.shortened


def _written(job: _Job) -> Iterator[GeneratedConversation]:
    """A chain in a language model's own words."""
    asker, background = job.helpers.writer()
    material, config = job.material, job.config
    yield from LlmEmission(
        _chains(job),
        material.pools,
        asker,
        background,
        material.checks,
        config.seed,
        job.helpers.reader,
        config.market,
        material.locale,
        at_once=job.helpers.at_once,
        tally=job.tally,
    )


def _chains(job: _Job) -> Iterator[tuple[tuple[str, ...], ...]]:
    material, config = job.material, job.config
    found = estimate_chains(
        material.logs, material.taxonomy.dimension_names, intent=material.intent
    )
    sampler: Sampler = (
        UniformSampler(found)
        if config.method == "random"
        else ChainSampler(found, switching=config.switching)
    )
    return (sampler.chain(config.seed, number) for number in range(config.conversations))


def _simulated(job: _Job) -> Iterator[GeneratedConversation]:
    """A customer and an agent, played by rules or by a model."""
    material, config = job.material, job.config
    exchanges = Exchanges(material.pools, job.helpers.encoder)
    players, background = embedded_players(exchanges), None
    if config.asks:
        asker, background = job.helpers.writer()
        players = llm_players(asker, material.taxonomy, exchanges, material.checks)
    domain = "domain" if "domain" in material.taxonomy else None
    yield from simulate(
        players,
        seed_queries(material.logs, domain, avoided=material.is_avoided),
        range(config.conversations),
        seed=config.seed,
        mix=mix_of(config.moves),
        most_turns=config.turns,
        background=background,
        tally=job.tally,
        at_once=job.helpers.at_once,
    )


def _ambiguous(job: _Job) -> Iterator[GeneratedConversation]:
    """Queries that several labels fit, each a conversation of one turn."""
    for number, one in enumerate(_openings(job)):
        yield one.conversation(f"ambiguous-{job.config.seed}-{number}")


def _clarified(job: _Job) -> Iterator[GeneratedConversation]:
    """Talks that begin with such a query and end in what was meant."""
    for one in clarify(
        list(_openings(job)),
        job.material.taxonomy,
        _cast(job),
        dropped=job.tally.dropped,
        dropout=job.config.dropout,
        seed=job.config.seed,
        check=job.material.checks[0].fault,
        progress=job.progress,
    ):
        if any(job.material.is_avoided(turn.text) for turn in one.turns):
            job.tally.dropped[AVOIDED] += 1
        else:
            yield one


def _openings(job: _Job) -> Iterator[Ambiguous]:
    queries = job.material.clear_queries(job.config.conversations, job.config.seed)
    for one in make_ambiguous(
        queries,
        _maker(job),
        dropped=job.tally.queries,
        seed=job.config.seed,
        progress=job.progress,
    ):
        if any(map(job.material.is_avoided, (one.text, *(said.text for said in one.clear)))):
            job.tally.queries[AVOIDED] += 1
        else:
            yield one


def _maker(job: _Job) -> AmbiguityMaker:
    sets, said = job.helpers.readings(), job.material.customer_texts
    if not job.config.asks:
        return EmbeddedAmbiguity(sets, Phrasing.of(said))
    asker, background = job.helpers.writer()
    return LlmAmbiguity(asker, background, job.material.taxonomy, said, sets)


def _cast(job: _Job) -> Cast:
    """Players, and a judge that is none of them where there is a model for it."""
    sets, taxonomy = job.helpers.readings(), job.material.taxonomy
    known = {word for text in job.material.customer_texts for word in words(text)}
    judge: Judge = EmbeddedJudge(sets, known)
    if not job.config.asks:
        return Cast(EmbeddedAssistant(sets), EmbeddedCustomer(sets), judge)
    asker, background = job.helpers.writer()
    if job.helpers.judge is not None:
        judge = LlmJudge(job.helpers.judge, background, taxonomy)
    assistant = LlmAssistant(asker, background, taxonomy, job.material.checks[1].fault)
    return Cast(assistant, LlmCustomer(asker, background), judge)


_METHODS: dict[str, Callable[[_Job], Iterator[GeneratedConversation]]] = {
    "random": _emitted,
    "hmm": _emitted,
    "embedded": _emitted,
    "llm": _written,
    "simulate": _simulated,
    "ambiguous": _ambiguous,
    "clarify": _clarified,
}
