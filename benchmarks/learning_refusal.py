"""Refusing: turns that no label covers, and sets of labels that hold the right one.

Thresholds are chosen on the tuning split, for 5% false alarms and for the stated coverage, and
counted on the test. `recall_at_5` is where the test itself has 5% false alarms, as papers have it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks import rivals
from benchmarks.learning_data import Said, Work
from benchmarks.runner import Plain
from turnwise.bundle.refusal import ENERGY, PROBABILITY, Refuser
from turnwise.training.conformal import fit_conformal
from turnwise.training.out_of_domain import Trained, fit_out_of_domain

FALSE_ALARMS = 0.05
COVERAGES = (0.9, 0.95, 0.98)

Scores = Mapping[str, NDArray[np.float64]]  # score -> Float64[n_asked], the higher the stranger


def out_of_domain(work: Work, said: Said) -> dict[str, Mapping[str, Plain]]:
    """`KIND SCORE` -> AUROC and recalls, for each kind outside and each score."""
    scores = _ours(work, said) if said.taught is not None else _rival(said)
    parts = work.parts()
    found: dict[str, Mapping[str, Plain]] = {}
    for name, values in scores.items():
        tuning, inside = values[parts["tuning"]], values[parts["test"]]
        threshold = float(np.quantile(tuning, 1 - FALSE_ALARMS))
        kinds = [values[parts[kind]] for kind in work.outside]
        names = list(work.outside)
        if len(kinds) > 1:
            names, kinds = [*names, "all"], [*kinds, np.concatenate(kinds)]
        for kind, strange in zip(names, kinds, strict=True):
            found[f"{kind} {name}"] = _told_apart(inside, strange, threshold)
    return found


def _told_apart(
    inside: NDArray[np.float64], strange: NDArray[np.float64], threshold: float
) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    truth = np.r_[np.zeros(len(inside)), np.ones(len(strange))]
    at_five = float(np.quantile(inside, 1 - FALSE_ALARMS))
    figures = {
        "auroc": float(roc_auc_score(truth, np.r_[inside, strange])),
        "recall_at_5": float((strange > at_five).mean()),
        "recall": float((strange > threshold).mean()),
        "false_alarms": float((inside > threshold).mean()),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def _ours(work: Work, said: Said) -> Scores:
    """The library's own scores, fitted on what was trained on and on the tuning split."""
    assert said.scores
    assert said.classes
    assert said.taught is not None
    assert said.vectors is not None
    tuning = work.parts()["tuning"]
    held = {name: one[tuning] for name, one in said.scores.items()}
    known = Trained(said.taught, said.classes)
    fitted = fit_out_of_domain(held, said.vectors[tuning], known, FALSE_ALARMS)
    assert fitted is not None, "the tuning splits of the sets with turns outside are large enough"
    facts, arrays = fitted
    return Refuser(arrays, facts).scores(said.scores, said.vectors)


def _rival(said: Said) -> Scores:
    """What any classifier has: its highest probability, and the energy of its scores."""
    (probabilities,) = said.probabilities.values()
    found = {PROBABILITY: -probabilities.max(1).astype(np.float64)}
    if said.scores:
        (exact,) = (one.astype(np.float64) for one in said.scores.values())
        top = exact.max(1)
        found[ENERGY] = -(top + np.log(np.exp(exact - top[:, None]).sum(1)))
    return found


def conformal(work: Work, said: Said) -> dict[str, Mapping[str, Plain]]:
    """`set COVERAGE` and `set COVERAGE by label` -> coverage, single answers, mean set size."""
    (dimension,) = work.task.taxonomy.dimensions
    parts, probabilities = work.parts(), said.probabilities[dimension.name]
    known = rivals.classes_of(work.task.tuning, dimension)
    truth = work.truth[dimension.name]
    found: dict[str, Mapping[str, Plain]] = {}
    for coverage in COVERAGES:
        fitted = fit_conformal(probabilities[parts["tuning"]], known, coverage)
        if fitted is None:
            continue
        for by_label in (False, True):
            chosen = fitted.prediction_set(probabilities[parts["test"]], by_label)
            sizes = chosen.sum(1)
            name = f"set {coverage:g}{' by label' if by_label else ''}"
            found[name] = {
                "coverage": round(float(chosen[np.arange(len(truth)), truth].mean()), 4),
                "single": round(float((sizes == 1).mean()), 4),
                "mean_size": round(float(sizes.mean()), 3),
                "labels_with_own": fitted.own if by_label else None,
            }
    return found


def calibrated_error(work: Work, said: Said, dimension: str) -> float:
    """The calibration error of a rival once one temperature is fitted on the tuning split."""
    from benchmarks.protocol import figures
    from turnwise.bundle import softmax
    from turnwise.training.calibrate import fit_temperature

    assert said.scores is not None
    parts, scores = work.parts(), said.scores[dimension]
    known = rivals.classes_of(work.task.tuning, work.task.taxonomy[dimension])
    temperature = fit_temperature(scores[parts["tuning"]], known)
    probabilities = softmax(scores[parts["test"]] / temperature)
    return figures(probabilities, work.truth[dimension])["calibration_error"]
