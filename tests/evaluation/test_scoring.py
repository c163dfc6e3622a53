"""What counts as right, what is scored, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from evaluation_cases import DOMAINS, TAXONOMY, conversation, customer_turns, guesses, many_turns

from turnwise.conversations import Conversation, Turn
from turnwise.errors import ConfigError, EvaluationError
from turnwise.evaluation import EvaluationConfig, evaluate

QUICK = EvaluationConfig(resamples=100)


def certain(*labels: str) -> dict[str, np.ndarray]:
    """Predict the domain of each turn outright, all other dimensions as their first label."""
    chosen = [DOMAINS.index(label) for label in labels]
    other = np.zeros((len(labels), 5), np.float32)
    other[:, 0] = 1
    return {"domain": np.eye(4, dtype=np.float32)[chosen], "intent": other}


def scored(turns, *labels):
    return evaluate(turns, {"model": certain(*labels)}, TAXONOMY, QUICK).model


def test_a_dimension_is_scored_on_the_turns_with_gold_for_it_alone():
    turns = customer_turns(
        conversation("a", {"domain": ("Music",)}, {}, {"intent": ("REFUND",)}),
        conversation("b", {"domain": ("Video",), "intent": ("CANCEL",)}),
    )
    model = scored(turns, "Music", "Music", "Music", "Music")
    assert (model["domain"].turns, model["domain"].accuracy.value) == (2, 0.5)
    assert (model["intent"].turns, model["intent"].accuracy.value) == (2, 0.5)


def test_any_of_several_gold_labels_is_right():
    gold = {"domain": ("Music", "Video")}
    turns = customer_turns(conversation("a", gold, gold, gold))
    scores = scored(turns, "Music", "Video", "Orders")["domain"]
    assert scores.accuracy.value == pytest.approx(2 / 3)
    assert [one.support for one in scores.labels] == [2, 1, 0, 0], "a wrong turn counts as Music"


def test_joint_accuracy_asks_for_every_dimension_where_all_have_gold():
    both = {"domain": ("Music",), "intent": ("CANCEL",)}
    half = {"domain": ("Music",), "intent": ("REFUND",)}
    turns = customer_turns(conversation("a", both, half), conversation("b", {"domain": ("Music",)}))
    model = scored(turns, "Music", "Music", "Music")
    assert (model.joint.value, model.joint_turns) == (0.5, 2)


def test_joint_accuracy_is_left_out_where_no_turn_has_all_gold():
    turns = customer_turns(conversation("a", {"domain": ("Music",)}, {"intent": ("REFUND",)}))
    assert scored(turns, "Music", "Music").joint is None


def test_the_first_customer_turn_is_first_even_after_a_greeting():
    gold = {"domain": ("Music",)}
    greeted = Conversation("a", (Turn("bot", "Hi!"), *conversation("x", gold, gold).turns))
    scores = scored(customer_turns(greeted), "Music", "Video")["domain"]
    assert [(one.position, one.turns, one.accuracy.value) for one in scores.positions] == [
        ("first", 1, 1.0),
        ("later", 1, 0.0),
    ]


def test_the_figures_of_a_predictor_agree_with_each_other(evaluation):
    for predictor in evaluation.predictors:
        for scores in predictor.dimensions:
            accuracy = scores.accuracy.value
            assert scores.top[0] == pytest.approx(accuracy)
            assert scores.weighted.recall == pytest.approx(accuracy)
            assert scores.coverage[-1].accuracy == pytest.approx(accuracy)
            assert scores.macro.f1 == pytest.approx(scores.macro_f1.value)
            assert scores.weighted.f1 == pytest.approx(scores.weighted_f1.value)
            assert sum(one.support for one in scores.labels) == scores.turns
            assert sum(part.turns for part in scores.positions) == scores.turns
            for estimate in (scores.accuracy, scores.macro_f1, scores.weighted_f1):
                assert estimate.low <= estimate.value <= estimate.high


def test_the_model_leads_a_baseline_by_the_difference_of_their_accuracies(evaluation):
    (majority,) = evaluation.baselines
    assert evaluation.model["domain"].lead is None
    lead = majority["domain"].lead
    difference = evaluation.model["domain"].accuracy.value - majority["domain"].accuracy.value
    assert lead.value == pytest.approx(difference)
    assert lead.low > 0


def test_confusions_quote_the_turns_of_the_model_and_no_others(evaluation):
    worst = evaluation.model["domain"].confusions[0]
    assert worst.gold != worst.predicted
    assert 1 <= len(worst.samples) <= 2
    assert worst.samples[0].confidence >= worst.samples[-1].confidence
    assert not any(one.samples for one in evaluation.baselines[0]["domain"].confusions)


def test_no_text_is_kept_where_none_is_wanted():
    turns = many_turns(10)
    found = evaluate(turns, {"model": guesses(turns, 1)}, TAXONOMY, EvaluationConfig(samples=0))
    assert "hello" not in json.dumps(found.to_json())


def test_a_quoted_turn_is_cut_and_a_text_is_quoted_once():
    gold = {"domain": ("Music",)}
    turns = customer_turns(*(conversation(name, gold, text="so " * 400) for name in "abc"))
    (confusion,) = scored(turns, "Video", "Video", "Video")["domain"].confusions
    (sample,) = confusion.samples
    assert confusion.turns == 3
    assert len(sample.text) == 160
    assert sample.text.endswith("…")


def test_the_figures_do_not_depend_on_the_order_of_turns():
    turns = many_turns(15)
    chances = guesses(turns, 1.5)
    backwards = {name: rows[::-1] for name, rows in chances.items()}
    there = evaluate(turns, {"model": chances}, TAXONOMY, QUICK).model["intent"]
    back = evaluate(turns[::-1], {"model": backwards}, TAXONOMY, QUICK).model["intent"]
    assert there.labels == back.labels
    assert there.top == pytest.approx(back.top)
    assert there.accuracy.value == back.accuracy.value


def test_an_evaluation_repeats_exactly():
    turns = many_turns(15)
    predictions = {"model": guesses(turns, 1.5)}
    assert evaluate(turns, predictions, TAXONOMY) == evaluate(turns, predictions, TAXONOMY)


def test_a_dimension_without_gold_is_named_and_not_scored():
    turns = customer_turns(conversation("a", {"domain": ("Music",)}))
    found = evaluate(turns, {"model": certain("Music")}, TAXONOMY, QUICK)
    assert (found.dimension_names, found.unscored) == (("domain",), ("intent",))


def test_no_gold_at_all_is_refused_with_what_to_do():
    turns = customer_turns(conversation("a", {}, {"mood": ("bad",)}))
    with pytest.raises(EvaluationError, match=r"none of the 2 turns .* label some conversations"):
        evaluate(turns, {"model": certain("Music", "Music")}, TAXONOMY)
    with pytest.raises(EvaluationError, match="none of the 0 turns"):
        evaluate([], {"model": certain()}, TAXONOMY)


def test_gold_outside_the_taxonomy_is_refused_by_name_and_place():
    turns = customer_turns(conversation("chat-7", {"domain": ("Music",)}, {"domain": ("Fridges",)}))
    with pytest.raises(EvaluationError, match=r"domain: 'Fridges' \(conversation chat-7, turn 2\)"):
        evaluate(turns, {"model": certain("Music", "Music")}, TAXONOMY)


def test_gold_of_dimensions_that_the_taxonomy_lacks_is_passed_over():
    turns = customer_turns(conversation("a", {"domain": ("Music",), "mood": ("bad",)}))
    found = evaluate(
        turns,
        {"model": certain("Music")},
        replace(TAXONOMY, dimensions=(TAXONOMY["domain"],)),
        QUICK,
    )
    assert found.dimension_names == ("domain",)


@pytest.mark.parametrize(
    ("chances", "said"),
    [
        ({}, "model predicts nothing for domain"),
        ({"domain": np.full((1, 3), 1 / 3)}, r"shape \(1, 3\) where \(1, 4\)"),
        ({"domain": np.full((2, 4), 1 / 4)}, r"shape \(2, 4\) where \(1, 4\)"),
        ({"domain": np.array([[3.0, 1.0, -2.0, -1.0]])}, "no probabilities"),
        ({"domain": np.full((1, 4), np.nan)}, "no probabilities"),
        ({"domain": np.full((1, 4), 0.5)}, "no probabilities"),
    ],
)
def test_what_is_no_probabilities_of_these_turns_is_refused(chances, said):
    turns = customer_turns(conversation("a", {"domain": ("Music",)}))
    with pytest.raises(EvaluationError, match=said):
        evaluate(turns, {"model": chances}, TAXONOMY)


def test_no_predictions_are_refused():
    turns = customer_turns(conversation("a", {"domain": ("Music",)}))
    with pytest.raises(EvaluationError, match="no predictions"):
        evaluate(turns, {}, TAXONOMY)


@pytest.mark.parametrize("setting", ["resamples", "samples", "seed"])
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(ConfigError, match=f"field evaluation.{setting}"):
        EvaluationConfig(**{setting: -1})


def test_progress_is_told():
    turns = many_turns(5)
    told = []
    evaluate(turns, {"model": guesses(turns, 1)}, TAXONOMY, QUICK, lambda *one: told.append(one))
    assert told == [("scoring", 0, 1), ("scoring", 1, 1)]
