from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from turnwise.training.contrast import LABELS, TOGETHER, contrast_batches, contrastive_loss
from turnwise.training.data import MISSING

some_labels = st.lists(st.integers(MISSING, 6), max_size=120)


@given(some_labels, st.integers(0, 9))
def test_turns_stand_with_others_of_their_label_and_once_a_pass(labels, seed):
    array = np.array(labels, np.int64)
    made = contrast_batches(array, np.random.default_rng(seed))
    rows = np.concatenate([*made, np.zeros(0, np.int64)])
    assert len(np.unique(rows)) == len(rows)
    assert all(0 < len(one) <= LABELS * TOGETHER for one in made)
    assert MISSING not in array[rows]
    counts = np.bincount(array[array != MISSING], minlength=7)
    for label, count in enumerate(counts):
        taken = int((array[rows] == label).sum())
        assert taken == (count - 1 if count % TOGETHER == 1 else count)


def test_the_loss_is_less_where_turns_of_a_label_are_near():
    labels = torch.tensor([0, 0, 1, 1])
    near = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    far = torch.tensor([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    assert contrastive_loss(near, labels) < 0.01 < contrastive_loss(far, labels)


def test_a_label_that_stands_alone_adds_nothing_and_no_gradient_is_lost():
    vectors = torch.nn.functional.normalize(torch.randn(3, 4), dim=1).requires_grad_()
    assert contrastive_loss(vectors, torch.tensor([0, 1, 2])) == 0
    loss = contrastive_loss(vectors, torch.tensor([0, 0, 2]))
    loss.backward()
    assert torch.isfinite(vectors.grad).all()
    assert vectors.grad.abs().sum() > 0
