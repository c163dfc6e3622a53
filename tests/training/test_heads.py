"""Label-attention heads and the tree component."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from training_samples import gold

from turnwise.bundle.levels import Levels, level_logits, path_scores
from turnwise.context_arrays import context_arrays
from turnwise.conversations import ContextWindow
from turnwise.training.coding_tree import coding_tree
from turnwise.training.data import targets
from turnwise.training.export import _export_classifier
from turnwise.training.fit import Dataset, dataset
from turnwise.training.heads import LevelChain
from turnwise.training.model import Shape, TurnClassifier
from turnwise.training.tree import TreeNetwork, label_tree

FLAT = Levels(((0, 1, 2),))
TWO = Levels(((0, 0, 1), (0, 1, 2)))
THREE = Levels(((0, 0, 0, 1), (0, 0, 1, 2), (0, 1, 2, 3)))
ONE_LABEL = Levels(((0,),))
SHAPE = Shape(12, 4, 8, (THREE, FLAT, TWO), label_attention=True, tree=True)
BOTH = [(True, False), (False, True), (True, True)]


def stirred(shape: Shape) -> TurnClassifier:
    """A model with weights that are nowhere zero."""
    torch.manual_seed(0)
    model = TurnClassifier(shape)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn(parameter.shape)
    return model.eval()


def batch(size: int = 5) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    turns, roles = torch.randint(0, 9, (size, 5)), torch.randint(0, 3, (size, 5))
    return torch.randn(9, 12), turns, roles


@pytest.mark.parametrize(("attention", "tree"), [(False, False), *BOTH])
@pytest.mark.parametrize("levels", [(FLAT,), (THREE,), (TWO, FLAT), (ONE_LABEL, THREE)])
def test_every_dimension_has_the_scores_of_all_its_levels(attention, tree, levels):
    shape = replace(SHAPE, levels=levels, label_attention=attention, tree=tree)
    found = TurnClassifier(shape)(*batch())
    assert [one.shape for one in found] == [(5, one.width) for one in levels]
    assert all((one == 0).all() for one in found)  # nothing is likelier before it is learnt


@pytest.mark.parametrize(("attention", "tree"), BOTH)
def test_every_weight_learns(attention, tree):
    model = stirred(replace(SHAPE, label_attention=attention, tree=tree))
    sum(one.square().sum() for one in model(*batch())).backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in model.parameters())


@pytest.mark.parametrize(("attention", "tree"), BOTH)
def test_examples_of_a_batch_do_not_see_each_other_in_the_heads(attention, tree):
    model = stirred(replace(SHAPE, label_attention=attention, tree=tree))
    vectors, turns, roles = batch()
    together = model(vectors, turns, roles)
    alone = [model(vectors, turns[at : at + 1], roles[at : at + 1]) for at in range(5)]
    for column, found in enumerate(together):
        assert torch.allclose(found, torch.cat([one[column] for one in alone]), atol=1e-4)


def test_a_level_sees_what_the_one_above_it_made_of_the_text():
    torch.manual_seed(0)
    chain = LevelChain(8, TWO)
    for layer in chain.scores:
        torch.nn.init.normal_(layer.weight)
    text = torch.randn(2, 8)
    before = chain(text)
    with torch.no_grad():
        chain.layers[0].bias += 1
    changed = (chain(text) - before).abs().sum(0)
    assert (changed > 1e-4).all()
    with torch.no_grad():
        before = chain(text)
        chain.layers[1].bias += 1
    changed = (chain(text) - before).abs().sum(0)
    assert (changed[:2] == 0).all()
    assert (changed[2:] > 1e-4).all()


def test_the_label_tree_holds_all_dimensions():
    assert label_tree([FLAT, TWO]) == [0, 0, 0, 1, 1, 1, 2, 2, 6, 6, 7]


@pytest.mark.parametrize("height", [1, 2, 3])
def test_messages_are_sums_over_children_from_the_leaves_to_the_root(height, monkeypatch):
    monkeypatch.setattr("turnwise.training.tree.HEIGHT", height)
    torch.manual_seed(0)
    network = TreeNetwork(8, (THREE, TWO))
    torch.nn.init.normal_(network.last.weight)
    text = torch.randn(3, 8)
    tree = coding_tree(label_tree((THREE, TWO)), height)
    nodes = network.project(text).unsqueeze(1) + network.leaves
    pooled = [nodes.mean(1)]
    for at, (parents, size) in enumerate(zip(tree.parents, tree.sizes[1:], strict=True)):
        summed = torch.zeros(3, size, nodes.shape[2])
        summed.index_add_(1, torch.tensor(parents), nodes)
        summed = network.inner[at](summed * size / len(parents)) + network.bias[at]
        nodes = network.outer[at](torch.relu(summed))
        pooled.append(nodes.mean(1))
    assert torch.allclose(network(text), network.last(torch.cat(pooled, 1)), atol=1e-5)


@pytest.mark.parametrize(("attention", "tree"), BOTH)
def test_the_exported_graph_says_what_the_model_says(attention, tree, tmp_path):
    model = stirred(replace(SHAPE, label_attention=attention, tree=tree))
    _export_classifier(model, tmp_path / "model.onnx")
    vectors, turns, roles = batch(7)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    parts = {"known": vectors[:4], "encoded": vectors[4:], "turns": turns, "roles": roles}
    found = session.run(None, {name: part.numpy() for name, part in parts.items()})
    with torch.inference_mode():
        wanted = model(vectors, turns, roles)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other.numpy(), atol=1e-4)


def test_weights_load_into_a_model_of_the_same_shape():
    model, again = stirred(SHAPE), TurnClassifier(SHAPE).eval()
    again.load_state_dict(model.state_dict())
    for one, other in zip(model(*batch()), again(*batch()), strict=True):
        assert torch.equal(one, other)


def level_loss(logits: torch.Tensor, labels: torch.Tensor, levels: Levels) -> torch.Tensor:
    parts = zip(torch.split(logits, list(levels.sizes), 1), levels.ancestors, strict=True)
    losses = [
        torch.nn.functional.cross_entropy(part, torch.tensor(places)[labels])
        for part, places in parts
    ]
    return torch.stack(losses).sum()


def shop_data(conversations, taxonomy, encoder) -> Dataset:
    labelled = gold(conversations)
    examples = [one.example for one in labelled]
    contexts = context_arrays(examples, ContextWindow(), encoder.count_tokens)
    return dataset(encoder.encode(contexts.texts), contexts, targets(labelled, taxonomy))


@pytest.mark.parametrize(("attention", "tree"), BOTH)
def test_the_shop_is_learnt_on_every_level(attention, tree, shop, taxonomy, encoder):
    taught = shop_data(shop(60), taxonomy, encoder)
    held = shop_data(shop(90, "t")[60:], taxonomy, encoder)
    torch.manual_seed(0)
    levels, history = (TWO, TWO), taught.turns.shape[1] - 1
    model = TurnClassifier(
        Shape(encoder.size, history, 16, levels, ("customer",), 0.1, attention, tree)
    )
    optimiser = torch.optim.AdamW(model.parameter_groups(2e-3, 0.01))
    for _ in range(15):
        for rows in torch.split(torch.randperm(len(taught)), 16):
            logits = model(taught.vectors, taught.turns[rows], taught.roles[rows])
            labels = taught.labels[rows].unbind(1)
            loss = sum(map(level_loss, logits, labels, levels))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    for column, logits in enumerate(held.logits(model)):
        labels = held.labels[:, column].numpy()
        assert (path_scores(logits, TWO, [1, 1]).argmax(1) == labels).mean() > 0.95
        top = level_logits(logits, TWO)[0].argmax(1)
        assert (top == np.array(TWO.ancestors[0])[labels]).mean() > 0.95
