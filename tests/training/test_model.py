from __future__ import annotations

import torch

from turnwise.bundle.levels import Levels
from turnwise.training.model import HistoryPools, Shape, TurnClassifier

LEVELS = (Levels(((0, 1, 2),)), Levels(((0, 1, 2, 3, 4),)))
SHAPE = Shape(vector=12, history=4, hidden=8, levels=LEVELS)


def stirred(module: torch.nn.Module) -> torch.nn.Module:
    """The same module with weights that are nowhere zero."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn(parameter.shape)
    return module.eval()


def test_nothing_to_look_at_gives_the_zero_vector():
    pools = stirred(HistoryPools(SHAPE))
    found = pools(torch.randn(2, 12), torch.randn(2, 4, 12), torch.zeros(2, 4, dtype=torch.long))
    assert found.abs().max() < 1e-6


def test_what_stands_where_no_turn_is_does_not_matter():
    model = stirred(TurnClassifier(SHAPE))
    vectors = torch.randn(6, 12)
    roles = torch.tensor([[1, 2, 1, 0, 0]])
    one = model(vectors, torch.tensor([[0, 1, 2, 0, 0]]), roles)
    other = model(vectors, torch.tensor([[0, 1, 2, 5, 4]]), roles)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(one, other, strict=True))


def test_examples_of_a_batch_do_not_see_each_other():
    model = stirred(TurnClassifier(SHAPE))
    vectors, turns = torch.randn(9, 12), torch.randint(0, 9, (5, 5))
    roles = torch.randint(0, 4, (5, 5))
    together = model(vectors, turns, roles)
    alone = [model(vectors, turns[at : at + 1], roles[at : at + 1]) for at in range(5)]
    for column, found in enumerate(together):
        assert found.shape == (5, SHAPE.labels[column])
        apart = torch.cat([one[column] for one in alone])
        assert torch.allclose(found, apart, atol=1e-5)


def test_attention_starts_on_the_near_turns_of_its_side():
    history = torch.eye(12)[:4].unsqueeze(0)
    roles = torch.tensor([[2, 1, 2, 1]])
    found = HistoryPools(SHAPE)(torch.randn(1, 12), history, roles)[0].detach()
    customer, other = found[0], found[2]
    assert customer[1] > customer[3] > 3 * customer[0]
    assert other[0] > other[2] > 3 * other[1]


def test_only_the_sides_that_a_window_shows_have_pools():
    shape = Shape(vector=12, history=4, hidden=8, levels=LEVELS, sides=("customer",))
    found = HistoryPools(shape)(
        torch.randn(2, 12), torch.randn(2, 4, 12), torch.ones(2, 4, dtype=torch.long)
    )
    assert found.shape == (2, 2, 12)
