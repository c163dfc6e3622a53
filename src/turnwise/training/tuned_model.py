"""An encoder and its heads as one model that is trained, and all that its training is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from turnwise.training.config import EncoderTuning, Precision, TrainingConfig
from turnwise.training.lessons import Lessons
from turnwise.training.model import Shape, TurnClassifier
from turnwise.training.text_encoder import TextEncoder, Tokens


class TunedModel(nn.Module):
    """An encoder, the heads on its vectors, and the score of an answer."""

    def __init__(self, encoder: TextEncoder, classifier: TurnClassifier) -> None:
        super().__init__()
        self.encoder, self.classifier = encoder, classifier
        self.answers = nn.Linear(encoder.size, 1)

    def logits(self, tokens: Tokens, turns: Tensor, roles: Tensor) -> tuple[Tensor, ...]:
        """Return Float32[batch, width] for each dimension; `turns` are places in `tokens`."""
        vectors = self.encoder(tokens)
        found: tuple[Tensor, ...] = self.classifier(
            vectors, turns.to(vectors.device), roles.to(vectors.device)
        )
        return found

    def answer_scores(self, tokens: Tokens) -> Tensor:
        """Return Float32[n]: how well each answer follows its context (S2)."""
        scores: Tensor = self.answers(self.encoder(tokens)).squeeze(1)
        return scores


@dataclass(frozen=True, slots=True)
class Course:
    """All that one training is told.

    Attributes:
        folds: what stops each training of the heads, where they alone are trained.
        key: tells its checkpoint from those of others; folder: where it stands.
    """

    taught: Lessons
    held: Lessons
    shape: Shape
    config: TrainingConfig
    folds: Sequence[NDArray[np.bool_]]
    folder: Path
    key: str

    @property
    def tune(self) -> EncoderTuning:
        return self.config.tune or EncoderTuning()

    @property
    def batch(self) -> int:
        """Examples a step, about."""
        together = len(np.unique(self.taught.groups)) < len(self.taught)
        return self.tune.batch_for(len(self.taught), together)

    @property
    def too_large(self) -> tuple[str, str]:
        """What memory may not suffice for, and what to do then."""
        return (
            f"a step of {self.batch} examples",
            "Lower training.tune.batch (half of it), training.context.max_turns or "
            "training.context.max_tokens",
        )


def parameter_groups(model: TunedModel, tune: EncoderTuning) -> list[dict[str, object]]:
    """Parameters as the optimiser takes them, each with the rate that it rises to."""
    rate, decay = tune.rate_for(model.encoder.weights), tune.weight_decay
    groups: list[dict[str, object]] = [
        *({**group, "lr": rate} for group in decayed(model.encoder.parameters(), decay)),
        {"params": list(model.answers.parameters()), "lr": tune.heads_rate, "weight_decay": decay},
        *model.classifier.parameter_groups(tune.heads_rate, decay),
    ]
    return [{**group, "peak": group["lr"]} for group in groups if group["params"]]


def decayed(parameters: Iterable[nn.Parameter], decay: float) -> list[dict[str, object]]:
    """An encoder's parameters that are trained; biases and norms are few, not drawn to zero."""
    trained = [one for one in parameters if one.requires_grad]
    return [
        {"params": [one for one in trained if one.ndim > 1], "weight_decay": decay},
        {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
    ]


def in_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether bfloat16 computes: as asked, or where it is computed rather than emulated."""
    return precision == "bf16" or (precision == "auto" and _computes_bf16(device))


def _computes_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    there = torch.cpu.get_capabilities()
    return any(there.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
