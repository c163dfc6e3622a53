"""The fixed matrix: which cells the learner's benchmark has, by group.

A cell is known by all that decides it, and by no group, so that groups share what they have in
common: the learner at its defaults stands in `context`, `components` and `ranking` alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from benchmarks.learning_data import DIALOGUES, Sizes
from benchmarks.runner import Key
from turnwise.conversations import ContextKind

System = Literal[
    "majority", "tfidf", "logistic", "fine-tune", "setfit", "turnwise", "turnwise-frozen"
]
SYSTEMS: tuple[System, ...] = get_args(System)
Join = Literal["apart", "text", "select"]
Heads = Literal["none", "attention", "tree", "both"]
Ranking = Literal["none", "binary", "contrastive"]
Turns = Literal["multi", "single"]

JOINS: tuple[Join, ...] = ("apart", "text", "select")
HEADS: tuple[Heads, ...] = ("none", "attention", "tree", "both")
RANKINGS: tuple[Ranking, ...] = ("none", "binary", "contrastive")
KINDS: dict[str, tuple[ContextKind, ...]] = {  # MultiDoGO has customer turns only
    "sgd": ("single", "customer", "both"),
    "multidogo": ("single", "customer"),
}
FEW_SHOT = ("banking77", "clinc150", "hwu64")
SHOTS = 10
RATES = (5e-5, 1e-4, 2e-4, 4e-4)


@dataclass(frozen=True, slots=True)
class Setting:
    """One cell: what is trained, on what, how.

    Attributes:
        size: of `Sizes.name`, `full` or `10-shot`.
        heads: components switched on; turns: whether training sees histories.
        rate: learning rate of the fine-tune; 0: its recipe's.
    """

    data: str
    size: str
    system: System
    context: ContextKind = "single"
    join: Join = "apart"
    heads: Heads = "none"
    ranking: Ranking = "none"
    turns: Turns = "multi"
    seed: int = 0
    rate: float = 0.0

    def key(self, encoder: str) -> Key:
        said = asdict(self)
        if not self.rate:
            del said["rate"]
        return {**said, "encoder": encoder}

    @property
    def title(self) -> str:
        """The system and what is not as usual about it, seed and data left out."""
        parts: list[str] = [self.system, self.context]
        parts += [self.join] if self.join != "apart" else []
        parts += [self.heads] if self.heads != "none" else []
        parts += [self.ranking] if self.ranking != "none" else []
        parts += ["single-turn data"] if self.turns == "single" else []
        parts += [f"rate {self.rate:g}"] if self.rate else []
        return "/".join(parts)


SEEDLESS = ("majority", "tfidf", "logistic")  # the same whatever the seed on the same data


def plan(
    groups: Sequence[str], names: Sequence[str], sizes: Sizes, seeds: Sequence[int]
) -> list[Setting]:
    """The cells of some groups, each once: all with the first seed, then with the next.

    Args:
        names: data sets; others are left out.
    """
    found = [
        one
        for seed in seeds
        for group in groups
        for one in GROUPS[group](sizes.name, seed)
        if one.data in names
    ]
    few = [one for one in found if not _again(one, seeds[0])]
    return list(dict.fromkeys(few))


def _again(one: Setting, first: int) -> bool:
    return one.system in SEEDLESS and one.size != f"{SHOTS}-shot" and one.seed != first


def base(name: str, size: str, seed: int) -> Setting:
    """The learner at its defaults, with all of the context that the data have."""
    return Setting(name, size, "turnwise", KINDS[name][-1], seed=seed)


def rivals(size: str, seed: int) -> Iterator[Setting]:
    """What ours is set beside on the dialogues, and ours with nothing but the heads trained."""
    for name, kinds in KINDS.items():
        yield Setting(name, size, "majority", seed=seed)
        for kind in (kinds[0], kinds[-1]):
            yield Setting(name, size, "tfidf", kind, seed=seed)
            yield Setting(name, size, "logistic", kind, seed=seed)
        yield Setting(name, size, "turnwise-frozen", kinds[-1], seed=seed)
        for kind in (kinds[-1], kinds[0]):
            yield Setting(name, size, "fine-tune", kind, seed=seed)


def rates(size: str, seed: int) -> Iterator[Setting]:
    """The fine-tune's learning rate, to be chosen by `tuning_accuracy`."""
    for name, kinds in KINDS.items():
        for rate in RATES:
            yield Setting(name, size, "fine-tune", kinds[-1], seed=seed, rate=rate)


