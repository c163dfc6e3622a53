"""What the embedded judges of discovery learn, and how well they judge a set they never saw.

    python -m benchmarks.discovery_judge [--quick] [--data DIR] [--write]

Public sets are clustered in many ways, see discovery_judge_data. By gold every cluster is

- fit for the loop where seven tenths of it or more are of one intent, and half of that intent or
  more is in it. So both a mixture and a piece of an intent are unfit;
- coherent where four fifths of it or more are of one intent, whatever else there is of it.

The loop's judge learns the first from geometry on its sets, the final judge the second from
wording on others. Each is measured on whole sets alone, by numbers learnt without the set
measured; beside it, what always saying what is more frequent would reach.

`--write` renews what the package keeps (learnt.json), and discovery_judge.json beside this file:
the numbers learnt without each set, by which `judge_without` makes judges for other benchmarks.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial

import numpy as np

from benchmarks import data
from benchmarks.data import ORIGINS, REPOSITORY
from benchmarks.discovery_judge_data import COHERENT, FIT, Bools, Floats, Shapes, read_shapes
from benchmarks.runner import Figures, Table, parser, run
from turnwise.discovery.judging.classifier import LIMIT, Coefficients, EmbeddedJudge, Learnt
from turnwise.discovery.judging.second import WordingJudge
from turnwise.discovery.judging.statistics import GEOMETRY
from turnwise.discovery.judging.wording import WORDING
from turnwise.encoders import DEFAULT_ENCODER

LOOP_SETS = ("natcs_insurance", "banking77", "hwu64", "clinc150")
FINAL_SETS = ("multidogo", "sgd")
SETS = (*LOOP_SETS, *FINAL_SETS, "snips")  # snips is for measuring only
SAME = {"banking77_oos": "banking77"}  # the same texts under another name
# Probability from which a cluster is good. The loop's is lenient: a good cluster that is turned
# down is cut up again. Of .2, .35 and .5 it served the loop best on hwu64 and snips.
THRESHOLDS = {"loop": 0.35, "final": 0.5}
PENALTY = 300.0  # of the regression
KEPT = REPOSITORY / "benchmarks" / "discovery_judge.json"
PACKAGED = REPOSITORY / "src" / "turnwise" / "discovery" / "judging" / "learnt.json"
TOLD = ("accuracy", "good_right", "bad_right", "always_one", "clusters", "good")


def judge_without(name: str) -> EmbeddedJudge:
    """The loop's judge as it is when it never saw a set."""
    return EmbeddedJudge(_without("loop", name))


def final_judge_without(name: str) -> WordingJudge:
    """The final judge as it is when it never saw a set."""
    return WordingJudge(_without("final", name))


