from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from turnwise.bundle.refusal import COMBINED, IN_COMBINATION, PROBABILITY, Refuser
from turnwise.training.out_of_domain import FEWEST_HELD, Trained, fit_out_of_domain

SIZE, CLASSES = 24, 6
CENTRES = np.random.default_rng(5).normal(size=(CLASSES, SIZE))
STRANGE = np.random.default_rng(6).normal(size=(CLASSES, SIZE))


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def turns(count: int, seed: int, centres: np.ndarray = CENTRES) -> tuple[np.ndarray, np.ndarray]:
    """Vectors around class centres, with the classes."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(CLASSES, size=count)
    return unit(centres[labels] + 0.5 * draw.normal(size=(count, SIZE))), labels


def logits_of(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Two dimensions: the classes, and one that is sure of everything."""
    intent = (vectors @ unit(CENTRES).T * 8).astype(np.float32)
    sure = np.tile(np.array([9, 0], np.float32), (len(vectors), 1))
    return {"intent": intent, "mood": sure}


def fitted(false_alarms: float = 0.05, held: int = 500, seed: int = 1) -> Refuser:
    vectors, labels = turns(1000, 0)
    trained = Trained(vectors, {"mood": np.zeros_like(labels), "intent": labels})
    seen, _ = turns(held, seed)
    facts, arrays = fit_out_of_domain(logits_of(seen), seen, trained, false_alarms)
    assert facts.dimension == "intent"
    assert facts.turns == held
    return Refuser(arrays, facts)


def ranked(inside: np.ndarray, outside: np.ndarray) -> float:
    """The area under the curve: how often a strange turn is above one of the domain."""
    return float((outside[:, None] > inside).mean())


def test_every_score_is_higher_for_strange_turns():
    refuser = fitted()
    inside, outside = turns(500, 2)[0], turns(500, 3, STRANGE)[0]
    there, away = (refuser.scores(logits_of(one), one) for one in (inside, outside))
    assert set(there) == {PROBABILITY, *IN_COMBINATION, COMBINED}
    areas = {name: ranked(there[name], away[name]) for name in there}
    assert min(areas.values()) > 0.8
    assert areas[COMBINED] > 0.95


@pytest.mark.parametrize("allowed", [0.02, 0.05, 0.2])
def test_new_turns_of_the_domain_are_refused_as_often_as_was_allowed(allowed):
    new = turns(5_000, 2)[0]
    logits = logits_of(new)
    refused = [
        fitted(allowed, held=200, seed=seed).refused(logits, new).mean() for seed in range(10, 25)
    ]
    assert np.mean(refused) == pytest.approx(allowed, abs=0.2 * allowed)


def test_a_score_does_not_depend_on_what_else_is_scored():
    refuser, vectors = fitted(), turns(2_500, 4)[0]
    whole = refuser.scores(logits_of(vectors), vectors)[COMBINED]
    alone = [refuser.scores(logits_of(one), one)[COMBINED][0] for one in vectors[:, None][-3:]]
    assert whole[-3:] == pytest.approx(alone, abs=1e-4)
    assert refuser.scores(logits_of(vectors[:0]), vectors[:0])[COMBINED].shape == (0,)


def test_neighbours_are_distinct_and_the_same_in_any_order(monkeypatch):
    monkeypatch.setattr("turnwise.training.out_of_domain.MOST_NEIGHBOURS", 40)
    vectors, labels = turns(300, 0)
    seen = turns(100, 1)[0]

    def kept(order: np.ndarray) -> np.ndarray:
        trained = Trained(vectors[order], {"intent": labels[order]})
        return fit_out_of_domain(logits_of(seen), seen, trained, 0.05)[1].neighbours

    first = kept(np.arange(300))
    assert len(first) == len(np.unique(first, axis=0)) == 40
    assert (first == kept(np.tile(np.arange(300)[::-1], 2))).all()


@pytest.mark.parametrize("case", ["few held", "few taught", "one label", "nothing labelled"])
def test_with_too_little_to_choose_on_there_is_no_score(case):
    vectors, labels = turns(200, 0)
    held = turns(FEWEST_HELD - (case == "few held"), 1)[0]
    trained = Trained(vectors, {"intent": labels})
    if case == "few taught":
        trained = Trained(vectors[:5], {"intent": labels[:5]})
    if case == "one label":
        trained = replace(trained, labels={"intent": np.zeros_like(labels)})
    if case == "nothing labelled":
        trained = replace(trained, labels={"intent": np.full_like(labels, -1)})
    assert fit_out_of_domain(logits_of(held), held, trained, 0.05) is None


def test_one_turn_a_class_and_equal_vectors_still_give_numbers():
    vectors = unit(np.eye(SIZE))
    held = np.tile(vectors[:1], (60, 1))
    trained = Trained(vectors, {"intent": np.arange(SIZE)})
    facts, arrays = fit_out_of_domain({"intent": held * 4}, held, trained, 0.05)
    scores = Refuser(arrays, facts).scores({"intent": vectors * 4}, vectors)
    assert all(np.isfinite(one).all() for one in scores.values())
