"""How fast texts become vectors, and what int8 costs in accuracy.

    python -m benchmarks.encoding [--quick] [--data DIR]

The encoder is timed end to end, from raw texts, on the distinct customer turns of SGD, MultiDoGO
and NatCS (those of lowest sha256), beside

- a bare ONNX Runtime loop over the same batches, tokenized and sorted before the clock starts:
  what is lost around the model; and
- sentence-transformers on the same texts, same weights, at its default batch size and at the
  best of several. Turnwise doesn't use it; the package of the default encoder's weights, and so
  the extra `train`, brings it. Without it its ratios are null.

All take turns in one process with the same number of threads, a slice of the texts at a time. A
rate is made of the fastest round of each slice, so that a busy moment of the machine counts
little; `others` says how many cores other processes took in those rounds. The int8 form is
compared with fp32 in the places of its vectors, and with the int8 of ONNX Runtime's own
quantize_dynamic. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.runner import Figures, Table, parser, run, say
from turnwise.encoders import DEFAULT_ENCODER, Batch, OnnxEncoder, Vectors
from turnwise.encoders.export import prepare_encoder
from turnwise.encoders.gate import compare
from turnwise.encoders.source import encoder_source

THREADS = 2
SLICE = 1_500  # texts that a contender encodes before the next has its turn
SLICES, QUICK_SLICES = 4, 2
ROUNDS, QUICK_ROUNDS = 4, 2
COMPARED = 2_000  # texts on which int8 is compared with fp32
ALONE = 200  # texts encoded one by one, to see whether a batch changes a vector
REST = 0.3  # seconds between two timings: idle threads of the last one spin for a while
SETS = ("sgd", "multidogo", "natcs_insurance")
RIVAL = "sentence_transformers"
RIVAL_BATCHES = (16, 32, 64, 128)
RIVAL_DEFAULT = 32
AIMS = {"of_bare_loop": 0.9, "int8_over_rival": 3.0, "fp32_over_rival": 1.5}

Contender = Callable[[int], None]  # takes the number of a slice


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__.partition("\n")[0], "about 5 minutes on 2 cores")
    chosen = options.parse_args(arguments)
    chosen.fresh = True  # a speed is worth nothing beside one of another day
    return run("encoding", chosen, measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the table; returns the rates and ratios that sum it up."""
    texts = distinct_turns(data.data_folder(options.data))
    texts = texts[: SLICE * (QUICK_SLICES if options.quick else SLICES)]
    with TemporaryDirectory(prefix="turnwise-encoding-") as name:
        folders = {
            "int8": prepare_encoder(DEFAULT_ENCODER, Path(name), precision="int8"),
            "fp32": prepare_encoder(DEFAULT_ENCODER, Path(name), precision="fp32"),
        }
        folders["dynamic"] = quantize_dynamic(folders["fp32"], Path(name) / "dynamic")
        encoders = {form: OnnxEncoder(folder, THREADS) for form, folder in folders.items()}
        for form in ("int8", "dynamic"):
            table.cell({"accuracy": form}, partial(accuracy, encoders, form, texts))
        slices = [texts[start : start + SLICE] for start in range(0, len(texts), SLICE)]
        contenders = ours(encoders, slices) | rivals(slices)
        timings = take_turns(contenders, len(slices), QUICK_ROUNDS if options.quick else ROUNDS)
        card = json.loads((folders["int8"] / "encoder.json").read_text(encoding="utf-8"))
    rates = {
        name: table.cell({"speed": name}, partial(speed, len(texts), timings[name]))
        for name in contenders
    }
    return {
        "data": ", ".join(data.ORIGINS[name].source for name in SETS),
        "licence": ", ".join(data.ORIGINS[name].licence for name in SETS),
        "texts": len(texts),
        "threads": THREADS,
        "precision_kept": card["precision"],
        "gate": card["gate"],
        **ratios({name: float(str(found["texts_per_second"])) for name, found in rates.items()}),
    }


def distinct_turns(folder: Path) -> list[str]:
    """The distinct texts of customer turns, those of lowest sha256 first."""
    sets = (data.sgd(folder), data.multidogo(folder), data.natcs_insurance(folder))
    found = {
        turn.text
        for one in sets
        for split in one.splits.values()
        for conversation in split
        for turn in conversation.turns
        if turn.role == "customer"
    }
    return sorted(found, key=lambda text: hashlib.sha256(text.encode()).digest())


def quantize_dynamic(fp32: Path, folder: Path) -> Path:
    """An encoder as ONNX Runtime's own dynamic quantisation makes it, per channel."""
    import onnxruntime.quantization

    shutil.copytree(fp32, folder)
    onnxruntime.quantization.quantize_dynamic(
        fp32 / "model.onnx",
        folder / "model.onnx",
        per_channel=True,
        weight_type=onnxruntime.quantization.QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True},
    )
    return folder


def accuracy(encoders: Mapping[str, OnnxEncoder], form: str, texts: Sequence[str]) -> Figures:
    """How far an int8 form is from fp32, and how much a text's batch changes its vector."""
    some = texts[:COMPARED]
    reference, vectors = encoders["fp32"].encode(some), encoders[form].encode(some)
    alone = np.vstack([encoders[form].encode([text]) for text in some[:ALONE]])
    nearest = _nearest(reference) == _nearest(vectors)
    return {
        **asdict(compare(reference, vectors)),
        "same_neighbour": round(float(nearest.mean()), 4),
        "alone_cosine_min": round(float((alone * vectors[:ALONE]).sum(axis=1).min()), 6),
    }


