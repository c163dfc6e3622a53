"""Keeping the best rated part of generated conversations: S3 keeps the top 85% by SDRS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.errors import ConfigError, GenerationError
from turnwise.generated import Dropped, GeneratedConversation

KEPT = 0.85
TOLD = {"session": "rated", "sdrs": "SDRS"}  # scores as people read them


@dataclass(frozen=True, slots=True)
class Filtered:
    """What a filter kept.

    Attributes:
        kept: in the order in which they came.
        score: name of what was looked at; threshold: what is lower was dropped; NaN where
            everything was kept unseen.
        dropped: how many for which reason.
        dropped_ids: of the conversations that were dropped, in their order.
    """

    kept: tuple[GeneratedConversation, ...]
    score: str
    threshold: float
    dropped: tuple[Dropped, ...] = ()
    dropped_ids: tuple[str, ...] = ()


def keep_best(
    conversations: Sequence[GeneratedConversation], score: str, share: float = KEPT
) -> Filtered:
    """Keep the share of the conversations that a score is highest for.

    As many are kept as make up the share, rounded up, and all that tie with the last of them:
    more than the share, where many are rated alike. A conversation that was not rated is dropped,
    and counts for nothing.

    Args:
        score: name of one of `GeneratedConversation.scores`.
        share: in (0, 1]; with 1 all are kept, rated or not.

    Raises:
        ConfigError: the share is out of its range.
        GenerationError: there are conversations, and none has that score.
    """
    if not 0 < share <= 1:
        raise ConfigError(f"{share} is not above 0 and at most 1", field="generation.keep")
    if share == 1 or not conversations:
        return Filtered(tuple(conversations), score, math.nan)
    values = [one.scores.get(score, math.nan) for one in conversations]
    rated = sorted((value for value in values if not math.isnan(value)), reverse=True)
    if not rated:
        raise GenerationError(
            f"no conversation has a score {score!r} to choose by: rate them first, or keep all"
        )
    threshold = rated[math.ceil(share * len(rated) - 1e-9) - 1]
    pairs = list(zip(conversations, values, strict=True))
    reasons = {
        "not rated": sum(map(math.isnan, values)),
        f"{TOLD.get(score, score)} under {threshold:.3g}, the best {share:.0%} were kept": sum(
            value < threshold for value in values
        ),
    }
    return Filtered(
        kept=tuple(one for one, value in pairs if value >= threshold),
        score=score,
        threshold=threshold,
        dropped=tuple(Dropped(reason, count) for reason, count in reasons.items() if count),
        dropped_ids=tuple(one.id for one, value in pairs if not value >= threshold),
    )
