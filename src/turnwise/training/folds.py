"""Heads for few examples: several trainings, each stopped by another tenth, and their mean.

A tenth that only stops a training is dear where there is little to learn from, and where it
stops is chance. Models that start alike and go a short way stay near enough for the mean of their
weights to be as good as the mean of their answers (model soups: Wortsman et al., 2022): together
they have learnt from everything, at the cost of one model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from turnwise.progress import Progress
from turnwise.training.config import TrainingConfig
from turnwise.training.fit import Dataset, Fitted, fit
from turnwise.training.losses import Wanted
from turnwise.training.model import Shape, TurnClassifier

Mask = NDArray[np.bool_]  # Bool[n_taught + n_held]: what stops one of the trainings


def fit_folds(
    parts: Sequence[Dataset],
    folds: Sequence[Mask],
    shape: Shape,
    config: TrainingConfig,
    progress: Progress,
) -> Fitted:
    """Train heads until what is held apart gains nothing, once for each fold.

    Args:
        parts: what is taught, and what is held apart to stop the training.
        folds: over the rows of both together; where there are none, one training on the parts.
    """
    if not folds:
        return fit(parts[0], parts[1], shape, config, progress)
    both = _joined(parts[0], parts[1])
    fitted = [fit(both.some(~stops), both.some(stops), shape, config, progress) for stops in folds]
    return replace(fitted[0], model=_mean([one.model for one in fitted]))


def _joined(taught: Dataset, held: Dataset) -> Dataset:
    vectors, turns = taught.vectors, held.turns
    if held.vectors is not vectors:  # each with its own texts
        turns = turns + len(vectors)
        vectors = torch.cat([vectors, held.vectors])
    pairs = taught.wanted.several.items()
    several = {place: torch.cat([one, held.wanted.several[place]]) for place, one in pairs}
    labels = torch.cat([taught.wanted.labels, held.wanted.labels])
    weights = torch.cat([taught.wanted.weights, held.wanted.weights])
    return Dataset(
        vectors,
        torch.cat([taught.turns, turns]),
        torch.cat([taught.roles, held.roles]),
        Wanted(labels, weights, several),
    )


def _mean(models: Sequence[TurnClassifier]) -> TurnClassifier:
    weights = [one.state_dict() for one in models]
    mean = {name: torch.stack([one[name] for one in weights]).mean(0) for name in weights[0]}
    models[0].load_state_dict(mean)
    return models[0]
