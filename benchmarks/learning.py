"""The learner beside a plain fine-tune and other rivals, and each of its parts switched off.

    python -m benchmarks.learning [--only GROUP ...] [--data-set NAME ...] [--conversations N]
        [--test-turns N] [--seeds 0,1,2] [--minutes M] [--setfit PYTHON] [--quick]

SGD and MultiDoGO as the protocol divides them, trained on the first N conversations by h (0: all)
and asked the first test turns (0: all): all turns and undecided ones, calibration error,
MultiDoGO's domain by position. BANKING77, CLINC150 and HWU64 full and with ten turns a label;
turns out of scope; conformal sets; speed. Groups share cells: what one measured, another has.

`--minutes` begins no cell after so many. What was not run is named with its reason in `left_out`
of the last line, one JSON object. A difference counts where the ranges over the seeds part.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import data, learning_refusal, learning_speed, protocol, rivals
from benchmarks.learning_data import (
    DIALOGUES,
    LeftOutError,
    Said,
    Sizes,
    Work,
    dialogues,
    scored,
    utterances,
)
from benchmarks.learning_finetune import FEW, FULL, fine_tuned
from benchmarks.learning_ours import QUICK_EPOCHS, answered, config_of
from benchmarks.learning_settings import (
    DATA,
    GROUPS,
    KINDS,
    SHOTS,
    SYSTEMS,
    Setting,
    base,
    plan,
)
from benchmarks.protocol import Spread
from benchmarks.runner import OUT, Figures, Key, Plain, Table, parser, run, say, seeds_of
from turnwise.conversations import ContextWindow
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.encoders.source import encoder_source
from turnwise.errors import TurnwiseError
from turnwise.project import encoder_cache
from turnwise.workspace.vectors import SqliteVectorStore

HOURS = (
    "about 15 hours a seed on 2 cores, estimated, at 1,000 conversations: rivals 2, context 4, "
    "components 2, ranking 4, utterances 2, ood 0.5, speed 1; a second run resumes"
)
CONVERSATIONS, TEST_TURNS = 1_000, 8_000
COMPARED = ("accuracy", "macro_f1", "undecided_accuracy", "calibration_error", "later_accuracy")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--only", nargs="+", choices=(*GROUPS, "speed"), metavar="GROUP")
    options.add_argument("--data-set", nargs="+", choices=DATA, default=DATA, metavar="NAME")
    options.add_argument("--system", nargs="+", choices=SYSTEMS, default=SYSTEMS, metavar="NAME")
    options.add_argument("--conversations", type=int, default=CONVERSATIONS)
    options.add_argument("--test-turns", type=int, default=TEST_TURNS)
    options.add_argument("--seeds", type=seeds_of, default=protocol.SEEDS)
    options.add_argument("--encoder", default=DEFAULT_ENCODER)
    options.add_argument("--minutes", type=float, default=float("inf"))
    options.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    options.add_argument("--setfit", metavar="PYTHON", help="a Python that has setfit")
    return run("learning", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the groups that were asked for, and what they come to over the seeds."""
    bench = _Bench(table, options)
    sizes = bench.sizes
    seeds = [0] if sizes.quick else options.seeds
    groups = options.only or (["quick"] if sizes.quick else [*GROUPS, "speed"])
    planned = plan([one for one in groups if one != "speed"], options.data_set, sizes, seeds)
    chosen = [one for one in planned if one.system in options.system]
    found: list[tuple[Setting, Figures]] = []
    for setting in chosen:
        figures = bench.cell(setting.key(options.encoder), partial(bench.measure, setting))
        if figures is not None:
            found.append((setting, figures))
    if "speed" in groups:
        made = learning_speed.cells(
            bench.folder, options.encoder, bench.frozen, options.threads, sizes.quick
        )
        for key, work in made:
            bench.cell(key, work)
    bench.store.close()
    return _summary(found, bench)


