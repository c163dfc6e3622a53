"""The loss of labels: what counts, how much, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from turnwise.bundle import leaves_only, levels_of
from turnwise.taxonomy import Dimension, Label
from turnwise.training.data import MISSING
from turnwise.training.losses import LabelLoss, Wanted

PATHS = (("Land", "Bike"), ("Land", "Cart"), ("Water", "Boat"))
TREE = Dimension("product", tuple(Label(path[-1], path) for path in PATHS))
FLAT = Dimension("wish", tuple(Label(name, (name,)) for name in ("A", "B", "C", "D")))
LEVELS = (levels_of(TREE), leaves_only(FLAT))  # 2 + 3 nodes, 4 labels


def wanted(*labels: tuple[int, int]) -> Wanted:
    found = torch.tensor(labels)
    return Wanted(found, (found != MISSING).float(), {})


def drawn(rows: int) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(rows)
    return [torch.randn(rows, width, generator=draw) for width in (5, 4)]


def test_the_loss_of_a_tree_is_summed_over_its_levels():
    logits = drawn(1)
    found = LabelLoss(LEVELS).each(logits, wanted((2, 1)), 0.0)
    groups, products = logits[0].split([2, 3], 1)
    by_hand = -groups.log_softmax(1)[0, 1] - products.log_softmax(1)[0, 2]
    assert found[0, 0].item() == pytest.approx(by_hand.item(), rel=1e-5)
    assert found[0, 1].item() == pytest.approx(-logits[1].log_softmax(1)[0, 1].item(), rel=1e-5)


@given(st.integers(1, 6), st.floats(0, 0.5), st.data())
def test_a_missing_label_adds_nothing_and_teaches_nothing(rows, smoothing, data):
    labels = [(data.draw(st.integers(-1, 2)), data.draw(st.integers(-1, 3))) for _ in range(rows)]
    logits = [one.requires_grad_() for one in drawn(rows)]
    found = LabelLoss(LEVELS).each(logits, wanted(*labels), smoothing)
    found.sum().backward()
    for column, scores in enumerate(logits):
        there = torch.tensor([one[column] != MISSING for one in labels])
        assert (found[~there, column] == 0).all()
        assert (scores.grad[~there] == 0).all()
        assert (found[there, column] > 0).all()


def test_weights_scale_the_losses_and_the_mean_is_over_examples():
    logits, loss = drawn(3), LabelLoss(LEVELS)
    labels = wanted((0, 1), (1, MISSING), (2, 3))
    weights = torch.tensor([[1.0, 0.5], [0.25, 1.0], [0.0, 2.0]])
    found = loss.mean(logits, replace(labels, weights=weights), 0.0)
    assert found.item() == pytest.approx(
        (loss.each(logits, labels, 0.0) * weights).sum().item() / 3
    )


def test_several_labels_are_judged_one_by_one():
    logits = drawn(2)
    marks = torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0]])
    labels = replace(wanted((0, 0), (1, 1)), several={1: marks})
    found = LabelLoss(LEVELS).each(logits, labels, 0.0)[:, 1]
    chances = torch.sigmoid(logits[1])
    by_hand = -(marks * chances.log() + (1 - marks) * (1 - chances).log()).sum(1)
    assert found.tolist() == pytest.approx(by_hand.tolist(), rel=1e-5)


def test_a_turn_without_any_of_several_labels_adds_nothing():
    labels = replace(wanted((0, MISSING), (1, 2)), several={1: torch.zeros(2, 4)})
    found = LabelLoss(LEVELS).each(drawn(2), labels, 0.1)
    assert found[0, 1] == 0 < found[1, 1]


def test_smoothing_makes_a_sure_answer_cost():
    sure = [torch.zeros(1, 5), torch.tensor([[50.0, 0, 0, 0]])]
    loss = LabelLoss(LEVELS)
    assert loss.each(sure, wanted((MISSING, 0)), 0.0)[0, 1].item() == pytest.approx(0, abs=1e-6)
    assert loss.each(sure, wanted((MISSING, 0)), 0.1)[0, 1] > 1


def test_rows_of_what_is_wanted_go_together():
    marks = torch.arange(8.0).view(2, 4)
    found = replace(wanted((0, 1), (2, 3)), several={1: marks})[torch.tensor([1])]
    assert (found.labels.tolist(), found.several[1].tolist()) == ([[2, 3]], [[4, 5, 6, 7]])
