"""Masked-language-model training: an encoder reads a project's own logs before it is fine-tuned.

    encoder folder + texts --mask, guess, AdamW--> encoder folder in the same form

An encoder of general text learns the words and the manner of one service from chats that nobody
labelled (Gururangan et al., Don't Stop Pretraining, 2020): some tokens of each text are hidden
(`masking`) and guessed. The head that guesses is dropped at the end.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from turnwise.encoders import EncoderSource, TextReader, find_source
from turnwise.encoders.source import copy_companions
from turnwise.encoders.token_batches import padded
from turnwise.errors import TrainingError
from turnwise.progress import Progress, silent
from turnwise.training.checkpoints import Progressed, load_checkpoint, save_checkpoint
from turnwise.training.config import Precision
from turnwise.training.masking import Ids, Masker, masker_of
from turnwise.training.quiet import quiet
from turnwise.training.tuned_model import decayed, in_bf16
from turnwise.unfinished import move_into_place, unfinished_folder, write_file

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import BaseModelOutput

FORMAT = 1  # raise when the same input would give other weights
RECORD = "pretraining.json"
DECAY = 0.01  # of AdamW, as BERT was trained
LONGEST_STEP = 1.0  # of the gradient's norm
SORTED_TOGETHER = 50  # batches among which texts of like length find each other


@dataclass(frozen=True, slots=True)
class Pretrained:
    """An encoder that has read the logs.

    Attributes:
        folder: as `encoders.find_source` takes it.
        losses: the mean loss of a masked token, nats, in each epoch.
    """

    folder: Path
    losses: tuple[float, ...]


def pretrain(
    source: Path,
    texts: Sequence[str],
    target: Path,
    *,
    epochs: int,
    learning_rate: float = 5e-5,
    batch: int = 32,
    max_tokens: int = 128,
    seed: int = 0,
    precision: Precision = "auto",
    progress: Progress = silent,
) -> Pretrained:
    """Train an encoder on unlabelled texts and write it in the form in which it came.

    Killed at any point, the same call goes on after the last whole epoch, and gives the same
    weights on one machine; until it is done its state stands beside the target, in
    `<target>.unfinished`. A target that the same call has written is returned as it is.

    Args:
        source: config.json, model.safetensors and tokenizer.json of any encoder that
            transformers knows as a masked language model. A head is drawn anew where the file
            has none.
        texts: each distinct one is read once an epoch, up to `max_tokens`, special tokens
            included; their order doesn't matter.
        target: a folder that is not there yet.
        epochs, batch: 1 or more; the learning rate falls to 0 in a line.
        precision: as `EncoderTuning` has it.

    Raises:
        EncoderError: the source is not a complete encoder.
        TrainingError: a tokenizer without a mask token, no architecture for it, no texts,
            something else in the target's place, or a loss that is no number any more.
    """
    given = find_source(str(source))
    reader = TextReader(given.folder / "tokenizer.json", min(max_tokens, given.max_tokens))
    masker = masker_of(given.folder / "tokenizer.json")
    distinct = sorted({text.strip() for text in texts} - {""})
    tokens = [ids for ids in reader.tokens(distinct) if masker.open(ids).any()]
    if not tokens or epochs < 1 or batch < 1:
        raise TrainingError("reading logs takes one text, one epoch and a batch of 1 at least")
    settings = (FORMAT, epochs, learning_rate, batch, reader.max_tokens, seed, precision)
    key = _key(given, tokens, settings)
    if target.exists():
        return _finished(target, key)
    kept = target.with_name(f"{target.name}.unfinished")
    kept.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        run = _Run(
            _model(given),
            tokens,
            masker,
            Progressed(key),
            (epochs, batch, learning_rate),
            precision=precision,
        )
        losses = run.to_the_end(kept, seed, progress)
        torch.manual_seed(seed)  # of parts that the source lacks and no vector needs
        _write(run.model, given, target, {"key": key, "losses": losses})
    shutil.rmtree(kept, ignore_errors=True)
    return Pretrained(target, losses)


def _key(given: EncoderSource, tokens: Sequence[Ids], settings: tuple[float | str, ...]) -> str:
    """Tells one training from another: encoder, texts, settings."""
    digest = hashlib.sha256(f"{given.content_sha256} {settings}".encode())
    for ids in tokens:
        digest.update(len(ids).to_bytes(4, "big") + ids.tobytes())
    return digest.hexdigest()


def _finished(target: Path, key: str) -> Pretrained:
    try:
        said = json.loads((target / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = {}
    if said.get("key") != key:
        raise TrainingError(
            f"{target}: this is not the encoder that these texts and settings give. Delete it, or "
            "give another folder"
        )
    return Pretrained(target, tuple(said["losses"]))


def _model(given: EncoderSource) -> PreTrainedModel:
    """The encoder with the head that guesses."""
    from transformers import AutoModelForMaskedLM

    try:
        model: PreTrainedModel = AutoModelForMaskedLM.from_pretrained(
            given.folder, dtype=torch.float32, local_files_only=True
        )
    except (ValueError, KeyError) as error:
        raise TrainingError(
            f"{given.folder}: transformers has no masked language model of this architecture "
            f"({error}). Leave out the epochs on logs, or choose an encoder of the BERT family"
        ) from error
    return model


class _Run:
    """One training on its way.

    Args:
        settings: epochs, texts a step, learning rate at the start.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokens: Sequence[Ids],
        masker: Masker,
        at: Progressed,
        settings: tuple[int, int, float],
        *,
        precision: Precision,
    ) -> None:
        self.tokens, self.masker, self.at = tokens, masker, at
        self.epochs, self.batch, self.rate = settings
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.half = in_bf16(precision, self.device)
        model.to(self.device)  # type: ignore[arg-type]  # its decorator hides the signature
        self.model = model
        self.optimiser = torch.optim.AdamW(
            decayed(model.parameters(), DECAY), lr=self.rate, fused=True
        )
        self.steps = -(-len(tokens) // self.batch)  # of an epoch

    def to_the_end(self, kept: Path, seed: int, progress: Progress) -> tuple[float, ...]:
        """Train from where the folder's checkpoint stands; return the loss of each epoch."""
        loaded = load_checkpoint(kept, self.at.key, self.model, self.optimiser)
        if loaded:
            self.at = loaded[0]
        self.model.train()
        while self.at.epoch < self.epochs:
            draw = np.random.default_rng((seed, self.at.epoch))
            losses = (*self.at.losses, self._epoch(draw, progress))
            self.at = replace(self.at, epoch=self.at.epoch + 1, losses=losses)
            save_checkpoint(kept, self.at, self.model, {}, self.optimiser)
        return self.at.losses

    def _epoch(self, draw: np.random.Generator, progress: Progress) -> float:
        total, hidden, all_steps = 0.0, 0, self.epochs * self.steps
        lengths = np.array([len(ids) for ids in self.tokens])
        for place, rows in enumerate(_batches(lengths, self.batch, draw)):
            step = self.at.epoch * self.steps + place
            loss, count = self._step([self.tokens[row] for row in rows], draw, 1 - step / all_steps)
            total, hidden = total + loss * count, hidden + count
            progress("reading logs", step + 1, all_steps)
        return total / hidden

    def _step(
        self, tokens: Sequence[Ids], draw: np.random.Generator, share: float
    ) -> tuple[float, int]:
        """Learn from one batch; return its mean loss and how many tokens were hidden."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * share
        batch = padded(tokens, np.arange(len(tokens)))
        ids, mask = batch.ids, batch.mask.astype(bool)
        shown, hidden = self.masker.hide(ids, mask, draw)
        wanted = torch.from_numpy(ids[hidden]).to(self.device)
        inputs = [torch.from_numpy(one).to(self.device) for one in (shown, mask, hidden)]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            guesses = _guesses(self.model, *inputs)
        loss = cross_entropy(guesses.float(), wanted)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss on the logs is no number any more (epoch {self.at.epoch + 1}). Lower "
                "the learning rate"
            )
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        nn.utils.clip_grad_norm_(self.model.parameters(), LONGEST_STEP)
        self.optimiser.step()
        return loss.item(), len(wanted)


def _batches(lengths: Ids, size: int, draw: np.random.Generator) -> list[Ids]:
    """Rows in batches of like length, in drawn order: always as many, ceil(n / size)."""
    order = draw.permutation(len(lengths))
    together = size * SORTED_TOGETHER
    runs = [order[start : start + together] for start in range(0, len(order), together)]
    ordered = [run[np.argsort(lengths[run], kind="stable")] for run in runs]
    found = [run[at : at + size] for run in ordered for at in range(0, len(run), size)]
    return [found[place] for place in draw.permutation(len(found))]


def _guesses(model: PreTrainedModel, ids: Tensor, mask: Tensor, hidden: Tensor) -> Tensor:
    """Float32[n_hidden, vocabulary]: the scores of what stood at the hidden places.

    Only these places go through the head: for all of them a vocabulary of 250,000 would take
    gigabytes.
    """

    def keep_hidden(module: nn.Module, inputs: object, output: BaseModelOutput) -> BaseModelOutput:
        output.last_hidden_state = output.last_hidden_state[hidden].unsqueeze(0)  # type: ignore[index]
        return output

    hook = model.base_model.register_forward_hook(keep_hidden)
    try:
        found = model(input_ids=ids, attention_mask=mask.long())
    finally:
        hook.remove()
    scores: Tensor = found.logits[0]
    return scores


def _write(
    model: PreTrainedModel, given: EncoderSource, target: Path, record: dict[str, object]
) -> None:
    """Write the encoder without the head, all else as it was."""
    from transformers import AutoModel

    # Parts that only the source has, such as a pooler, stay as they were.
    encoder = AutoModel.from_pretrained(given.folder, dtype=torch.float32, local_files_only=True)
    encoder.load_state_dict(model.base_model.state_dict(), strict=False)
    with unfinished_folder(target.parent) as made:
        encoder.save_pretrained(made, safe_serialization=True)
        copy_companions(given.folder, made)
        write_file(made / RECORD, json.dumps(record))
        move_into_place(made, target, RECORD)