class _Bench:
    """What all cells share: data, frozen encoder, time, and what was left out."""

    def __init__(self, table: Table, options: argparse.Namespace) -> None:
        self.table, self.options = table, options
        self.start = time.monotonic()
        self.folder = data.data_folder(options.data)
        self.sizes = Sizes(options.conversations, options.test_turns, options.quick)
        if options.threads:
            import torch

            torch.set_num_threads(options.threads)
        folder = prepare_encoder(options.encoder, encoder_cache())
        onnx = OnnxEncoder(folder, options.threads or None)
        self.store = SqliteVectorStore(OUT / "vectors.db", onnx.id)
        self.frozen: Encoder = KeptEncoder(onnx, self.store)
        self.left_out: list[Mapping[str, object]] = []

    def cell(self, key: Key, measure: Callable[[], Figures]) -> Figures | None:
        """A cell's figures, or None and why there is none."""
        try:
            return self.table.cell(key, partial(self._in_time, measure))
        except (TurnwiseError, ImportError) as error:
            say(f"    left out: {error}")
            self.left_out.append({**key, "why": str(error)})
            return None

    def _in_time(self, measure: Callable[[], Figures]) -> Figures:
        spent = (time.monotonic() - self.start) / 60
        if spent >= self.options.minutes:
            raise LeftOutError(f"--minutes {self.options.minutes:g} were over. Run again")
        return measure()

    def measure(self, setting: Setting) -> Figures:
        """Train, ask and score one system."""
        work = self._work(setting.data, setting.size, setting.seed)
        said = self._said(setting, work)
        test = work.parts()["test"]
        answers = {name: one[test] for name, one in said.probabilities.items()}
        found: dict[str, Plain | Mapping[str, Plain]] = {**said.facts}
        for name, figures in scored(work, answers).items():
            figures |= _of_tuning(work, said.probabilities[name], name)
            if setting.system == "fine-tune":
                error = learning_refusal.calibrated_error(work, said, name)
                figures["calibration_error_tempered"] = round(error, 4)
            found[name] = figures
        if work.outside:
            found |= learning_refusal.out_of_domain(work, said)
        if work.name == "banking77" and not work.few:
            found |= learning_refusal.conformal(work, said)
        return found

    def _work(self, name: str, size: str, seed: int) -> Work:
        if name in DIALOGUES:
            return _dialogues(self.folder, name, self.sizes)
        shots = SHOTS if size == f"{SHOTS}-shot" else 0
        return _utterances(self.folder, name, shots, seed if shots else 0)

    def _said(self, setting: Setting, work: Work) -> Said:
        options, few = self.options, work.few
        if setting.system == "fine-tune":
            recipe = FEW if few else FULL
            if self.sizes.quick:
                recipe = replace(recipe, epochs=QUICK_EPOCHS)
            if setting.rate:
                recipe = replace(recipe, learning_rate=setting.rate)
            return fine_tuned(work, options.encoder, setting.context, setting.seed, recipe)
        if setting.system == "setfit":
            return _setfit(work, options.encoder, setting.seed, options.setfit, options.threads)
        if setting.system.startswith("turnwise"):
            config = config_of(setting, few, self.sizes.quick)
            return answered(work, setting, config, options.encoder, self.frozen)
        return _simple(work, setting, self.frozen)


@lru_cache(maxsize=1)
def _dialogues(folder: Path, name: str, sizes: Sizes) -> Work:
    return dialogues(folder, name, sizes)


@lru_cache(maxsize=2)
def _utterances(folder: Path, name: str, shots: int, seed: int) -> Work:
    return utterances(folder, name, shots, seed)


def _of_tuning(work: Work, answers: NDArray[np.float32], dimension: str) -> dict[str, float]:
    """What settings are chosen by, and how sure a system is among turns like those it knows."""
    truth = rivals.classes_of(work.task.tuning, work.task.taxonomy[dimension])
    found = protocol.figures(answers[work.parts()["tuning"]], truth)
    return {f"tuning_{one}": round(found[one], 4) for one in ("accuracy", "calibration_error")}


def _simple(work: Work, setting: Setting, frozen: Encoder) -> Said:
    """The rivals that take seconds: words, or logistic regression on frozen vectors."""
    task = replace(work.task, test=work.asked)
    window = None if setting.context == "single" else ContextWindow(setting.context)
    if setting.system == "majority":
        answer = rivals.majority(task)
    elif setting.system == "tfidf":
        answer = rivals.tfidf(task, window, frozen)
    elif window is None:
        answer = rivals.logistic(task, rivals.turn_features(frozen))
    else:
        answer = rivals.logistic(task, rivals.history_features(frozen, window))
    return Said(answer.probabilities, {"train_seconds": round(answer.seconds, 1)})