def context(size: str, seed: int) -> Iterator[Setting]:
    """The turn alone, and the history joined in each way."""
    for name, kinds in KINDS.items():
        yield replace(base(name, size, seed), context="single")
        for kind in reversed(kinds[1:]):
            for join in JOINS:
                yield replace(base(name, size, seed), context=kind, join=join)


def components(size: str, seed: int) -> Iterator[Setting]:
    """Label attention and tree, switched on one by one and together."""
    for name in DIALOGUES:
        for heads in HEADS:
            yield replace(base(name, size, seed), heads=heads)


def ranking(size: str, seed: int) -> Iterator[Setting]:
    """{single-turn, multi-turn data} x {no ranking, binary, contrastive}.

    MultiDoGO has no responses of the other side to rank: its data are compared without.
    """
    turns: tuple[Turns, ...] = ("multi", "single")
    for name in DIALOGUES:
        for seen in turns:
            for task in RANKINGS if name == "sgd" else RANKINGS[:1]:
                yield replace(base(name, size, seed), ranking=task, turns=seen)


def utterances(_: str, seed: int) -> Iterator[Setting]:
    """Few-shot and full sets of single utterances, with the systems from cheap to dear."""
    cheap: tuple[System, ...] = ("tfidf", "logistic", "turnwise-frozen")
    dear: tuple[System, ...] = ("fine-tune", "turnwise")
    few = f"{SHOTS}-shot"
    for system in (*cheap, *dear, "setfit"):
        for name in FEW_SHOT:
            yield Setting(name, few, system, seed=seed)
    for system in (*cheap, *dear):
        for name in ("banking77", "clinc150"):
            yield Setting(name, "full", system, seed=seed)


def ood(_: str, seed: int) -> Iterator[Setting]:
    """Sets with turns that no label covers."""
    for name in ("clinc150", "banking77_oos"):
        yield from _refusing(name, seed)


def conformal(_: str, seed: int) -> Iterator[Setting]:
    """Sets of labels that hold the right one, on banking77."""
    yield from _refusing("banking77", seed)


def _refusing(name: str, seed: int) -> Iterator[Setting]:
    systems: tuple[System, ...] = ("logistic", "turnwise-frozen", "fine-tune", "turnwise")
    for system in systems:
        yield Setting(name, "full", system, seed=seed)


def smoke(size: str, seed: int) -> Iterator[Setting]:
    """The quick form: the frozen learner, the rivals, and one fine-tune of each kind."""
    for name, kinds in KINDS.items():
        yield Setting(name, size, "majority", seed=seed)
        yield Setting(name, size, "tfidf", kinds[-1], seed=seed)
        yield Setting(name, size, "logistic", kinds[-1], seed=seed)
        yield Setting(name, size, "turnwise-frozen", kinds[-1], seed=seed)
    yield Setting("multidogo", size, "fine-tune", "customer", seed=seed)
    yield Setting("multidogo", size, "turnwise", "customer", seed=seed)


GROUPS = {
    "rates": rates,
    "rivals": rivals,
    "context": context,
    "components": components,
    "ranking": ranking,
    "utterances": utterances,
    "ood": ood,
    "conformal": conformal,
    "quick": smoke,
}
DATA = ("sgd", "multidogo", "banking77", "clinc150", "hwu64", "banking77_oos")
