"""What discovery can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from turnwise.errors import ConfigError

By = Literal["embedded", "llm"]
Method = Literal["auto", "kmeans", "gmm", "ward", "average", "hdbscan", "graph"]
Sampling = Literal["random", "nearest", "farthest", "convex"]
Roles = Literal["customer", "both"]
MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class DiscoveryConfig:
    """Settings of discovery.

    Attributes:
        by: who judges and names clusters: statistics and rules of this machine, or language
            models. crowd: endpoints whose majority judges, by name; empty: the teacher alone.
        roles: whose turns are read.
        method: the base clustering; `auto`: what did best in measurements, `graph`.
        candidates: cluster counts (or resolutions, for `graph`) that each round tries; empty:
            laid out by the number of utterances.
        prune: after the first round try only the candidates that the log of earlier ones
            promises (five).
        rounds: at most. epsilon: bad clusters at which the loop ends, 0 or more.
        theta: cosine distance of two names under which their clusters are merged, in [0, 1].
        sampling: which utterances stand for a cluster before a judge that reads; sample: how
            many; repeats: how often it is asked, the majority holding; dimensions: of `convex`.
        keyphrases: add what an utterance's keyphrases say to its vector; for turns that ramble.
        adapt: adapt the vectors to these logs, without labels; English ones are encoded a second
            time for it, as what a customer wants.
        levels: of the proposed tree, 1 to 3; 1 is flat.
        smallest: distinct utterances that make a cluster at least.
        seed: of whatever is drawn.
    """

    by: By = "embedded"
    crowd: tuple[str, ...] = ()
    roles: Roles = "customer"
    method: Method = "auto"
    candidates: tuple[float, ...] = ()
    prune: bool = True
    rounds: int = 5
    epsilon: int = 2
    theta: float = 0.1
    sampling: Sampling = "convex"
    sample: int = 20
    repeats: int = 1
    dimensions: int = 2
    keyphrases: bool = False
    adapt: bool = True
    levels: int = 2
    smallest: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        for value, field, known in (
            (self.by, "by", get_args(By)),
            (self.roles, "roles", get_args(Roles)),
            (self.method, "method", get_args(Method)),
            (self.sampling, "sampling", get_args(Sampling)),
        ):
            if value not in known:
                hint = f"Known: {', '.join(known)}"
                raise ConfigError(
                    f"there is no {field} {value!r}", field=f"discovery.{field}", hint=hint
                )
        self._check_numbers()
        self._check_candidates()

    def _check_numbers(self) -> None:
        for field, value, least, most in (
            ("rounds", self.rounds, 1, 50),
            ("epsilon", self.epsilon, 0, 10_000),
            ("theta", self.theta, 0.0, 1.0),
            ("sample", self.sample, 3, 100),
            ("repeats", self.repeats, 1, 9),
            ("dimensions", self.dimensions, 2, 8),
            ("levels", self.levels, 1, 3),
            ("smallest", self.smallest, 2, 10_000),
            ("seed", self.seed, 0, 2**32 - 1),
        ):
            if not least <= value <= most:
                raise ConfigError(
                    f"{value} is out of range",
                    field=f"discovery.{field}",
                    hint=f"Give a number from {least} to {most}",
                )

    def _check_candidates(self) -> None:
        if len(self.candidates) > MOST_CANDIDATES:
            raise ConfigError(
                f"{len(self.candidates)} candidates are too many to try in each round",
                field="discovery.candidates",
                hint=f"Give {MOST_CANDIDATES} at most",
            )
        if any(not (one > 0 and math.isfinite(one)) for one in self.candidates):
            raise ConfigError(
                "a candidate is a number of clusters, or a resolution, over 0",
                field="discovery.candidates",
            )
