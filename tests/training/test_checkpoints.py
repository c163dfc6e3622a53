"""The state of a training on disk: whole, its own, and enough to go on from."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from turnwise.errors import TrainingError
from turnwise.training.checkpoints import (
    CHECKPOINT,
    Progressed,
    load_checkpoint,
    save_checkpoint,
)


class Tied(torch.nn.Module):
    """Two layers of one weight, and dropout, which draws."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)
        self.second.weight = self.first.weight

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.second(torch.nn.functional.dropout(self.first(values), 0.5, True))


@pytest.fixture(autouse=True)
def own_randomness():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def trained(steps: int) -> tuple[Tied, torch.optim.Optimizer]:
    model = Tied()
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    go_on(model, optimiser, steps)
    return model, optimiser


def go_on(model: Tied, optimiser: torch.optim.Optimizer, steps: int) -> None:
    for _ in range(steps):
        optimiser.zero_grad()
        model(torch.ones(2, 4)).square().sum().backward()
        optimiser.step()


def test_what_goes_on_from_a_checkpoint_ends_where_it_would_have(tmp_path):
    model, optimiser = trained(3)
    best = {name: value.clone() for name, value in model.state_dict().items()}
    save_checkpoint(tmp_path, Progressed("key", 1, 2, (0.5, 0.25)), model, best, optimiser)
    go_on(model, optimiser, 3)
    torch.manual_seed(99)
    other, other_optimiser = trained(1)
    at, kept = load_checkpoint(tmp_path, "key", other, other_optimiser)
    assert at == Progressed("key", 1, 2, (0.5, 0.25))
    assert all(torch.equal(kept[name], best[name]) for name in best)
    go_on(other, other_optimiser, 3)
    for one, same in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, same)


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(tmp_path):
    assert load_checkpoint(tmp_path, "key", *trained(0)) is None


def test_the_checkpoint_of_another_training_is_refused_and_left_alone(tmp_path):
    save_checkpoint(tmp_path, Progressed("key"), *_model_and_best())
    before = (tmp_path / CHECKPOINT).read_bytes()
    model, optimiser = trained(0)
    weight = model.first.weight.clone()
    with pytest.raises(TrainingError, match="taxonomy, labels, settings or encoder differ"):
        load_checkpoint(tmp_path, "other", model, optimiser)
    assert torch.equal(model.first.weight, weight)
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def _model_and_best():
    model, optimiser = trained(1)
    return model, {}, optimiser


@pytest.mark.parametrize("damage", ["cut", "text", "foreign", "empty"])
def test_a_checkpoint_that_cannot_be_read_says_so(tmp_path, damage):
    path = tmp_path / CHECKPOINT
    save_checkpoint(tmp_path, Progressed("key"), *_model_and_best())
    if damage == "foreign":
        save_file({"a": torch.zeros(1)}, path)  # a whole file, but of something else
    else:
        whole = path.read_bytes()
        path.write_bytes({"cut": whole[: len(whole) // 2], "text": b"hello"}.get(damage, b""))
    with pytest.raises(TrainingError, match=r"can't be read.*Delete it to train from the start"):
        load_checkpoint(tmp_path, "key", *trained(0))


def test_a_write_that_breaks_off_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, Progressed("key", 1), *_model_and_best())

    def full(tensors: object, path: object, **rest: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(tmp_path, Progressed("key", 2), *_model_and_best())
    assert load_checkpoint(tmp_path, "key", *trained(0))[0].epoch == 1


def test_a_checkpoint_of_more_graphics_cards_than_there_are_can_be_gone_on_from(
    tmp_path, monkeypatch
):
    from turnwise.training import checkpoints

    states = {"cpu": torch.get_rng_state()} | {f"cuda{at}": torch.zeros(16) for at in range(4)}
    monkeypatch.setattr(checkpoints, "_random_states", lambda: states)
    save_checkpoint(tmp_path, Progressed("key", 2), *_model_and_best())
    given: list[int] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, at: given.append(at))
    assert load_checkpoint(tmp_path, "key", *trained(0))[0].epoch == 2
    assert given == [0, 1]
