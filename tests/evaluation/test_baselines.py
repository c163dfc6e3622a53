"""Baselines learn from training labels and answer in the taxonomy's order."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluation_cases import DOMAINS, TAXONOMY, LabelledTurn, conversation, customer_turns

from turnwise.conversations import Conversation, Example, Turn
from turnwise.errors import EvaluationError
from turnwise.evaluation import majority, tfidf

ONE = replace(TAXONOMY, dimensions=(TAXONOMY["domain"],))
WORDS = {"Music": "the song stops", "Video": "film is blurry", "Orders": "where is my parcel"}


def said(text: str, *before: str) -> Example:
    turns = [Turn("customer", one) for one in (*before, text)]
    return Example(Conversation(text, tuple(turns)), len(before))


def labelled(domain: str, text: str, *before: str, weight: float = 1.0) -> LabelledTurn:
    return LabelledTurn(said(text, *before), {"domain": domain}, {"domain": weight})


def known() -> list[LabelledTurn]:
    return [
        labelled(domain, f"{words} {place}")
        for domain, words in WORDS.items()
        for place in range(4)
    ]


def test_the_majority_baseline_answers_how_frequent_each_label_is():
    train = [labelled(domain, "x") for domain in ("Video", "Video", "Video", "Orders")]
    answers = majority(train, [said("anything"), said("else")], ONE)
    assert answers["domain"].tolist() == [[0, 0.75, 0.25, 0]] * 2
    assert answers["domain"].dtype == np.float32


def test_weights_of_pseudo_labels_count():
    train = [labelled("Video", "x", weight=0.2), labelled("Orders", "x", weight=0.6)]
    assert majority(train, [said("y")], ONE)["domain"][0] == pytest.approx([0, 0.25, 0.75, 0])
    answers = tfidf(train, [said("x")], ONE)["domain"][0]
    assert answers[DOMAINS.index("Orders")] > answers[DOMAINS.index("Video")]


def test_tfidf_learns_words():
    answers = tfidf(known(), [said(f"{words}, please") for words in WORDS.values()], ONE)["domain"]
    assert [DOMAINS[place] for place in answers.argmax(axis=1)] == list(WORDS)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    assert (answers[:, DOMAINS.index("Account")] == 0).all(), "a label never seen has no chance"


def test_tfidf_reads_history_only_where_it_is_given_the_context():
    train = [
        labelled(domain, f"same here {place}", words)
        for domain, words in WORDS.items()
        for place in range(5)
    ]
    asked = [said("same here", words) for words in WORDS.values()]

    def everything(example: Example) -> str:
        return " ".join(turn.text for turn in (*example.history, example.turn))

    blind = tfidf(train, asked, ONE)["domain"]
    sighted = tfidf(train, asked, ONE, everything)["domain"]
    assert np.ptp(blind, axis=0).max() < 1e-6, "the turns alone are all alike"
    assert [DOMAINS[place] for place in sighted.argmax(axis=1)] == list(WORDS)


def test_tfidf_of_one_known_label_answers_it():
    assert tfidf([labelled("Video", "a b")], [said("c")], ONE)["domain"].tolist() == [[0, 1, 0, 0]]


def test_tfidf_repeats_exactly():
    asked = [said("my song"), said("parcel or film")]
    first, second = (tfidf(known(), asked, ONE)["domain"] for _ in range(2))
    assert (first == second).all()


def test_no_turn_to_answer_gives_no_answers():
    assert tfidf(known(), [], ONE)["domain"].shape == (0, 4)
    assert majority(known(), [], ONE)["domain"].shape == (0, 4)


@pytest.mark.parametrize("baseline", [majority, tfidf])
def test_a_dimension_without_a_training_label_is_refused(baseline):
    with pytest.raises(EvaluationError, match="no training turn has a label for intent"):
        baseline(known(), customer_turns(conversation("a", {})), TAXONOMY)


@pytest.mark.parametrize("baseline", [majority, tfidf])
def test_training_labels_outside_the_taxonomy_are_refused_by_name(baseline):
    with pytest.raises(EvaluationError, match="domain: Fridges"):
        baseline([labelled("Fridges", "x")], [said("y")], ONE)


def test_evaluating_needs_neither_sklearn_nor_altair_and_says_which_extra_is_missing():
    script = """
import sys
for name in ("sklearn", "altair", "vl_convert"):
    sys.modules[name] = None
sys.path.insert(0, sys.argv[1])
from evaluation_cases import TAXONOMY, LabelledTurn, guesses, many_turns
from turnwise.errors import EvaluationError
from turnwise.evaluation import evaluate, majority, tfidf, write_report
turns = many_turns(4)
train = [LabelledTurn(t, {k: v[0] for k, v in t.gold.items()}) for t in turns]
found = evaluate(turns, {"m": guesses(turns, 1), "b": majority(train, turns, TAXONOMY)}, TAXONOMY)
for wanted, call in (
    ("turnwise[train]", lambda: tfidf(train, turns, TAXONOMY)),
    ("turnwise[report]", lambda: write_report(found, "never.html")),
):
    try:
        call()
    except EvaluationError as error:
        assert wanted in str(error), error
    else:
        raise AssertionError(wanted)
assert "torch" not in sys.modules and "pydantic" not in sys.modules
"""
    here = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", script, here], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
