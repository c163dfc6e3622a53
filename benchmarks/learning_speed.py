"""How fast the learner trains, beside the plain fine-tune and by the number of labels.

    steps    samples a second from the first to the last optimiser step of one epoch, same turns,
             same batch size, same threads; what comes before (heads, tokens) and after (export)
             is in `seconds`. All systems take turns in one cell, and each has its fastest round
    shared   one model for both dimensions of MultiDoGO, and one for each: seconds and accuracy
    labels   20, 200 and 2,000 labels: samples a second and peak memory

Each training of `steps` and `labels` runs in a process of its own, so that its memory is its own.
The turns of `labels` are BANKING77's; their labels are dealt out, for time and memory do not know
what is right.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import rivals
from benchmarks.learning_data import Sizes, Work, dialogues, scored, utterances
from benchmarks.learning_finetune import FULL, stepped
from benchmarks.learning_ours import config_of, labelled, trained
from benchmarks.learning_settings import Heads, Join, Setting, base
from benchmarks.machine import own_peak_mb
from benchmarks.runner import Figures, Key
from turnwise.conversations import ContextKind, Conversation, Example, Turn
from turnwise.encoders import Encoder
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.training import LabelledExample, TrainingConfig
from turnwise.training.config import EncoderTuning
from turnwise.training.data import split_to_stop

SAMPLES, LABEL_SAMPLES, QUICK_SAMPLES = 1_000, 4_000, 320
ROUNDS = 3
SYSTEMS = ("fine-tune fp32", "fine-tune bf16", "turnwise", "turnwise text")
BATCH = 32
LABELS = (20, 200, 2_000)
GROUPS = 10  # labels of one parent
SHARED_CONVERSATIONS = 300
ONE_EPOCH = EncoderTuning(epochs=1, patience=1, batch=BATCH)
Timed = dict[str, float]
Cells = Iterator[tuple[Key, Callable[[], Figures]]]


def cells(folder: Path, encoder: str, frozen: Encoder, threads: int, quick: bool) -> Cells:
    """Key and work of each cell of speed."""
    samples, rounds = (QUICK_SAMPLES, 1) if quick else (SAMPLES, ROUNDS)
    for name in ("banking77", "sgd"):
        where = (str(folder), encoder, threads, samples, name)
        key = {"speed": "steps", "data": name, "samples": samples, "rounds": rounds}
        yield {**key, "encoder": encoder}, partial(_in_turns, where, rounds)
    samples = QUICK_SAMPLES if quick else LABEL_SAMPLES
    heads: tuple[Heads, ...] = ("none", "both")
    for count in LABELS:
        for one in heads:
            key = {"speed": "labels", "labels": count, "heads": one, "samples": samples}
            given = (str(folder), encoder, threads, samples, count, one)
            yield {**key, "encoder": encoder}, partial(_apart, _labels, *given)
    if not quick:
        yield from _shared_cells(folder, encoder, frozen)


def _in_turns(where: tuple[str, str, int, int, str], rounds: int) -> Figures:
    """System -> figures of its fastest round, and the ratios of ours over the fine-tunes."""
    best: dict[str, Timed] = {}
    # A single utterance has no history to join.
    systems = SYSTEMS[:-1] if where[-1] == "banking77" else SYSTEMS
    for _ in range(rounds):
        for system in systems:
            timed = _apart(_steps, *where, system)
            least = best.get(system, timed)["samples_per_second"]
            best[system] = timed if timed["samples_per_second"] >= least else best[system]
    ratios = {
        f"{ours} over {rival}": round(
            best[ours]["samples_per_second"] / best[rival]["samples_per_second"], 2
        )
        for ours in systems[2:]
        for rival in systems[:2]
    }
    return {"ratios": ratios, **best}


def _apart(function: Callable[..., Timed], *given: object) -> Timed:
    """What a function returns from a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(function, given)


def _steps(folder: str, encoder: str, threads: int, samples: int, name: str, system: str) -> Timed:
    _limit(threads)
    work = _part(Path(folder), name, samples)
    kind: ContextKind = "single" if name == "banking77" else "both"
    start = time.perf_counter()
    if system.startswith("fine-tune"):
        recipe = replace(FULL, epochs=1, batch=BATCH, bf16=system.endswith("bf16"))
        rate = stepped(work, encoder, kind, recipe)
    else:
        join: Join = "text" if system.endswith("text") else "apart"
        setting = Setting(name, "speed", "turnwise", kind, join=join)
        config = replace(config_of(setting, few=False, quick=False), tune=ONE_EPOCH)
        rate = _rate_of(work, config, encoder)
    seconds = round(time.perf_counter() - start, 1)
    return {"samples_per_second": round(rate, 1), "seconds": seconds, "peak_mb": own_peak_mb()}


