"""Topic flow: how near in meaning a customer's turns are to the ones before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from turnwise.encoders.encoder import Encoder, distinct_texts
from turnwise.generation.quality.talks import Talk
from turnwise.progress import Progress, silent


def topic_flows(
    talks: Sequence[Talk], encoder: Encoder, progress: Progress = silent
) -> list[float]:
    """Return for each conversation the mean cosine of neighbouring customer turns, in [-1, 1];
    NaN for one with a single turn."""
    texts, places = distinct_texts([text for talk in talks for text in talk.customer])
    vectors = encoder.encode(texts, progress)
    flows, first = [], 0
    for talk in talks:
        rows = places[first : first + len(talk.customer)]
        first += len(rows)
        cosines = [float(vectors[one] @ vectors[other]) for one, other in pairwise(rows)]
        flows.append(sum(cosines) / len(cosines) if cosines else math.nan)
    return flows
