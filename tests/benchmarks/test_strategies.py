"""The simulated model errs as often as it was told to, and its answers pass the real checks."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import data
from benchmarks.disagreement import READ, Apart, apart, pairs_of, reading
from benchmarks.labelling_sample import SAMPLE
from benchmarks.simulated import reviewed
from benchmarks.simulated_model import SimulatedModel, Stated
from turnwise.annotations import Annotation, Source
from turnwise.conversations import Example, examples
from turnwise.labelling.annotator import LabellingConfig
from turnwise.labelling.llm import Models, Retriever, Strategy, make_strategy
from turnwise.labelling.llm.retrieval import Offer
from turnwise.project import without_gold
from turnwise.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy(SAMPLE / "taxonomy.yaml")
TALKS = data.larkspur()[:60]
GOLD = {
    one.key: {name: labels[0] for name, labels in one.gold.items()}
    for talk in TALKS
    for one in examples(talk)
}
STATED = Stated()
ALWAYS_RIGHT = Stated(accuracy=dict.fromkeys(TAXONOMY.dimension_names, 1.0), false_alarms=0.0)


class Nothing:
    """Retrieves the same few candidates for every turn, and no demonstrations."""

    taxonomy = TAXONOMY

    def __init__(self, labels: int) -> None:
        self.offered = {one.name: Offer(one.names[:labels], ()) for one in TAXONOMY.dimensions}

    async def offers(self, example: Example) -> dict[str, Offer]:
        return self.offered


def model(stated: Stated = STATED, seed: int = 0) -> SimulatedModel:
    return SimulatedModel(GOLD, TAXONOMY, stated, seed)


def said_by(strategy: Strategy) -> list[Annotation]:
    async def ask() -> list[Annotation]:
        hidden = [one for talk in TALKS for one in examples(without_gold(talk))]
        return [one for example in hidden for one in await strategy.turn(example)]

    return asyncio.run(ask())


def made(name: str, asked: SimulatedModel, retriever: Retriever | None = None) -> Strategy:
    config = LabellingConfig(strategy=name)
    return make_strategy(name, TAXONOMY, Models(asked, asked), config, retriever)


def share_right(said: list[Annotation], dimension: str) -> float:
    mine = [one for one in said if one.dimension == dimension]
    return sum(one.label == GOLD[one.key][dimension] for one in mine) / len(mine)


@pytest.mark.parametrize("name", ["single", "zero-shot"])
def test_it_is_right_as_often_as_stated(name):
    said = said_by(made(name, model()))
    for dimension, stated in STATED.accuracy.items():
        assert share_right(said, dimension) == pytest.approx(stated, abs=0.07), dimension


@pytest.mark.parametrize("name", ["single", "two-stage", "zero-shot"])
def test_real_checks_find_nothing_wrong_with_its_answers(name):
    asked = model()
    said = said_by(made(name, asked))
    assert [one.rationale for one in said if one.label is None] == []
    assert sum(one.unusable for one in asked.spending.values()) == 0


def test_a_model_that_is_always_right_labels_as_gold_does():
    said = said_by(made("two-stage", model(ALWAYS_RIGHT)))
    assert [one for one in said if one.label != GOLD[one.key][one.dimension]] == []


def test_the_reviewer_mends_what_theory_says():
    said = said_by(made("two-stage", model()))
    final = [one for one in said if one.source.name.startswith("two-stage")]
    for dimension in TAXONOMY.dimension_names:
        theory = reviewed(STATED.review(dimension), 1, seed=0)["stage_2_theory"]
        assert share_right(final, dimension) == pytest.approx(theory, abs=0.07), dimension


def test_the_same_question_is_paid_once():
    asked = model()
    said_by(made("single", asked))
    said_by(made("two-stage", asked))
    calls = {task: one.calls for (task, _), one in asked.spending.items()}
    assert calls == {"label-single": len(GOLD), "label-review": len(GOLD)}


def test_seeds_err_on_other_turns_and_a_seed_on_the_same():
    one, again, other = (said_by(made("zero-shot", model(seed=seed))) for seed in (0, 0, 1))
    assert one == again
    assert one != other


def test_a_label_that_is_not_offered_is_never_chosen():
    offered = Nothing(3)
    said = said_by(made("lara", model(ALWAYS_RIGHT), offered))  # type: ignore[arg-type]
    for one in said:
        right, labels = GOLD[one.key][one.dimension], offered.offered[one.dimension].candidates
        assert one.label in labels
        assert (one.label == right) == (right in labels)


def test_pairs_are_counted_by_gold_and_label():
    (first, second, *_) = (one for talk in TALKS for one in examples(talk))
    wrong = Annotation(*first.key, "domain", "Video", Source("embedded", "single", "1"), 0.5)
    right = Annotation(*second.key, "domain", GOLD[second.key]["domain"], wrong.source, 0.5)
    found = apart(TALKS, [wrong, right], "domain")
    assert found == [Apart(first, GOLD[first.key]["domain"], wrong)]
    told = pairs_of(found)
    assert told["turns"] == 1
    assert [one["pair"] for one in told["most_frequent"]] == [found[0].pair]


def test_a_reading_counts_only_what_is_still_a_disagreement():
    assert [len(read) for read in READ.values()] == [10, 10, 10]
    told = reading({name: [] for name in READ})
    assert told == {"read": 30, "still apart": 0, "kinds": {}}