def judge_figures(name: str) -> Figures:
    """How both judges did on a set that they never saw, as the last `--write` measured it."""
    return {judge: _kept()["figures"][judge][name] for judge in ("loop", "final")}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__.partition("\n")[0], "about 10 minutes on 2 cores")
    options.add_argument("--write", action="store_true", help="renew the numbers that are kept")
    return run("discovery_judge", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Describe clusters of every set, learn, and measure each judge on each set."""
    folder = data.data_folder(options.data)
    shapes = {
        name: read_shapes(
            folder,
            name,
            quick=bool(options.quick),
            fresh=bool(options.fresh),
            many=name in LOOP_SETS,
        )
        for name in SETS
    }
    figures: dict[str, dict[str, Figures]] = {}
    without: dict[str, dict[str, Coefficients]] = {}
    for judge, sets in (("loop", LOOP_SETS), ("final", FINAL_SETS)):
        without[judge] = {one: learn(judge, shapes, set(sets) - {one}) for one in sets}
        whole = learn(judge, shapes, set(sets))
        figures[judge] = {
            name: table.cell(
                {"judge": judge, "set": name, "fit": FIT, "coherent": COHERENT},
                partial(measure, judge, without[judge].get(name, whole), shapes[name]),
            )
            for name in SETS
        }
    if options.write and not options.quick:
        write(shapes, without, figures)
    return {"judges": figures, "learnt_from": {"loop": LOOP_SETS, "final": FINAL_SETS}}


def learn(judge: str, shapes: Mapping[str, Shapes], names: set[str]) -> Coefficients:
    """Fit a regression in which every set, and good and bad within each, count alike."""
    from sklearn.linear_model import LogisticRegression

    chosen = [shapes[name] for name in sorted(names)]
    rows = np.concatenate([_statistics(judge, one) for one in chosen])
    truth = np.concatenate([_truth(judge, one) for one in chosen])
    weights = np.concatenate([_weights(_truth(judge, one)) for one in chosen])
    means, deviations = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    scaled = np.clip((rows - means) / deviations, -LIMIT, LIMIT)
    model = LogisticRegression(C=PENALTY, max_iter=1000)
    model.fit(scaled, truth, sample_weight=weights / len(chosen))
    return Coefficients(
        statistics=GEOMETRY if judge == "loop" else WORDING,
        means=_rounded(means),
        deviations=_rounded(deviations),
        weights=_rounded(model.coef_[0]),
        bias=_rounded(model.intercept_)[0],
        threshold=THRESHOLDS[judge],
    )


def measure(judge: str, coefficients: Coefficients, shapes: Shapes) -> Figures:
    """How often it is right on a whole set, for good and bad clusters apart."""
    truth = _truth(judge, shapes)[shapes.whole]
    statistics = _statistics(judge, shapes)[shapes.whole]
    said = coefficients.odds(coefficients.contributions(statistics)) > 0
    right = said == truth
    values = (
        right.mean(),
        right[truth].mean() if truth.any() else 0.0,
        right[~truth].mean() if not truth.all() else 0.0,
        max(truth.mean(), 1 - truth.mean()),
        len(truth),
        truth.mean(),
    )
    return {name: round(float(value), 4) for name, value in zip(TOLD, values, strict=True)}


def write(
    shapes: Mapping[str, Shapes],
    without: Mapping[str, Mapping[str, Coefficients]],
    figures: Mapping[str, Mapping[str, Figures]],
) -> None:
    """Keep what was learnt."""
    sets = {"loop": LOOP_SETS, "final": FINAL_SETS}
    origin = {
        "script": "python -m benchmarks.discovery_judge --write",
        "date": datetime.now(UTC).date().isoformat(),
        "encoder": DEFAULT_ENCODER,
        **{judge: "; ".join(map(_origin, names)) for judge, names in sets.items()},
    }
    judges = {judge: learn(judge, shapes, set(names)) for judge, names in sets.items()}
    kept = Learnt(origin=origin, loop=judges["loop"], final=judges["final"])
    PACKAGED.write_text(kept.model_dump_json(indent=1) + "\n", encoding="utf-8")
    numbers = {
        judge: {name: one.model_dump(mode="json") for name, one in found.items()}
        for judge, found in without.items()
    }
    text = json.dumps({"without": numbers, "figures": figures}, indent=1)
    KEPT.write_text(text + "\n", encoding="utf-8")


def _origin(name: str) -> str:
    return f"{name} ({ORIGINS[name].source}, {ORIGINS[name].licence})"


def _without(judge: str, name: str) -> Coefficients | None:
    """Numbers learnt without a set; None where those of the package never saw it."""
    found = _kept()["without"][judge].get(SAME.get(name, name))
    return None if found is None else Coefficients.model_validate(found)


@cache
def _kept() -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    found: dict[str, dict[str, dict[str, dict[str, float]]]]
    found = json.loads(KEPT.read_text("utf-8"))
    return found


def _statistics(judge: str, shapes: Shapes) -> Floats:
    return shapes.geometry if judge == "loop" else shapes.wording


def _truth(judge: str, shapes: Shapes) -> Bools:
    return shapes.fit if judge == "loop" else shapes.coherent


def _weights(truth: Bools) -> Floats:
    share = max(float(truth.mean()), 0.01), max(float((~truth).mean()), 0.01)
    return np.where(truth, 0.5 / share[0], 0.5 / share[1]) / len(truth)


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(one), 4) for one in values)


if __name__ == "__main__":
    sys.exit(main())
