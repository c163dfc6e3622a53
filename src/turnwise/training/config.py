"""What training can be told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

from turnwise.conversations import ContextWindow
from turnwise.errors import ConfigError

WINDOW = ContextWindow()


Ranking = Literal["none", "binary", "contrastive"]
Precision = Literal["auto", "fp32", "bf16"]
ExampleKind = Literal["single", "multi", "pseudo", "generated"]


@dataclass(frozen=True, slots=True)
class EncoderTuning:
    """How the encoder itself is trained, together with the heads.

    Attributes:
        encoder: a Hugging Face id or a local folder; None: the project's, which labels by its
            vectors and is left as it is in any case.
        epochs: passes over the data at most; patience: passes without a better loss on the
            conversations held apart before training stops. 0 epochs: the encoder is trained by
            contrast or masked words alone, and the heads on what comes of it.
        learning_rate: of the encoder, at its highest; None: 1e-4 for encoders of under 50
            million weights, 2e-5 beyond 200 million, 5e-5 between. heads_rate: of the heads.
        weight_decay: of AdamW; warmup: share of the steps in which the rates rise from 0, in
            [0, 1); then they fall to 0 in a line.
        batch: examples a step; None: 32 below 20,000 examples, then 64, and three times as many
            where whole conversations make a step.
        precision: `bf16` computes in bfloat16 and keeps weights in fp32; `auto` does so where
            the processor or the accelerator has it.
        contrast_epochs: passes that draw turns of one label together before the heads are
            trained, for little data without a history; 0 for none.
        masked_epochs: passes of masked-language-model training over the project's own logs
            before that; 0 for none.
        devices: processes that share each step; None: one for each graphics card, else one.
        checkpoint_minutes: between two checkpoints; one is written after every epoch, too.
    """

    encoder: str | None = None
    epochs: int = 10
    patience: int = 5
    learning_rate: float | None = None
    heads_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    batch: int | None = None
    precision: Precision = "auto"
    contrast_epochs: int = 0
    masked_epochs: int = 0
    devices: int | None = None
    checkpoint_minutes: float = 10.0

    def __post_init__(self) -> None:
        where = "training.tune"
        _at_least(self, where, 1, "patience", "batch", "devices")
        _at_least(self, where, 0, "epochs", "contrast_epochs", "masked_epochs")
        _share(self, where, "warmup")
        _positive(self, where, "learning_rate", "heads_rate", "checkpoint_minutes")
        _not_negative(self, where, "weight_decay")
        _one_of(self.precision, Precision, f"{where}.precision")

    def batch_for(self, examples: int, together: bool = False) -> int:
        """How many of so many examples make a step.

        Args:
            together: whether the turns of a conversation stand in one step; they are alike, so
                that it takes more of them to say as much.
        """
        return self.batch or (32 if examples < 20_000 else 64) * (3 if together else 1)

    def rate_for(self, weights: int) -> float:
        """The encoder's learning rate, by how many weights it has."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 1e-4 if weights < 50_000_000 else 5e-5 if weights < 200_000_000 else 2e-5


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a classifier is trained. The defaults were chosen on 5-fold cross-validation.

    Attributes:
        context: how much of the history is seen, and how it is joined to the turn.
        hidden: width of the hidden layer.
        dropout: share of features and hidden units that are dropped, in [0, 1).
        learning_rate, weight_decay: of AdamW.
        label_smoothing: share of the target spread over all labels, in [0, 1).
        batch: examples a step; None: 64, and 256 from 20,000 examples on, which trains twice as
            fast and as well.
        epochs: passes over the data at most; patience: passes without a better loss on the
            conversations held apart before training stops.
        seed: of weights and order; the same seed gives the same weights on one machine.
        label_attention: heads for every level of the label tree, each fed by the one above.
        tree: logits of the whole label tree, by messages along it (HiTIN), added to the heads'.
        ranking: a second task for the encoder, telling the agent's next answer from another's:
            `binary` judges each answer, `contrastive` compares the two; needs `tune`.
        ranking_weight: of its loss beside that of the labels.
        balanced: rare labels count more, by the effective number of their turns.
        several: dimensions of which a turn may carry several labels.
        shares: kind of example -> its share of the loss, for `single` (gold turns that open
            their conversation), `multi` (gold turns with a history), `pseudo` and `generated`;
            kinds left out share the rest as they come. Empty: every example counts as it is.
        tune: how the encoder is trained, too; None: it stays as it is.
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
    label_attention: bool = False
    tree: bool = False
    ranking: Ranking = "none"
    ranking_weight: float = 0.3
    balanced: bool = False
    several: tuple[str, ...] = ()
    shares: Mapping[ExampleKind, float] = field(default_factory=dict)
    tune: EncoderTuning | None = None

    def batch_for(self, examples: int) -> int:
        """How many of so many examples make a step."""
        return self.batch or (64 if examples < 20_000 else 256)

    def __post_init__(self) -> None:
        where = "training"
        _at_least(self, where, 1, "hidden", "batch", "epochs", "patience")
        _share(self, where, "dropout", "label_smoothing")
        _positive(self, where, "learning_rate")
        _not_negative(self, where, "weight_decay", "ranking_weight")
        _one_of(self.ranking, Ranking, "training.ranking")
        if not 0 <= self.seed < 2**63:
            raise ConfigError("must be in [0, 2**63)", field="training.seed")
        if self.ranking != "none" and self.tune is None:
            raise ConfigError(
                "ranking teaches the encoder, which stays as it is here",
                field="training.ranking",
                hint="Add training.tune, or take ranking out",
            )
        if (
            any(not 0 < one <= 1 for one in self.shares.values())
            or math.fsum(self.shares.values()) > 1 + 1e-9
        ):
            raise ConfigError("shares are above 0 and sum to 1 at most", field="training.shares")


def decisive(config: TrainingConfig) -> dict[str, object]:
    """The settings that a training's outcome depends on, as plain values.

    How often the encoder's training is saved, and on how many devices it goes on, are none.
    """
    said = asdict(config)
    for name in ("checkpoint_minutes", "devices"):
        (said["tune"] or {}).pop(name, None)
    return said


def _at_least(settings: object, where: str, least: int, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if value is not None and value < least:
            raise ConfigError(f"must be {least} or more", field=f"{where}.{name}")


def _share(settings: object, where: str, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(settings, name) < 1:
            raise ConfigError("must be in [0, 1)", field=f"{where}.{name}")


def _positive(settings: object, where: str, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if value is not None and not 0 < value < math.inf:
            raise ConfigError("must be positive and finite", field=f"{where}.{name}")


def _not_negative(settings: object, where: str, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(settings, name) < math.inf:
            raise ConfigError("must be 0 or more and finite", field=f"{where}.{name}")


def _one_of(value: str, kind: object, where: str) -> None:
    if value not in get_args(kind):
        raise ConfigError(f"is one of {', '.join(get_args(kind))}", field=where)
