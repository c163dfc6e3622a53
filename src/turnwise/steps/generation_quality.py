"""Generated conversations, rated beside the logs: the best of them, a table and a page."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from turnwise.evaluation import markup
from turnwise.evaluation.generation import dropped_section, quality_section
from turnwise.generated import Dropped, GeneratedConversation, LabelledConversation
from turnwise.generation.chains import ChainSampler, estimate_chains
from turnwise.generation.config import GenerationConfig
from turnwise.generation.material import Helpers, Material
from turnwise.generation.quality.filtering import keep_best
from turnwise.generation.quality.judging import (
    EmbeddedSessionJudge,
    LlmSessionJudge,
    SessionJudge,
)
from turnwise.generation.quality.proxies import Quality, measure, measure_logs
from turnwise.generation.quality.reference import Reference
from turnwise.progress import Progress
from turnwise.sampling import stable_hash

SESSION, SDRS = "session", "sdrs"  # names of scores
MOST_LOGS = 200  # conversations of the logs that are rated beside; no more than were made


@dataclass(frozen=True, slots=True)
class Rated:
    """What was made, and how good it is.

    Attributes:
        kept: the best rated. dropped: the others, by reason.
        rows: measures of the logs, and of what was kept.
    """

    kept: tuple[GeneratedConversation, ...]
    dropped: tuple[Dropped, ...]
    rows: tuple[Quality, ...]

    @property
    def maker(self) -> str:
        """Who wrote them."""
        return ", ".join(sorted({one.maker for one in self.kept}))

    def page(
        self,
        title: str,
        facts: Mapping[str, str],
        beside: Sequence[Quality] = (),
        dropped: Sequence[Dropped] = (),
    ) -> str:
        """The measures as an HTML page, which quotes no customer; other sets stand beside."""
        header = f"<header>{markup.heading(title)}{markup.facts([*facts.items()])}</header>"
        without = markup.section(dropped_section(dropped), "dropped") if dropped else ""
        if not self.rows:
            return markup.page(title, header + markup.paragraph("Nothing was kept.") + without)
        section = markup.section(quality_section((*self.rows, *beside)), "quality")
        return markup.page(title, f"{header}{section}{without}")


def rate(
    made: Sequence[GeneratedConversation],
    material: Material,
    config: GenerationConfig,
    helpers: Helpers,
    progress: Progress,
) -> Rated:
    """Rate conversations against the logs that they were made of, and keep the best.

    Talks that clarify are rated by SDRS, and single queries not at all; all else as whole
    conversations: by a model that wrote none of them, or by comparing measures with the logs'.
    """
    if not made:
        return Rated((), (), ())
    dimensions = material.taxonomy.dimension_names
    chains = ChainSampler(estimate_chains(material.logs, dimensions, intent=material.intent))
    reference = Reference.of(
        material.logs, dimensions, log_likelihood=chains.log_likelihood, encoder=helpers.encoder
    )
    if config.method == "ambiguous":
        row = measure(config.method, made, reference, progress=progress)
        return Rated(tuple(made), (), (measure_logs(reference, progress=progress), row))
    judge = _judge(reference, helpers, progress)
    ratings = judge.rate(made, progress)
    scored = [
        replace(one, scores={**one.scores, SESSION: rating.score}) if rating.rated else one
        for one, rating in zip(made, ratings, strict=True)
    ]
    name = SDRS if any(SDRS in one.scores for one in scored) else SESSION
    # A budget may end before anything is rated: what was made stays all the same.
    share = config.keep if any(name in one.scores for one in scored) else 1.0
    filtered = keep_best(scored, name, share)
    held = [one.score for one in judge.rate(_beside(material, reference, len(made)), progress)]
    kept = [one.scores[SESSION] for one in filtered.kept if SESSION in one.scores]
    rows = (
        measure_logs(reference, ratings=held, progress=progress),
        measure(config.method, filtered.kept, reference, ratings=kept, progress=progress),
    )
    return Rated(filtered.kept, filtered.dropped, rows)


def _beside(material: Material, reference: Reference, made: int) -> list[LabelledConversation]:
    """Conversations of the logs that are rated beside, by lowest hash: a model is paid for each."""
    apart = {one.id for one in reference.held}
    logs = [one for one in material.logs if one.conversation.id in apart]
    most = min(made, MOST_LOGS)
    return heapq.nsmallest(most, logs, key=lambda one: stable_hash(one.conversation.id))


def _judge(reference: Reference, helpers: Helpers, progress: Progress) -> SessionJudge:
    """A model that wrote none of it, where there is one."""
    if helpers.judge is not None and helpers.background is not None:
        return LlmSessionJudge(helpers.judge, helpers.background)
    return EmbeddedSessionJudge(reference, progress)
