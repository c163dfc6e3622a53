"""What training can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from turnwise.conversations import ContextWindow
from turnwise.errors import ConfigError

WINDOW = ContextWindow()


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a classifier is trained. The defaults were chosen on 5-fold cross-validation.

    Attributes:
        context: how much of the history is seen.
        hidden: width of the hidden layer.
        dropout: share of features and hidden units that are dropped, in [0, 1).
        learning_rate, weight_decay: of AdamW.
        label_smoothing: share of the target spread over all labels, in [0, 1).
        batch: examples a step; None: 64, and 256 from 20,000 examples on, which trains twice as
            fast and as well.
        epochs: passes over the data at most; patience: passes without a better loss on the
            conversations held apart before training stops.
        seed: of weights and order; the same seed gives the same weights on one machine.
    """

    context: ContextWindow = WINDOW
    hidden: int = 256
    dropout: float = 0.3
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    batch: int | None = None
    epochs: int = 100
    patience: int = 5
    seed: int = 0

    def batch_for(self, examples: int) -> int:
        """How many of so many examples make a step."""
        return self.batch or (64 if examples < 20_000 else 256)

    def __post_init__(self) -> None:
        for name in ("hidden", "batch", "epochs", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError("must be 1 or more", field=f"training.{name}")
        for name in ("dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError("must be in [0, 1)", field=f"training.{name}")
        if not 0 < self.learning_rate < math.inf:
            raise ConfigError("must be positive and finite", field="training.learning_rate")
        if not 0 <= self.weight_decay < math.inf:
            raise ConfigError("must be 0 or more and finite", field="training.weight_decay")
        if not 0 <= self.seed < 2**63:
            raise ConfigError("must be in [0, 2**63)", field="training.seed")
