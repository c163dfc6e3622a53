"""Every strategy of labelling on the sample: embedded, and by a simulated language model.

    python -m benchmarks.strategies [--seeds 0,1,2] [--quick]

The sample as in `labelling_sample`: 60 conversations are the labelled seed, the 130 unlabelled
ones are labelled with their gold hidden. Settings are those that `turnwise label` starts with.

**Embedded**: measured. **Language model**: a simulation of stated accuracy, sensitivity to its
prompt and a reviewer (`simulated_model.Stated`). Its questions, prompts, checks and votes are the
real ones, so calls and tokens (four letters each, the schema of answers not counted) are what a
model that answers as briefly would take; prices are examples. How right it is was put in.
**Disagreement**: where the embedded `single` and `two-stage` and the writer of the gold differ.

Per dimension: `accuracy` of the best guess on all turns, `kept` the share that got a label,
`precision` how many of those are right, `confidence` their mean confidence, beside the
calibration error. Seconds are without encoding, and of fitting without what all embedded
strategies share, which is told apart. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from benchmarks import data, protocol
from benchmarks.consistency import TimedEncoder, over_seeds, scored
from benchmarks.disagreement import apart, pairs_of, reading
from benchmarks.labelling_sample import SAMPLE, Memory
from benchmarks.runner import Figures, Plain, Table, parser, run, seeds_of
from benchmarks.simulated_model import ENDPOINT, Gold, SimulatedModel, Stated
from turnwise.annotations import Annotation, Source, gold_annotations
from turnwise.conversations import Conversation, examples
from turnwise.encoders import DEFAULT_ENCODER, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.evaluation.labelling import Reading, count_labels
from turnwise.evaluation.labelling.figures import StrategyFigures
from turnwise.labelling import Annotator, LabellingConfig, label
from turnwise.labelling.annotator import STRATEGIES, StrategyName
from turnwise.labelling.llm import (
    Models,
    Retriever,
    Strategy,
    fit_retriever,
    make_annotator,
    make_strategy,
    needs_retriever,
    strategy_names,
)
from turnwise.labelling.provenance import first_stages, outcome
from turnwise.labelling.views import Ground, build, lay_ground
from turnwise.labelling.voting import Reliability, measured_reliability
from turnwise.llm import Background
from turnwise.project import encoder_cache, without_gold
from turnwise.sampling import hold_apart, stable_hash
from turnwise.steps.label_report import spent_by
from turnwise.taxonomy import Taxonomy, load_taxonomy
from turnwise.workspace import Spending

HOURS = "about 4 minutes on 1 core"
QUICK_LOGS = 20
HELD = 0.25  # of the seed, to measure an ensemble's members: the default of `split.calibration`
COMPARED = ("single", "two-stage")

Key = tuple[str, int]


@dataclass(frozen=True)
class Sample:
    """What is learnt from and what is labelled.

    Attributes:
        logs: carry gold, which only scores.
        said: embedded strategy -> its annotations, once it has labelled.
    """

    taxonomy: Taxonomy
    seed: tuple[Conversation, ...]
    logs: tuple[Conversation, ...]
    encoder: TimedEncoder
    said: dict[StrategyName, list[Annotation]] = field(default_factory=dict)

    @cached_property
    def gold(self) -> Gold:
        """Of seed and logs: what the simulated model knows."""
        return {
            one.key: {name: labels[0] for name, labels in one.gold.items()}
            for conversation in (*self.seed, *self.logs)
            for one in examples(conversation)
        }

    @cached_property
    def hidden(self) -> list[Conversation]:
        return [without_gold(one) for one in self.logs]

    @cached_property
    def ground(self) -> tuple[Ground, float]:
        """What embedded strategies share, with the seconds it took."""
        start, before = time.perf_counter(), self.encoder.seconds
        ground = lay_ground(self.taxonomy, self.seed, self.encoder)
        assert ground.annotator
        assert ground.left_out.chances
        return ground, time.perf_counter() - start - (self.encoder.seconds - before)

    @cached_property
    def retriever(self) -> Retriever:
        """What `lara` retrieves from; one serves every model, as it asks none."""
        return fit_retriever(lay_ground(self.taxonomy, self.seed, self.encoder))

    @cached_property
    def parts(self) -> tuple[tuple[Conversation, ...], tuple[Conversation, ...]]:
        """The seed without, and the part with which the members of an ensemble are measured."""
        _, held = hold_apart([one.id for one in self.seed], HELD)
        kept = tuple(one for one in self.seed if one.id not in held)
        return kept, tuple(one for one in self.seed if one.id in held)

    @cached_property
    def partly(self) -> Retriever:
        """What it retrieves from while members are measured."""
        return fit_retriever(lay_ground(self.taxonomy, self.parts[0], self.encoder))


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser((__doc__ or "").partition("\n")[0], HOURS)
    options.add_argument("--seeds", default=",".join(map(str, protocol.SEEDS)))
    return run("strategies", options.parse_args(arguments), measure_all)


def measure_all(table: Table, options: argparse.Namespace) -> Mapping[str, object]:
    """Every cell, the means over seeds of what is simulated, and the disagreements."""
    seeds = (0,) if options.quick else seeds_of(options.seeds)
    sample = load(QUICK_LOGS if options.quick else None)
    common: dict[str, Plain] = {"logs": len(sample.logs), "encoder": sample.encoder.id}
    stated = Stated()
    embedded = {
        one: table.cell(
            {"by": "embedded", "strategy": one, **common}, partial(measured, sample, one)
        )
        for one in STRATEGIES
    }
    simulated: dict[str, Mapping[str, object]] = {}
    for one in STRATEGIES:
        runs = []
        for seed in seeds:
            key: dict[str, Plain] = {"by": "simulated", "strategy": one, "seed": seed, **common}
            key |= {"stated": version_of(stated)}
            runs.append(table.cell(key, partial(asked, sample, one, stated, seed)))
        simulated[one] = over_seeds(runs)
    return {
        "turns": sum(1 for log in sample.logs for _ in examples(log)),
        "seeds": list(seeds),
        "embedded": embedded,
        "stated": asdict(stated),
        "prices": {"in": ENDPOINT.price_in, "out": ENDPOINT.price_out, "are": "examples"},
        "simulated, no model was asked": simulated,
        "right label among the candidates": offered(sample),
        "disagreement": disagreements(sample),
    }


def version_of(stated: Stated) -> str:
    """What was stated, and the prices, in a word."""
    return f"{stable_hash(repr((stated, ENDPOINT))) % 16**8:08x}"


def load(logs: int | None = None) -> Sample:
    """The sample by its split; with fewer logs, the first ones."""
    conversations = {one.id: one for one in data.larkspur()}
    split = protocol.larkspur_split(conversations.values())
    onnx = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, encoder_cache()))
    return Sample(
        load_taxonomy(SAMPLE / "taxonomy.yaml"),
        tuple(conversations[one] for one in split.seed),
        tuple(conversations[one] for one in split.unlabelled[:logs]),
        TimedEncoder(KeptEncoder(onnx, Memory({}))),
    )


# Embedded


def measured(sample: Sample, strategy: StrategyName) -> Figures:
    """Fit a strategy in its embedded form, label the logs, and score them."""
    ground, shared = sample.ground
    encoder = sample.encoder
    start, before = time.perf_counter(), encoder.seconds
    annotator = build(ground, strategy)
    fitted, between = time.perf_counter(), encoder.seconds
    said = [one for _, found in label(sample.hidden, annotator) for one in found]
    ended = time.perf_counter()
    sample.said[strategy] = said
    report = reported(sample, said, annotator.source, ())
    return {
        "shared_seconds": round(shared, 1),
        "fit_seconds": round(fitted - start - (between - before), 1),
        "label_seconds": round(ended - fitted - (encoder.seconds - between), 1),
        **by_dimension(sample, said, report),
    }


# By a simulated language model


def asked(sample: Sample, strategy: StrategyName, stated: Stated, seed: int) -> Figures:
    """Have a strategy ask a new simulated model about the logs, and score its labels."""
    model = SimulatedModel(sample.gold, sample.taxonomy, stated, seed)
    config = LabellingConfig(strategy=strategy, by="llm")
    with Background() as background:
        reliability = measured_members(sample, config, model, background)
        annotator = annotator_of(sample, config, model, background, reliability)
        said = [one for _, found in label(sample.hidden, annotator) for one in found]
    report = reported(sample, said, annotator.source, model.spending.values())
    spent, correct = report.spent, report.per_correct
    assert spent is not None
    assert correct is not None
    return {
        "calls": spent.calls,
        "unusable": spent.unusable,
        "tokens_in": spent.tokens_in,
        "tokens_out": spent.tokens_out,
        "cost": round(spent.cost or 0.0, 4),
        "correct": round(correct.correct),
        "cost_per_1000_correct": round(1000 * (correct.cost or 0.0), 4),
        **by_dimension(sample, said, report),
    }


def offered(sample: Sample) -> Mapping[str, float]:
    """Dimension -> share of turns whose right label `lara` offers; measured, no model in it."""
    turns = [example for log in sample.hidden for example in examples(log)]
    found = sample.retriever.retrieve(turns)
    return {
        name: round(
            float(np.mean([sample.gold[x.key][name] in y[name].candidates for x, y in pairs])), 4
        )
        for name, pairs in ((one, zip(turns, found, strict=True)) for one in found[0])
    }


def annotator_of(
    sample: Sample,
    config: LabellingConfig,
    model: SimulatedModel,
    background: Background,
    reliability: Reliability,
) -> Annotator:
    """The annotator that `turnwise label` makes of these settings."""
    strategies = strategies_of(sample, config, model, sample.retriever)
    return make_annotator(strategies, sample.taxonomy, background, config, reliability=reliability)


def strategies_of(
    sample: Sample, config: LabellingConfig, model: SimulatedModel, retriever: Retriever
) -> dict[StrategyName, Strategy]:
    shows = retriever if needs_retriever(config) else None
    return {
        name: make_strategy(name, sample.taxonomy, Models(model, model), config, shows)
        for name in strategy_names(config)
    }


def measured_members(
    sample: Sample, config: LabellingConfig, model: SimulatedModel, background: Background
) -> Reliability:
    """How right the members of an ensemble are on the part of the seed that they do not see."""
    if config.strategy != "ensemble":
        return {}
    strategies = strategies_of(sample, config, model, sample.partly)
    annotator = make_annotator(strategies, sample.taxonomy, background, config)
    held = [without_gold(one) for one in sample.parts[1]]
    said = [one for _, found in label(held, annotator) for one in found]
    gold = {
        (*turn, name): (labels,)
        for turn, by_name in sample.gold.items()
        for name, labels in by_name.items()
    }
    return measured_reliability(said, gold)


# Figures


def reported(
    sample: Sample, said: Iterable[Annotation], source: Source, spending: Iterable[Spending]
) -> StrategyFigures:
    """The figures of `turnwise label --report` for a source, beside gold."""
    by_turn: dict[Key, list[Annotation]] = {}
    for one in dict.fromkeys(said):
        by_turn.setdefault(one.key, []).append(one)

    def told() -> Iterator[Annotation]:
        for log in sample.logs:
            for example in examples(log):
                yield from (*by_turn.get(example.key, ()), *gold_annotations(example))

    kept = list(spending)
    reading = Reading(outcome, first_stages, lambda one: spent_by(one, kept))
    report = count_labels(told(), sample.taxonomy, reading)
    return next(one for one in report.strategies if one.source == source)


def by_dimension(
    sample: Sample, said: Iterable[Annotation], report: StrategyFigures
) -> Mapping[str, Mapping[str, Plain]]:
    """Dimension -> accuracy, share kept, precision, confidence, calibration, and both stages."""
    ours = {(*one.key, one.dimension): one for one in said if one.source == report.source}
    found: dict[str, Mapping[str, Plain]] = {}
    for one in report.dimensions:
        name = one.dimension
        sure = [each.confidence for key, each in ours.items() if key[2] == name and each.label]
        found[name] = {
            **scored(protocol.labelled(sample.logs, name), name, ours, {}, None),
            "confidence": round(float(np.mean(sure)), 4),
        }
        if one.stages:
            stages = asdict(replace(one.stages, first=Source("llm")))
            found[name] = {**found[name], **{k: v for k, v in stages.items() if k != "first"}}
    return found


# Disagreement


def disagreements(sample: Sample) -> Mapping[str, object]:
    """Where the embedded annotators and the gold differ, and what a reading of some found."""
    if "two-stage" not in sample.said:  # an earlier run has measured it
        measured(sample, "two-stage")
    said = sample.said["two-stage"]  # hands on what the first stage said
    found: dict[str, object] = {}
    for strategy in COMPARED:
        ours = [one for one in said if one.source.name == strategy]
        parts = {name: apart(sample.logs, ours, name) for name in sample.taxonomy.dimension_names}
        found[strategy] = {name: pairs_of(part) for name, part in parts.items()}
        if strategy == "single":
            found["read by hand"] = reading(parts)
    return found


if __name__ == "__main__":
    sys.exit(main())
