"""`clara` on views of the data: what agrees is kept, and the votes are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from turnwise.conversations import Conversation, Turn
from turnwise.labelling import LabellingConfig
from turnwise.labelling.views.clara import fit_clara
from turnwise.labelling.views.ground import lay_ground
from turnwise.labelling.views.lara import Proposed
from turnwise.labelling.views.strategies import build

CONFIG = LabellingConfig(abstain_below=0.0)


@pytest.fixture
def ground(taxonomy, seed, encoder):
    return lay_ground(taxonomy, seed, encoder)


def said(*best: int) -> Proposed:
    """One run that is nine tenths sure of a label per turn, all labels candidates."""
    chances = np.full((len(best), 3), 0.05)
    chances[np.arange(len(best)), list(best)] = 0.9
    return Proposed(chances, np.ones_like(chances, np.bool_))


def test_only_what_all_runs_say_is_kept(ground):
    clara = fit_clara(ground, CONFIG)
    votes = clara.votes("product", [said(0, 0, 0), said(0, 1, 0), said(0, 1, 2)])
    assert [clara.choice(one).abstains for one in votes] == [False, True, True]
    assert votes[1].labels == ("Bike", "Boat", "Boat")
    assert votes[1].order[0][0] == "Boat", "the guess is what most runs say"


def test_the_rule_of_agreement_can_be_relaxed(ground):
    clara = fit_clara(ground, replace(CONFIG, agreement=0.6))
    votes = clara.votes("product", [said(0, 0), said(1, 1), said(1, 2)])
    assert [clara.choice(one).abstains for one in votes] == [False, True]


def test_as_many_runs_vote_as_are_asked_for(ground):
    for orders in (2, 4):
        annotator = build(ground, "clara", replace(CONFIG, orders=orders))
        talk = Conversation("new", (Turn("customer", "please repair my boat"),))
        (product, _) = annotator.annotate(talk)
        told = product.rationale.partition(". ")[0]
        assert sum(told.count(view) for view in ("both ", "customer ", "exchange ")) == orders


def test_where_runs_differ_the_votes_are_told_and_no_label_is_given(ground):
    annotator = build(ground, "clara", replace(CONFIG, orders=6))
    odd = Conversation(
        "odd",
        (
            Turn("customer", "my bike is broken and the boat leaks"),
            Turn("agent", "the sledge runner?"),
            Turn("customer", "no boat bike sledge"),
        ),
    )
    for one in annotator.annotate(odd):
        voted = one.rationale.removeprefix("Votes of views: ").partition(". ")[0]
        assert (one.label is None) == (";" in voted)


def test_runs_do_without_different_parts_of_the_demonstrations(ground):
    runs = fit_clara(ground, CONFIG).runs
    learnt = [
        {int(row) for rows in run.learnt["product"].single_turn.carriers for row in rows}
        for run in runs
    ]
    everything = set.union(*learnt)
    assert all(one < everything for one in learnt)
    assert all(sum(row in one for one in learnt) == 2 for row in everything)