def _limit(threads: int) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)


def _part(folder: Path, name: str, samples: int) -> Work:
    """The first turns of a data set by h of their conversation; little else to ask or tune by."""
    if name == "banking77":
        work = utterances(folder, name, 0, 0)
    else:
        work = dialogues(folder, name, Sizes(samples, 100))
    task = replace(work.task, train=work.task.train[:samples], tuning=work.task.tuning[:100])
    return replace(work, task=task)


def _rate_of(
    work: Work,
    config: TrainingConfig,
    encoder: str,
    taught: Sequence[LabelledExample] | None = None,
) -> float:
    """Samples a second between the first and the last step of the one epoch."""
    from turnwise.training import finetune

    ticks: list[tuple[int, float]] = []

    def tick(stage: str, done: int, total: int, note: str = "", /) -> None:
        if stage == "training":
            if ticks and done <= ticks[-1][0]:
                ticks.clear()  # the heads are trained first, by epochs
            ticks.append((done, time.perf_counter()))

    taught = taught or labelled(work.task.train, work.task.taxonomy)
    with TemporaryDirectory(prefix="turnwise-speed-") as folder:
        calibration = work.task.tuning
        taxonomy = work.task.taxonomy
        finetune(taught, calibration, taxonomy, encoder, config, tick, folder=Path(folder))
    # Batches of ours hold whole conversations and differ in size: count by their mean.
    samples = len(split_to_stop(taught)[0]) / len(ticks)
    return (len(ticks) - 1) * samples / (ticks[-1][1] - ticks[0][1])


def _labels(
    folder: str, encoder: str, threads: int, samples: int, count: int, heads: Heads
) -> Timed:
    _limit(threads)
    setting = Setting("sgd", "speed", "turnwise", heads=heads)
    config = replace(config_of(setting, few=False, quick=False), tune=ONE_EPOCH)
    taxonomy, taught = _drawn(Path(folder), samples, count)
    work = Work("drawn", rivals.Task(taxonomy, (), (), ()), {}, {}, {})
    start = time.perf_counter()
    rate = _rate_of(work, config, encoder, taught)
    seconds = round(time.perf_counter() - start, 1)
    return {"samples_per_second": round(rate, 1), "seconds": seconds, "peak_mb": own_peak_mb()}


def _drawn(folder: Path, samples: int, count: int) -> tuple[Taxonomy, list[LabelledExample]]:
    """Distinct utterances under labels that are dealt out in turn, ten to a parent."""
    labels = tuple(
        Label(f"label {place}", (f"parent {place // GROUPS}", f"label {place}"))
        for place in range(count)
    )
    taxonomy = Taxonomy("drawn", (Dimension("intent", labels),))
    turns = utterances(folder, "banking77", 0, 0).task.train
    texts = list(dict.fromkeys(one.text for one in turns))[:samples]
    return taxonomy, [
        LabelledExample(
            Example(Conversation(f"drawn {place}", (Turn("customer", text),)), 0),
            {"intent": labels[place % count].name},
            {"intent": 1.0},
        )
        for place, text in enumerate(texts)
    ]


def _shared_cells(folder: Path, encoder: str, frozen: Encoder) -> Cells:
    sizes = Sizes(SHARED_CONVERSATIONS, 4_000)
    for dimension in ("both", "domain", "intent"):
        key = {"speed": "shared", "data": "multidogo", "size": sizes.name, "model": dimension}

        def work(dimension: str = dimension) -> Figures:
            return _shared(dialogues(folder, "multidogo", sizes), dimension, encoder, frozen)

        yield {**key, "encoder": encoder}, work


def _shared(work: Work, dimension: str, encoder: str, frozen: Encoder) -> Figures:
    """One model for both dimensions, or for the one that is named."""
    if dimension != "both":
        alone = replace(work.task.taxonomy, dimensions=(work.task.taxonomy[dimension],))
        work = replace(work, task=replace(work.task, taxonomy=alone))
    config = config_of(base("multidogo", "", 0), few=False, quick=False)
    taught = labelled(work.task.train, work.task.taxonomy)
    start = time.perf_counter()
    with trained(work, taught, config, encoder, frozen) as (classifier, reader):
        seconds = round(time.perf_counter() - start, 1)
        answers = classifier.probabilities(work.task.test, reader)
    return {"train_seconds": seconds, **scored(work, answers)}