def _setfit(work: Work, encoder: str, seed: int, python: str | None, threads: int) -> Said:
    import os

    from benchmarks.learning_setfit import set_fit

    if python is None:
        raise LeftOutError(
            "SetFit runs in a Python of its own. Make one (python -m venv DIR; "
            "DIR/bin/pip install setfit) and name it with --setfit DIR/bin/python"
        )
    (dimension,) = work.task.taxonomy.dimensions
    probabilities, facts = set_fit(
        python,
        {
            "encoder": str(encoder_source(encoder)),
            "texts": [one.text for one in work.task.train],
            "labels": rivals.classes_of(work.task.train, dimension).tolist(),
            "asked": [one.text for one in work.asked],
            "n_labels": len(dimension.names),
            "seed": seed,
            "threads": threads or os.cpu_count() or 1,
        },
    )
    return Said({dimension.name: probabilities}, facts)


def _summary(found: Sequence[tuple[Setting, Figures]], bench: _Bench) -> Mapping[str, object]:
    names = {one.data for one, _ in found}
    spreads = _over_seeds(found)
    return {
        "encoder": bench.options.encoder,
        "sizes": asdict(bench.sizes),
        "origins": {name: asdict(data.ORIGINS[name]) for name in sorted(names)},
        "figures": _plain(spreads),
        "comparisons": list(_comparisons(spreads)),
        "left_out": bench.left_out,
    }


Spreads = Mapping[str, Mapping[str, Mapping[str, Spread]]]  # data and size -> system -> figure


def _plain(spreads: Spreads) -> Mapping[str, object]:
    return {
        where: {
            title: {name: asdict(one) for name, one in figures.items()}
            for title, figures in systems.items()
        }
        for where, systems in spreads.items()
    }


def _over_seeds(asked: Sequence[tuple[Setting, Figures]]) -> Spreads:
    """Mean and range of each figure over the seeds, `dimension figure` being its name."""
    values: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for setting, figures in asked:
        of_system = values[f"{setting.data} {setting.size}"][setting.title]
        for name, figure in figures.items():
            if isinstance(figure, Mapping):
                for key, value in figure.items():
                    if isinstance(value, (int, float)):
                        of_system[f"{name} {key}"].append(float(value))
            elif isinstance(figure, (int, float)):
                of_system[name].append(float(figure))
    return {
        where: {
            title: {name: protocol.spread(runs) for name, runs in rest.items()}
            for title, rest in systems.items()
        }
        for where, systems in values.items()
    }


def _comparisons(spreads: Spreads) -> Iterator[Mapping[str, object]]:
    """Each of ours beside the best plain fine-tune and beside ours at its defaults.

    The best fine-tune is chosen figure by figure and by the test itself, to its advantage.
    """
    for where, systems in spreads.items():
        ours = [one for one in systems if one.startswith("turnwise")]
        tuned = [one for one in systems if one.startswith("fine-tune")]
        name_of_data = where.split(" ")[0]
        default = base(name_of_data, "", 0).title if name_of_data in KINDS else "turnwise/single"
        defaults = [default] if default in systems else []
        for title in ours:
            for name, one in systems[title].items():
                if name.split(" ")[-1] not in COMPARED:
                    continue
                others = [*_best(systems, tuned, name), *defaults]
                for other in dict.fromkeys(others):
                    if other == title or name not in systems[other]:
                        continue
                    yield {
                        "on": where,
                        "figure": name,
                        "ours": title,
                        "other": other,
                        "difference": round(one.mean - systems[other][name].mean, 4),
                        "counts": protocol.differs(one, systems[other][name]),
                    }


def _best(
    systems: Mapping[str, Mapping[str, Spread]], titles: Sequence[str], name: str
) -> list[str]:
    there = [one for one in titles if name in systems[one]]
    sign = -1 if name.endswith("error") else 1
    return sorted(there, key=lambda one: sign * systems[one][name].mean)[-1:]


if __name__ == "__main__":
    sys.exit(main())
