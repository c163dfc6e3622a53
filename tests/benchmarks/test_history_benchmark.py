"""A dimension's figures are laid out by what was fed back, and summed over seeds."""

from __future__ import annotations

from benchmarks.history import _figures, _summary
from turnwise.evaluation.figures import Estimate
from turnwise.steps.history_scores import DimensionHistory, FedBack

WAYS = ("text", "beliefs", "labels", "gold")


def found(accuracy: float) -> DimensionHistory:
    way = FedBack(accuracy, 0.9, None, (0.5, 0.6, 0.7, 0.8, None))
    gain = Estimate(0.01, -0.01, 0.03)
    return DimensionHistory(0.4, 100, 80, 0, dict.fromkeys(WAYS, way), gain, 0.03, 0.02)


def test_each_way_has_its_figures_and_none_where_there_were_no_turns():
    made = _figures(found(0.75))
    assert (made["beliefs"], made["gold_after_right"], made["text_4"]) == (0.75, 0.9, 0.8)
    assert made["labels_after_wrong"] is None
    assert made["labels_5"] is None
    assert (made["gain_low"], made["after_right_turns"]) == (-0.01, 80)


def test_seeds_are_summed_by_data_context_and_dimension():
    cells = [
        {
            "key": {"data": "sgd", "context": "both", "seed": seed},
            "figures": {"test_turns": 100, "intent": _figures(found(accuracy))},
            "seconds": 1.0,
            "code": "",
        }
        for seed, accuracy in enumerate((0.6, 0.8))
    ]
    summed = _summary(cells)["sgd both intent"]["beliefs"]
    assert (round(summed["mean"], 6), summed["low"], summed["high"]) == (0.7, 0.6, 0.8)
