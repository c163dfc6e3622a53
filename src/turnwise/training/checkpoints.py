"""The state of a training on disk: killed at any point, it goes on from there.

One safetensors file holds weights, the best weights so far, the optimiser's moments and the
state of the random numbers; its metadata hold the rest as JSON. It is written whole or not at all.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from turnwise.errors import TrainingError

CHECKPOINT = "checkpoint.safetensors"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far a training is.

    Attributes:
        key: tells one training from another: settings, labels, texts, encoder.
        epoch, batch: the next to be done, from 0.
        losses: on the conversations held apart, after each epoch that is done.
    """

    key: str
    epoch: int = 0
    batch: int = 0
    losses: tuple[float, ...] = ()


Weights = dict[str, Tensor]


def save_checkpoint(
    folder: Path,
    at: Progressed,
    model: torch.nn.Module,
    best: Weights,
    optimiser: torch.optim.Optimizer,
) -> None:
    """Write the state of a training in place of the one before."""
    from safetensors.torch import save_file

    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best/{name}": value for name, value in best.items()}
    tensors |= {
        f"moments/{place}/{name}": value
        for place, state in optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }
    tensors |= {f"random/{name}": value for name, value in _random_states().items()}
    # Tied weights share memory, which the file format refuses.
    whole = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    part = folder / f"{CHECKPOINT}.part"
    said = json.dumps({"format": FORMAT, **asdict(at)})
    save_file(whole, part, metadata={"progressed": said})
    part.replace(folder / CHECKPOINT)


def load_checkpoint(
    folder: Path, key: str, model: torch.nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[Progressed, Weights] | None:
    """Put model, optimiser and random numbers where a training stopped; None where none did.

    Returns:
        How far it was, and its best weights.

    Raises:
        TrainingError: the checkpoint is of another training, or can't be read.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    tensors, at = _read(path)
    if at.key != key:
        raise TrainingError(
            f"{path}: this is the checkpoint of another training: taxonomy, labels, settings or "
            "encoder differ. Delete it, or give another folder"
        )
    parts: dict[str, Weights] = {"model": {}, "best": {}, "moments": {}, "random": {}}
    for name, value in tensors.items():
        kind, _, rest = name.partition("/")
        parts[kind][rest] = value
    model.load_state_dict(parts["model"])
    state: dict[int, Weights] = {}
    for name, value in parts["moments"].items():
        place, _, moment = name.partition("/")
        state.setdefault(int(place), {})[moment] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    _set_random_states(parts["random"])
    return at, parts["best"]


def _read(path: Path) -> tuple[Weights, Progressed]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            said = json.loads(file.metadata()["progressed"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(
            f"{path}: this checkpoint can't be read ({error}). Delete it to train from the start"
        ) from error
    if said.pop("format") != FORMAT:
        raise TrainingError(
            f"{path}: written by another version. Delete it to train from the start"
        )
    return tensors, Progressed(**{**said, "losses": tuple(said["losses"])})


def _random_states() -> Weights:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states |= {f"cuda{at}": state for at, state in enumerate(torch.cuda.get_rng_state_all())}
    return states


def _set_random_states(states: Weights) -> None:
    torch.set_rng_state(states["cpu"])
    for at in range(torch.cuda.device_count()):  # which may be others than before
        if f"cuda{at}" in states:
            torch.cuda.set_rng_state(states[f"cuda{at}"], at)
