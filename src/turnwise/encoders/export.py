"""A transformer to the folder that `OnnxEncoder` reads: made once, then kept.

    name --source--> weights --torch, pooling--> fp32 graph --int8, gate--> folder

Needs the `train` extra (torch, transformers, onnx); what is made runs without it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.encoders.card import CARD, EncoderCard, Precision, write_card
from turnwise.encoders.int8 import processor_flags, quantize_rows, weight_levels
from turnwise.encoders.source import EncoderSource, find_source
from turnwise.errors import EncoderError
from turnwise.progress import Progress, silent
from turnwise.unfinished import move_into_place, unfinished_folder

if TYPE_CHECKING:
    import torch

    from turnwise.encoders.gate import GateFigures

EXPORT_VERSION = 2  # raise when an export of the same weights would give other vectors
OPSET = 17
STEPS = 3  # of an export, as progress counts them


@dataclass(frozen=True, slots=True)
class ExportCard(EncoderCard):
    """What an exported encoder is and how it was made.

    Attributes:
        gate: how near int8 came to fp32; None where int8 wasn't tried.
        processor: the instruction sets of the machine on which the gate was held.
    """

    pooling: str
    weights_sha256: str
    export_version: int
    gate: GateFigures | None
    weight_levels: int
    processor: tuple[str, ...]


def prepare_encoder(
    name: str, cache: Path, progress: Progress = silent, precision: Precision = "int8"
) -> Path:
    """Return the folder of an encoder, exporting it into the cache if it isn't there yet.

    Args:
        name: a Hugging Face id or a local folder.
        cache: where exported encoders are kept; processes, and machines, may share it.
        progress: told of the steps of an export.
        precision: `int8` keeps the int8 form where it passes the gate, else fp32.

    Raises:
        EncoderError: the encoder can't be found, isn't what it should be, or can't be exported.
    """
    source = find_source(name)
    levels = weight_levels(processor_flags())
    key = _key(source, precision, levels)
    folder = cache / f"{source.title}-{key}"
    if (folder / CARD).is_file():
        return folder
    _require("torch", "transformers", "onnx")
    with unfinished_folder(cache) as made:
        _export(source, made, precision, progress)
        move_into_place(made, folder, CARD)
    return folder


def _key(source: EncoderSource, precision: Precision, levels: int) -> str:
    """A hash of all that decides what an export holds: files, precision, kind of processor."""
    kind = f"{precision} {levels}" if precision == "int8" else precision
    said = f"{EXPORT_VERSION} {kind} {source.content_sha256}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _require(*libraries: str) -> None:
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        raise EncoderError(
            f"Exporting an encoder needs {', '.join(missing)}. Run: pip install 'turnwise[train]'"
        )


def _export(source: EncoderSource, made: Path, precision: Precision, progress: Progress) -> None:
    """Fill a folder: fp32 first, then int8 in its place if the gate passes."""
    progress("exporting encoder", 0, STEPS)
    shutil.copyfile(source.folder / "tokenizer.json", made / "tokenizer.json")
    size = export_fp32(source, made / "model.onnx")
    _write_card(source, made, size, "fp32", None)
    progress("exporting encoder", 1, STEPS)
    if precision == "int8":
        figures = _try_int8(made)
        _write_card(source, made, size, "int8" if figures.passed else "fp32", figures)
    progress("exporting encoder", STEPS, STEPS)


def _write_card(
    source: EncoderSource,
    made: Path,
    size: int,
    precision: Precision,
    gate: GateFigures | None,
) -> None:
    flags = processor_flags()
    levels = weight_levels(flags)
    form = f"int8.{levels}" if precision == "int8" else precision
    card = ExportCard(
        id=f"{source.title}-{source.content_sha256[:16]}-{EXPORT_VERSION}-{form}-{source.max_tokens}",
        size=size,
        max_tokens=source.max_tokens,
        pooling=source.pooling,
        precision=precision,
        source=source.name,
        weights_sha256=source.weights_sha256,
        export_version=EXPORT_VERSION,
        gate=gate,
        weight_levels=levels,
        processor=tuple(sorted(flags)),
    )
    write_card(card, made)


def export_fp32(source: EncoderSource, target: Path) -> int:
    """Write an encoder with its pooling as one ONNX graph; return the size of its vectors.

    The graph takes input_ids and attention_mask, Int64[n_texts, length], padded at the right,
    and gives embedding, Float32[n_texts, size], rows of unit length. It is left as it is
    traced: what ONNX Runtime fuses by itself when it loads it runs faster on processors than
    its offline fusions of attention and layer norms (600 and 500 texts/s on one core).

    Raises:
        EncoderError: the architecture can't be loaded or traced.
    """
    import torch

    try:
        module, size = _pooled_module(source)
        ids = torch.randint(5, 100, (3, 7))
        mask = torch.ones_like(ids)
        mask[1, 4:] = 0
        names = ["input_ids", "attention_mask"]
        axes = {name: {0: "batch", 1: "length"} for name in names} | {"embedding": {0: "batch"}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tracing: constants that are none of ours
            # The newer exporter takes four times as long for the same graph.
            torch.onnx.export(
                module,
                (ids, mask),
                str(target),
                input_names=names,
                output_names=["embedding"],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:  # whatever an unknown architecture raises in two libraries
        reason = f"{type(error).__name__}: {error}"
        raise EncoderError(
            f"{source.folder}: this model can't be exported as an encoder ({reason}). Encoders "
            f"of the BERT family are known to work"
        ) from error
    return size


def _pooled_module(source: EncoderSource) -> tuple[torch.nn.Module, int]:
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model = AutoModel.from_pretrained(
        source.folder, attn_implementation="eager", dtype=torch.float32, local_files_only=True
    )

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            found = self.model(input_ids=input_ids, attention_mask=attention_mask)
            hidden = found.last_hidden_state
            pooled = hidden[:, 0] if source.pooling == "cls" else _mean(hidden, attention_mask)
            return torch.nn.functional.normalize(pooled, dim=1)

    return Pooled().eval(), int(model.config.hidden_size)


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)


def _try_int8(made: Path) -> GateFigures:
    """Replace the fp32 model of a folder by its int8 form if that passes the gate."""
    from turnwise.encoders.gate import compare, judging_texts, ranging_texts
    from turnwise.encoders.onnx import OnnxEncoder

    fp32, model, smaller = made / "fp32.onnx", made / "model.onnx", made / "int8.onnx"
    encoder = OnnxEncoder(made, threads=1)
    reference = encoder.encode(judging_texts())
    feeds = [
        {"input_ids": batch.ids, "attention_mask": batch.mask}
        for text in ranging_texts()
        for batch in encoder.batches([text])
    ]
    quantize_rows(model, smaller, feeds, weight_levels(processor_flags()))
    model.rename(fp32)
    smaller.rename(model)
    figures = compare(reference, OnnxEncoder(made, threads=1).encode(judging_texts()))
    if figures.passed:
        fp32.unlink()
    else:
        fp32.replace(model)
    return figures