def _nearest(vectors: Vectors) -> NDArray[np.int64]:
    near = vectors @ vectors.T
    np.fill_diagonal(near, -1)
    return near.argmax(axis=1)


def ours(
    encoders: Mapping[str, OnnxEncoder], slices: Sequence[Sequence[str]]
) -> dict[str, Contender]:
    """Each form end to end, and its model alone on batches made beforehand."""
    found: dict[str, Contender] = {}
    for form in ("int8", "fp32"):
        made = [list(encoders[form].batches(some)) for some in slices]
        found[form] = partial(end_to_end, encoders[form], slices)
        found[f"{form}_bare_loop"] = partial(bare, encoders[form], made)
    found["dynamic_int8"] = partial(end_to_end, encoders["dynamic"], slices)
    return found


def end_to_end(encoder: OnnxEncoder, slices: Sequence[Sequence[str]], number: int) -> None:
    """From raw texts to their vectors."""
    encoder.encode(slices[number])


def bare(encoder: OnnxEncoder, made: Sequence[Sequence[Batch]], number: int) -> None:
    """The model and nothing else."""
    for batch in made[number]:
        encoder.run(batch)


def rivals(slices: Sequence[Sequence[str]]) -> dict[str, Contender]:
    """sentence-transformers at its default batch size and, where another is best, at that."""
    if importlib.util.find_spec(RIVAL) is None:
        say(f"{RIVAL} is not installed: its ratios are null. Run: pip install 'turnwise[train]'")
        return {}
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(THREADS)
    model = SentenceTransformer(str(encoder_source(DEFAULT_ENCODER)), device="cpu")

    def encode(size: int, number: int) -> None:
        model.encode(list(slices[number]), batch_size=size, show_progress_bar=False)

    tried = {size: timed(partial(encode, size), 0).seconds for size in RIVAL_BATCHES}
    best = min(tried, key=lambda size: tried[size])
    say(f"{RIVAL}: fastest batch size of {RIVAL_BATCHES} is {best}")
    return {f"rival_{size}": partial(encode, size) for size in dict.fromkeys((RIVAL_DEFAULT, best))}


@dataclass(frozen=True, slots=True)
class Timing:
    """One slice by one contender.

    Attributes:
        others: cores that other processes kept busy meanwhile, on average.
    """

    seconds: float
    others: float


def take_turns(
    contenders: Mapping[str, Contender], slices: int, rounds: int
) -> dict[str, list[list[Timing]]]:
    """Every contender on every slice, `rounds` times: timings by contender and slice."""
    timings: dict[str, list[list[Timing]]] = {
        name: [[] for _ in range(slices)] for name in contenders
    }
    for turn in range(rounds):
        for number in range(slices):
            for name, contender in contenders.items():
                time.sleep(REST)
                timings[name][number].append(timed(contender, number))
        shown = {name: f"{each[-1][-1].seconds:.2f} s" for name, each in timings.items()}
        say(f"round {turn + 1} of {rounds}: {shown}")
    return timings


def timed(contender: Contender, number: int) -> Timing:
    """Time a contender on one slice."""
    busy, own, start = _busy_seconds(), time.process_time(), time.perf_counter()
    contender(number)
    seconds = time.perf_counter() - start
    others = _busy_seconds() - busy - (time.process_time() - own)
    return Timing(seconds, max(0.0, others / seconds))


def _busy_seconds() -> float:
    """Seconds that all cores together have been busy since the machine started."""
    spent = psutil.cpu_times()
    return float(sum(spent) - spent.idle - getattr(spent, "iowait", 0.0))


def speed(texts: int, timings: Sequence[Sequence[Timing]]) -> Figures:
    """Distinct texts a second in the fastest round of each slice, and over all rounds."""
    fastest = [min(rounds, key=lambda one: one.seconds) for rounds in timings]
    every = sum(one.seconds for rounds in timings for one in rounds)
    return {
        "texts_per_second": round(texts / sum(one.seconds for one in fastest)),
        "over_all_rounds": round(texts * len(timings[0]) / every),
        "others": round(float(np.mean([one.others for one in fastest])), 2),
    }


def ratios(rates: Mapping[str, float]) -> dict[str, object]:
    """Rate over rate, beside the aims; null where the rival is not installed."""
    at_default = rates.get(f"rival_{RIVAL_DEFAULT}")
    at_best = max((rate for name, rate in rates.items() if "rival" in name), default=None)

    def over(name: str, rival: float | None) -> float | None:
        return None if rival is None else round(rates[name] / rival, 3)

    found = {
        "int8_of_bare_loop": over("int8", rates["int8_bare_loop"]),
        "fp32_of_bare_loop": over("fp32", rates["fp32_bare_loop"]),
        "int8_over_rival": over("int8", at_default),
        "fp32_over_rival": over("fp32", at_default),
        "int8_over_rival_at_its_best": over("int8", at_best),
        "fp32_over_rival_at_its_best": over("fp32", at_best),
        "int8_over_dynamic_int8": over("int8", rates["dynamic_int8"]),
    }
    reached = {
        name: value >= aim
        for name, value in found.items()
        for wanted, aim in AIMS.items()
        if name.endswith(wanted) and value is not None
    }
    return {"ratios": found, "aims": AIMS, "reached": reached}


if __name__ == "__main__":
    sys.exit(main())
