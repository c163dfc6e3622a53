"""How fast texts become vectors, and what int8 costs in accuracy.

    python -m benchmarks.encoding [--quick] [--data DIR]

The encoder is timed end to end, from raw texts, on the distinct customer turns of SGD, MultiDoGO
and NatCS (those of lowest sha256), beside

- a bare ONNX Runtime loop over the same batches, tokenized and sorted before the clock starts:
  what is lost around the model; and
- sentence-transformers on the same texts, same weights, at its default batch size and at the
  best of several. It is no requirement of Turnwise: without it its ratios are null. To have it,
  pip install --no-deps --target DIR sentence-transformers, and put DIR on PYTHONPATH.

All take turns in one process with the same number of threads; rates are the best of the rounds,
ratios are of these. The int8 form is compared with fp32 in the places of its vectors, and with
the int8 of onnxruntime.quantization.quantize_dynamic. The last line is one JSON object.
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
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import data
from benchmarks.runner import Figures, Table, parser, run, say
from turnwise.encoder_export import DEFAULT_ENCODER, encoder_source, prepare_encoder
from turnwise.encoder_gate import compare
from turnwise.encoders import Batch, OnnxEncoder, Vectors
from turnwise.errors import EncoderError

THREADS = 2
TEXTS, QUICK_TEXTS = 10_000, 3_000
ROUNDS, QUICK_ROUNDS = 5, 2
COMPARED = 2_000  # texts on which int8 is compared with fp32
ALONE = 200  # texts encoded one by one, to see whether a batch changes a vector
REST = 0.3  # seconds between two timings: idle threads of the last one spin for a while
RIVAL = "sentence_transformers"
RIVAL_BATCHES = (16, 32, 64, 128)
RIVAL_DEFAULT = 32
AIMS = {"of_bare_loop": 0.9, "int8_over_rival": 3.0, "fp32_over_rival": 1.5}

Contender = Callable[[], object]


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__.partition("\n")[0], "about 5 minutes on 2 cores")
    chosen = options.parse_args(arguments)
    chosen.fresh = True  # a speed is worth nothing beside one of another day
    return run("encoding", chosen, measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell of the table; returns the rates and ratios that sum it up."""
    texts = distinct_turns(data.data_folder(options.data))
    texts = texts[: QUICK_TEXTS if options.quick else TEXTS]
    with TemporaryDirectory(prefix="turnwise-encoding-") as name:
        folders = {
            "int8": prepare_encoder(DEFAULT_ENCODER, Path(name), precision="int8"),
            "fp32": prepare_encoder(DEFAULT_ENCODER, Path(name), precision="fp32"),
        }
        folders["dynamic"] = quantize_dynamic(folders["fp32"], Path(name) / "dynamic")
        encoders = {form: OnnxEncoder(folder, THREADS) for form, folder in folders.items()}
        for form in ("int8", "dynamic"):
            table.cell({"accuracy": form}, lambda form=form: accuracy(encoders, form, texts))
        contenders = ours(encoders, texts) | rivals(texts)
        rounds = QUICK_ROUNDS if options.quick else ROUNDS
        seconds = take_turns(contenders, rounds)
        card = json.loads((folders["int8"] / "encoder.json").read_text(encoding="utf-8"))
    rates = {name: len(texts) / min(spent) for name, spent in seconds.items()}
    for name, spent in seconds.items():
        table.cell({"speed": name}, lambda name=name, spent=spent: speed(len(texts), spent))
    return {
        "data": ", ".join(data.ORIGINS[name].source for name in SETS),
        "licence": ", ".join(data.ORIGINS[name].licence for name in SETS),
        "texts": len(texts),
        "threads": THREADS,
        "rounds": rounds,
        "precision_kept": card["precision"],
        "gate": card["gate"],
        "texts_per_second": {name: round(rate) for name, rate in rates.items()},
        **ratios(rates),
    }


SETS = ("sgd", "multidogo", "natcs_insurance")


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


def _nearest(vectors: Vectors) -> np.ndarray:
    near = vectors @ vectors.T
    np.fill_diagonal(near, -1)
    return near.argmax(axis=1)


def ours(encoders: Mapping[str, OnnxEncoder], texts: Sequence[str]) -> dict[str, Contender]:
    """Each form end to end, and its model alone on batches made beforehand."""
    found: dict[str, Contender] = {}
    for form in ("int8", "fp32"):
        encoder = encoders[form]
        batches = list(encoder.batches(texts))
        found[form] = lambda encoder=encoder: encoder.encode(texts)
        found[f"{form}_bare_loop"] = lambda encoder=encoder, made=batches: bare(encoder, made)
    dynamic = encoders["dynamic"]
    found["dynamic_int8"] = lambda: dynamic.encode(texts)
    return found


def bare(encoder: OnnxEncoder, batches: Sequence[Batch]) -> list[Vectors]:
    """The model and nothing else."""
    return [encoder.run(batch) for batch in batches]


def rivals(texts: Sequence[str]) -> dict[str, Contender]:
    """sentence-transformers at its default batch size and, where another is best, at that."""
    if importlib.util.find_spec(RIVAL) is None:
        say(
            f"{RIVAL} is not installed: its ratios are null. Install it with "
            "pip install --no-deps --target DIR sentence-transformers, then set PYTHONPATH=DIR"
        )
        return {}
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(THREADS)
    model = SentenceTransformer(str(encoder_source(DEFAULT_ENCODER)), device="cpu")

    def at(size: int, some: Sequence[str] = texts) -> Contender:
        return lambda: model.encode(list(some), batch_size=size, show_progress_bar=False)

    tried = {size: min(_timed(at(size, texts[:1000])) for _ in range(2)) for size in RIVAL_BATCHES}
    best = min(tried, key=lambda size: tried[size])
    say(f"{RIVAL}: fastest batch size of {RIVAL_BATCHES} is {best}")
    return {f"rival_{size}": at(size) for size in dict.fromkeys((RIVAL_DEFAULT, best))}


def take_turns(contenders: Mapping[str, Contender], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender in each round; one short round before warms them up."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, contender in contenders.items():
            time.sleep(REST)
            seconds[name].append(_timed(contender))
            say(f"round {number + 1} of {rounds}: {name} {seconds[name][-1]:.2f} s")
    return seconds


def _timed(contender: Contender) -> float:
    start = time.perf_counter()
    contender()
    return time.perf_counter() - start


def speed(texts: int, seconds: Sequence[float]) -> Figures:
    """Distinct texts a second: best, middle and worst round."""
    return {
        "best": round(texts / min(seconds)),
        "median": round(texts / float(np.median(seconds))),
        "worst": round(texts / max(seconds)),
    }


def ratios(rates: Mapping[str, float]) -> dict[str, object]:
    """What the issue asks for, beside its aims; null where the rival is not installed."""
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
    try:
        sys.exit(main())
    except EncoderError as error:
        say(str(error))
        sys.exit(2)
