"""How right the embedded annotator is on the sample's unlabelled conversations.

    python -m benchmarks.labelling_sample

By increasing h(id): 60 conversations are the labelled seed, the next 60 the test (not read
here), the other 130 the unlabelled logs whose gold only scores. Everything of the annotator was
chosen on the seed by cross-validation, whose figures stand beside those of the logs. Floors
learn from the same seed: the nearest seed turn, logistic regression on the turn, on the turn
with its history, and the latter with the taxonomy's example utterances as further turns. None
abstains. "half" is the accuracy on the half that each is surest of. The last line is one JSON
object.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.protocol import labelled, larkspur_split
from benchmarks.rivals import history_features, turn_features
from turnwise.conversations import ContextWindow, Conversation, Example
from turnwise.encoders import DEFAULT_ENCODER, Encoder, KeptEncoder, OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.evaluation.calibration import calibration
from turnwise.formats import read
from turnwise.labelling import LabellingConfig, fit_annotator, label
from turnwise.taxonomy import Dimension, Taxonomy, load_taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE = REPOSITORY / "examples" / "larkspur"
AIMS = {"domain": (0.58, 0.75), "intent": (0.52, None), "issue": (0.40, None)}
FOLDS = 5
STRENGTH = 10.0  # of logistic regression, scikit-learn's C; fixed, not tuned
HISTORY = ContextWindow("both", max_turns=12, max_tokens=1024)
NEVER_ABSTAIN = LabellingConfig(abstain_below=0.0)

Answer = tuple[str, float]  # label, confidence
Answers = dict[tuple[str, int], Answer]  # of the turns of one dimension
Features = NDArray[np.float32]


@dataclass(frozen=True)
class Memory:
    """Vectors kept for as long as the benchmark runs."""

    vectors: dict[bytes, bytes]

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return {key: self.vectors[key] for key in keys if key in self.vectors}

    def put(self, items: Mapping[bytes, bytes]) -> None:
        self.vectors.update(items)


def annotated(
    taxonomy: Taxonomy,
    seed: Sequence[Conversation],
    logs: Sequence[Conversation],
    encoder: Encoder,
) -> dict[str, Answers]:
    """What the annotator, fitted on a seed, says of logs, per dimension."""
    annotator = fit_annotator(taxonomy, seed, encoder, NEVER_ABSTAIN)
    answers: dict[str, Answers] = {name: {} for name in taxonomy.dimension_names}
    for _, found in label(logs, annotator):
        for one in found:
            answers[one.dimension][one.key] = (str(one.label), one.confidence)
    return answers


def cross_validated(
    taxonomy: Taxonomy, seed: Sequence[Conversation], encoder: Encoder
) -> dict[str, Answers]:
    """What annotators fitted on four fifths of the seed say of the remaining fifth."""
    answers: dict[str, Answers] = {name: {} for name in taxonomy.dimension_names}
    for fold in range(FOLDS):
        kept = [one for place, one in enumerate(seed) if place % FOLDS != fold]
        found = annotated(taxonomy, kept, seed[fold::FOLDS], encoder)
        for name, part in found.items():
            answers[name].update(part)
    return answers


def nearest(
    seed: Sequence[Example], logs: Sequence[Example], name: str, encoder: Encoder
) -> Answers:
    """The label of the seed turn with the nearest vector, and the cosine."""
    turns = encoder.encode([one.text for one in seed])
    cosines = encoder.encode([one.text for one in logs]) @ turns.T
    found = zip(logs, cosines.argmax(axis=1), cosines.max(axis=1), strict=True)
    return {one.key: (seed[at].gold[name][0], float(score)) for one, at, score in found}


def logistic(
    features: Callable[[Sequence[Example]], Features],
    seed: Sequence[Example],
    logs: Sequence[Example],
    dimension: Dimension,
    examples_too: Encoder | None = None,
) -> Answers:
    """Logistic regression from scikit-learn on features of turns, and of examples if asked."""
    from sklearn.linear_model import LogisticRegression

    known, labels = features(seed), [one.gold[dimension.name][0] for one in seed]
    if examples_too is not None:
        said = [(text, one.name) for one in dimension.labels for text in one.examples]
        alone = np.zeros((len(said), known.shape[1]), np.float32)
        vectors = examples_too.encode([text for text, _ in said])
        alone[:, : vectors.shape[1]] = vectors
        known, labels = np.vstack([known, alone]), labels + [name for _, name in said]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=STRENGTH, max_iter=300).fit(known, labels)
    chances = model.predict_proba(features(logs))
    best = chances.argmax(axis=1)
    return {
        one.key: (str(model.classes_[at]), float(row[at]))
        for one, at, row in zip(logs, best, chances, strict=True)
    }


@dataclass(frozen=True)
class Score:
    """Of all turns, and of the half with the highest confidence; calibration error (ECE)
    beside the error that a perfectly calibrated model of the same confidences would show."""

    turns: int
    accuracy: float
    macro_f1: float
    half: float
    half_macro_f1: float
    ece: float
    ece_if_calibrated: float


def score(turns: Sequence[Example], answers: Answers, name: str) -> Score:
    """Score answers against the gold of turns."""
    gold = np.array([one.gold[name][0] for one in turns])
    said = np.array([answers[one.key][0] for one in turns])
    confidence = np.array([answers[one.key][1] for one in turns], np.float64).clip(0, 1)
    right = gold == said
    half = np.argsort(-confidence, kind="stable")[: len(turns) // 2]
    calibrated = calibration(confidence, right)
    return Score(
        turns=len(turns),
        accuracy=round(float(right.mean()), 4),
        macro_f1=round(macro_f1(gold, said), 4),
        half=round(float(right[half].mean()), 4),
        half_macro_f1=round(macro_f1(gold[half], said[half]), 4),
        ece=round(calibrated.error, 4),
        ece_if_calibrated=round(calibrated.perfect or 0.0, 4),
    )


def macro_f1(gold: NDArray[np.str_], said: NDArray[np.str_]) -> float:
    """Mean F1 over the labels that occur in gold or answers."""
    scores = []
    for one in np.unique(np.concatenate([gold, said])):
        hits = np.sum((gold == one) & (said == one))
        scores.append(2 * hits / (np.sum(gold == one) + np.sum(said == one)))
    return float(np.mean(scores))


def scored(
    taxonomy: Taxonomy,
    seed: Sequence[Conversation],
    logs: Sequence[Conversation],
    encoder: Encoder,
) -> dict[str, dict[str, Score]]:
    """Dimension -> who labelled -> score."""
    ours, inside = (
        annotated(taxonomy, seed, logs, encoder),
        cross_validated(taxonomy, seed, encoder),
    )
    table: dict[str, dict[str, Score]] = {}
    turn = turn_features(encoder)
    placed = history_features(encoder, HISTORY)
    for dimension in taxonomy.dimensions:
        name = dimension.name
        known, asked = labelled(seed, name), labelled(logs, name)
        table[name] = {
            "embedded": score(asked, ours[name], name),
            "embedded, cross-validated on the seed": score(known, inside[name], name),
            "nearest seed turn": score(asked, nearest(known, asked, name, encoder), name),
            "logistic, turn": score(asked, logistic(turn, known, asked, dimension), name),
            "logistic, turn + history": score(
                asked, logistic(placed, known, asked, dimension), name
            ),
            "logistic, turn + history + examples": score(
                asked, logistic(placed, known, asked, dimension, encoder), name
            ),
        }
    return table


def main() -> None:
    records = read(SAMPLE / "conversations.jsonl")
    conversations = {one.conversation.id: one.conversation for one in records if one.conversation}
    split = larkspur_split(conversations.values())
    seed = [conversations[one] for one in split.seed]
    logs = [conversations[one] for one in split.unlabelled]
    cache = REPOSITORY / ".cache" / "turnwise"
    plain = OnnxEncoder(prepare_encoder(DEFAULT_ENCODER, cache))
    encoder = KeptEncoder(plain, Memory({}))
    taxonomy = load_taxonomy(SAMPLE / "taxonomy.yaml")
    began, busy = time.perf_counter(), time.process_time()
    annotator = fit_annotator(taxonomy, seed, encoder)
    abstained = [one.label is None for _, said in label(logs, annotator) for one in said]
    seconds = {"wall": time.perf_counter() - began, "processor": time.process_time() - busy}
    table = scored(taxonomy, seed, logs, encoder)
    report = {
        "benchmark": "labelling_sample",
        "seconds": {what: round(one, 2) for what, one in seconds.items()},
        "abstain_below": annotator.config.abstain_below,
        "abstained": round(float(np.mean(abstained)), 4),
        "aims": {name: {"accuracy": all_, "half": half} for name, (all_, half) in AIMS.items()},
        "scores": {
            name: {who: one.__dict__ for who, one in rows.items()} for name, rows in table.items()
        },
    }
    for name, rows in table.items():
        print(f"\n{name:<38} accuracy macro-F1   half half-F1    ECE (if calibrated)")
        for who, one in rows.items():
            cells = (one.accuracy, one.macro_f1, one.half, one.half_macro_f1, one.ece)
            shown = " ".join(f"{cell:>8.3f}" for cell in cells)
            print(f"  {who:<36} {shown} ({one.ece_if_calibrated:.3f})")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
