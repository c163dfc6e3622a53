"""How a stand-in for a language-model server behaves: well, as real ones do, or faultily."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

Json = Any  # what json.loads gives

# What an answer may suffer, by the name under which it is chosen and counted.
REFUSALS = {"429": 429, "429-seconds": 429, "429-date": 429, "500": 500, "503": 503}
BREAKS = ("hang", "cut-before", "cut-body", "html", "truncated-body")  # no answer arrives whole
DAMAGES = (  # an answer arrives, but not the right one
    "truncated-json", "length", "wrong-label", "empty-choices", "null-content", "duplicate-keys",
    "huge", "ignored",
)  # fmt: skip
HARMLESS = ("prose", "fences", "no-usage")  # the right answer, in a wrapping
FAULTS = (*REFUSALS, *BREAKS, *DAMAGES, *HARMLESS)


@dataclass(frozen=True)
class Behaviour:
    """How the server behaves.

    Attributes:
        latency: seconds that an answer takes.
        faults: name (`FAULTS`) -> share of requests, in [0, 1], that suffer it. Which ones is
            decided by the seed, the prompt, and how often it was asked.
        script: what the first, second, ... ask of every prompt suffers; "" for nothing. Chance
            decides what comes after.
        most_faults: that one prompt suffers by chance; None for no limit.
        retry_after: seconds that 429-seconds and 429-date tell.
        json_schema, json_object: what becomes of such a response_format: it is enforced, refused
            with 500, or ignored.
        strict: 422 for a field of the request that is not known.
        key: that must be sent, else 401; empty for none.
        models: that are known; empty: any name will do.
        unknown_model: the status for another one.
        context: tokens of a prompt at most, else 400; None for no limit.
        usage: whether answers tell their tokens.
        fixed, quote: see `llm_answers.instance`.
    """

    latency: float = 0.0
    seed: int = 0
    faults: Mapping[str, float] = field(default_factory=dict)
    script: tuple[str, ...] = ()
    most_faults: int | None = None
    retry_after: int = 1
    json_schema: str = "enforced"
    json_object: str = "enforced"
    strict: bool = False
    key: str = ""
    models: tuple[str, ...] = ()
    unknown_model: int = 404
    context: int | None = None
    usage: bool = True
    fixed: Mapping[str, Json] = field(default_factory=dict)
    quote: str = ""

    def __post_init__(self) -> None:
        if unknown := {*self.faults, *filter(None, self.script)}.difference(FAULTS):
            raise ValueError(f"no such fault: {sorted(unknown)}. There are {', '.join(FAULTS)}")

    def fault(self, key: str, ask: int, suffered: int) -> tuple[str, bool]:
        """What an ask of a prompt suffers, "" for nothing, and whether chance decided it.

        Args:
            key: of the prompt; ask: which one of it this is, from 1; suffered: by chance so far.
        """
        if ask <= len(self.script):
            return self.script[ask - 1], False
        if self.most_faults is not None and suffered >= self.most_faults:
            return "", False
        digest = sha256(f"{self.seed} {key} {ask}".encode()).digest()
        chance = int.from_bytes(digest[:8], "big") / 2**64
        for name, share in self.faults.items():
            chance -= share
            if chance < 0:
                return name, True
        return "", False
