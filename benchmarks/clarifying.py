"""What clarifying questions settle, with a simulated customer, on BANKING77, CLINC150 and HWU64.

    python -m benchmarks.clarifying [--shots N] [--on test|tuning] [--seeds 0,1,2]
        [--targets 0.95 0.98] [--choices 4] [--turns N] [--quick]

A classifier on frozen vectors is trained, calibrated on the tuning split and packed; the library's
own policy (rules `accept` and `clarify`, nobody else to ask) decides on the opening turns: those of
the test, and the texts that CICC published as ambiguous, as far as they are of the test.

The customer is SIMULATED: it knows its label and answers every question with that label's title,
with another utterance of the label from the same split, or, in a stated share of its answers,
with "I don't know". No person answered anything here. Figures of one cell:

    coverage, mean_set, one_label     of the sets of labels that the question is made from
    at_once, at_once_accuracy         accepted without a question
    accuracy_before, accuracy_after   of the likeliest label, first and last, over all turns
    asked, asked_before, asked_after  share of turns asked about, and accuracies of these
    right_after_1, right_after_2      of the asked: accepted and right after so many questions
    wrong                             of the asked: accepted and wrong
    undecided                         neither accepted nor asked about: the set is too large
    turns_to_right                    the customer's turns until accepted and right

Reading was tuned with `--on tuning`. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import data, protocol
from benchmarks.learning_data import Work, utterances
from benchmarks.learning_ours import config_of, labelled
from benchmarks.learning_settings import Setting
from benchmarks.protocol import label_of
from benchmarks.runner import OUT, Cell, Figures, Table, parser, run, seeds_of
from turnwise.conversations import Example, Turn
from turnwise.encoders import DEFAULT_ENCODER, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.project import encoder_cache
from turnwise.sampling import stable_hash
from turnwise.serving import Decision, Policy, PolicyConfig
from turnwise.serving.clarifying import spoken
from turnwise.taxonomy import Taxonomy
from turnwise.training import train
from turnwise.training.operating import RefusalConfig
from turnwise.training.packing import pack
from turnwise.workspace.vectors import SqliteVectorStore

HOURS = "about 15 minutes a seed on 2 cores under load; a second run resumes"
DATA = ("banking77", "clinc150", "hwu64")
TEST, AMBIGUOUS = "test", "ambiguous"
OPENINGS = {"banking77": (TEST, AMBIGUOUS), "clinc150": (TEST, AMBIGUOUS), "hwu64": (AMBIGUOUS,)}
DIMENSION = "intent"
EXAMPLES = 8  # utterances of the training split that stand in the taxonomy with each label
TARGETS = (0.95, 0.98)  # coverage of the sets, and accuracy of what is accepted at once
SETTINGS = ("shots", "on", "choices", "turns")  # 0 shots or turns: all there are
QUICK_TURNS, QUICK_SHOTS, QUICK_TUNING, QUICK_EPOCHS = 100, 5, 300, 15
UNSURE_SHARE = 0.2
SUMMED = ("accuracy_before", "accuracy_after", "at_once", "right_after_1", "right_after_2")


@dataclass(frozen=True, slots=True)
class Customer:
    """A simulated customer.

    Attributes:
        says: the `title` of its label, or another `utterance` of it.
        unsure: share of its answers that are "I don't know" instead.
    """

    says: str
    unsure: float

    def answer(self, opening: Example, asked: int, said: Mapping[str, Sequence[str]]) -> str:
        """The answer to the question number `asked`, the same in every run.

        Args:
            said: `title` and `utterance` -> what can be said of the label.
        """
        drawn = stable_hash(f"{opening.text}\n{asked}")
        if drawn % 1_000 < self.unsure * 1_000:
            return "I don't know"
        others = [one for one in said[self.says] if one != opening.text] or said["title"]
        return others[(drawn // 1_000 + asked) % len(others)]


CUSTOMERS = [
    Customer(says, unsure) for says in ("title", "utterance") for unsure in (0.0, UNSURE_SHARE)
]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation with a simulated customer.

    Attributes:
        label: the true one; first, last: the decisions; questions: how many were asked.
    """

    label: str
    first: Decision
    last: Decision
    questions: int

    @property
    def settled(self) -> bool:
        return self.last.kind == "accept" and self.last.sure

    @property
    def right_at_first(self) -> bool:
        return self.first.choices[DIMENSION].label == self.label

    @property
    def right(self) -> bool:
        return self.last.choices[DIMENSION].label == self.label

    @property
    def found(self) -> bool:
        return self.settled and self.right


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--data-set", nargs="+", choices=DATA, default=DATA, metavar="NAME")
    options.add_argument("--shots", type=int, default=0, help="turns a label; 0: all there are")
    options.add_argument("--on", choices=("test", "tuning"), default="test")
    options.add_argument("--seeds", type=seeds_of, default=protocol.SEEDS)
    options.add_argument("--targets", type=float, nargs="+", default=TARGETS, metavar="SHARE")
    options.add_argument("--choices", type=int, default=PolicyConfig().choices)
    options.add_argument("--turns", type=int, default=0, help="opening turns; 0: all there are")
    return run("clarifying", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell, and the main figures over the seeds."""
    if options.quick:
        options.data_set, options.seeds, options.targets = DATA[:2], (0,), TARGETS[:1]
        options.shots, options.turns = QUICK_SHOTS, QUICK_TURNS
    for seed, target, name in product(options.seeds, options.targets, options.data_set):
        with TemporaryDirectory(prefix="turnwise-clarifying-") as bundles:
            _cells(table, options, _Bench(options, name, seed, target, Path(bundles)))
    origins = {name: asdict(data.ORIGINS[name]) for name in options.data_set}
    return {
        "simulated": "the customer: its answers follow from the gold label",
        "origins": origins,
        "ambiguous_texts": "florisdenhengst/cicc, MIT",
        "summary": _summary(table.asked()),
    }


def _cells(table: Table, options: argparse.Namespace, bench: _Bench) -> None:
    settings = {name: getattr(options, name) for name in SETTINGS}
    settings |= {"target": bench.target, "seed": bench.seed, "encoder": DEFAULT_ENCODER}
    for openings in OPENINGS[bench.name] if options.on == "test" else (TEST,):
        for customer in CUSTOMERS:
            key = {"data": bench.name, "openings": openings, **asdict(customer), **settings}
            table.cell(key, partial(bench.measure, openings, customer))


class _Bench:
    """One data set and seed; trained and packed when the first cell asks for it."""

    def __init__(
        self, options: argparse.Namespace, name: str, seed: int, target: float, bundles: Path
    ) -> None:
        self.options, self.name, self.seed, self.target = options, name, seed, target
        self._bundles = bundles
        self._first: dict[str, list[tuple[Example, Decision]]] = {}

    @cached_property
    def work(self) -> Work:
        folder, shots = data.data_folder(self.options.data), self.options.shots
        found = utterances(folder, self.name, shots, self.seed if shots else 0)
        task = replace(found.task, taxonomy=with_examples(found.task.taxonomy, found.task.train))
        if self.options.quick:
            tuning = sorted(task.tuning, key=lambda one: stable_hash(one.key[0]))
            task = replace(task, tuning=tuning[:QUICK_TUNING])
        return replace(found, task=task)

    @cached_property
    def policy(self) -> Policy:
        task = self.work.task
        folder = prepare_encoder(DEFAULT_ENCODER, encoder_cache())
        onnx = OnnxEncoder(folder)
        with closing(SqliteVectorStore(OUT / "vectors.db", onnx.id)) as store:
            setting = Setting(self.name, "", "turnwise-frozen", seed=self.seed)
            config = config_of(setting, self.work.few, self.options.quick)
            if self.options.quick:
                config = replace(config, epochs=QUICK_EPOCHS)
            taught = labelled(task.train, task.taxonomy)
            trained = train(taught, task.tuning, task.taxonomy, KeptEncoder(onnx, store), config)
        refusal = RefusalConfig(coverage=self.target, accuracy=self.target)
        bundle = pack(trained, folder, self._bundles, redacted=False, refusal=refusal)
        rules = PolicyConfig(order=("accept", "clarify"), choices=self.options.choices)
        return Policy(bundle, rules)

    def measure(self, openings: str, customer: Customer) -> Figures:
        known = self.openings(openings)
        return figures([converse(self, opening, first, customer) for opening, first in known])

    def openings(self, kind: str) -> list[tuple[Example, Decision]]:
        """Opening turns, lowest h first, with what the policy decides on them."""
        if kind not in self._first:
            turns = sorted(self._turns(kind), key=lambda one: stable_hash(one.key[0]))
            turns = turns[: self.options.turns or None]
            self._first[kind] = [(one, self.policy.decide(one.conversation)) for one in turns]
        return self._first[kind]

    def _turns(self, kind: str) -> Sequence[Example]:
        if kind == TEST:
            return self.asked
        published = data.cicc(data.data_folder(self.options.data), self.name)
        texts = {one.text for one in published}
        return list({one.text: one for one in self.asked if one.text in texts}.values())

    @property
    def asked(self) -> Sequence[Example]:
        return self.work.task.test if self.options.on == "test" else self.work.task.tuning

    @cached_property
    def said(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Label -> `title`, `utterance` -> what a customer can say of it."""
        labels, texts = self.work.task.taxonomy[DIMENSION].labels, by_label(self.asked)
        return {
            one.name: {"title": [spoken(one, "en")], "utterance": texts[one.name]} for one in labels
        }


def by_label(turns: Sequence[Example]) -> Mapping[str, Sequence[str]]:
    """Label -> texts, lowest h of the text first."""
    texts: dict[str, list[str]] = defaultdict(list)
    for one in sorted(turns, key=lambda one: stable_hash(one.text)):
        texts[label_of(one, DIMENSION)].append(one.text)
    return texts


def with_examples(taxonomy: Taxonomy, train: Sequence[Example]) -> Taxonomy:
    """The taxonomy as one would write it: with utterances of each label."""
    (dimension,), texts = taxonomy.dimensions, by_label(train)
    labels = [replace(one, examples=tuple(texts[one.name][:EXAMPLES])) for one in dimension.labels]
    return replace(taxonomy, dimensions=(replace(dimension, labels=tuple(labels)),))


def converse(bench: _Bench, opening: Example, first: Decision, customer: Customer) -> Dialogue:
    """Answer the policy's questions until it asks no more."""
    label, talk, last = label_of(opening, DIMENSION), opening.conversation, first
    while last.question is not None:
        answer = customer.answer(opening, len(last.state.asked), bench.said[label])
        replied = (Turn("bot", last.question.text), Turn("customer", answer))
        talk = replace(talk, turns=(*talk.turns, *replied))
        last = bench.policy.decide(talk, last.state)
    return Dialogue(label, first, last, len(last.state.asked))


def figures(dialogues: Sequence[Dialogue]) -> Figures:
    """See the module; None where there is nothing to take the share of."""
    sets = [dict(one.first.choices[DIMENSION].plausible) for one in dialogues]
    at_once = [one for one in dialogues if not one.questions and one.settled]
    asked = [one for one in dialogues if one.questions]
    left = len(dialogues) - len(at_once) - len(asked)
    right = [one for one in dialogues if one.found]
    found = {
        "coverage": _share(one.label in each for one, each in zip(dialogues, sets, strict=True)),
        "mean_set": _share(len(one) for one in sets),
        "one_label": _share(len(one) == 1 for one in sets),
        "at_once": len(at_once) / len(dialogues),
        "at_once_accuracy": _share(one.right for one in at_once),
        "accuracy_before": _share(one.right_at_first for one in dialogues),
        "accuracy_after": _share(one.right for one in dialogues),
        "asked": len(asked) / len(dialogues),
        "asked_before": _share(one.right_at_first for one in asked),
        "asked_after": _share(one.right for one in asked),
        "questions": _share(one.questions for one in asked),
        "right_after_1": _share(one.found and one.questions == 1 for one in asked),
        "right_after_2": _share(one.found and one.questions <= 2 for one in asked),
        "wrong": _share(one.settled and not one.right for one in asked),
        "undecided": left / len(dialogues),
        "turns_to_right": _share(one.questions + 1 for one in right),
    }
    rounded = {name: None if one is None else round(one, 4) for name, one in found.items()}
    return {"dialogues": len(dialogues), **rounded}


def _share(values: Iterable[float]) -> float | None:
    given = list(values)
    return sum(given) / len(given) if given else None


def _summary(cells: Sequence[Cell]) -> Mapping[str, object]:
    """`DATA OPENINGS TARGET SAYS UNSURE` -> figure -> mean and range over the seeds."""
    by_name: dict[str, list[Figures]] = defaultdict(list)
    for cell in cells:
        parts = (cell["key"][name] for name in ("data", "openings", "target", "says", "unsure"))
        by_name[" ".join(map(str, parts))].append(cell["figures"])
    return {name: {one: _over(runs, one) for one in SUMMED} for name, runs in by_name.items()}


def _over(runs: Sequence[Figures], figure: str) -> Mapping[str, object] | None:
    values = [value for one in runs if isinstance(value := one[figure], (int, float))]
    return asdict(protocol.spread(values)) if values else None


if __name__ == "__main__":
    sys.exit(main())
