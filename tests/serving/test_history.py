"""What a policy goes by of the history: the text alone, or what was believed of earlier turns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from policy_samples import CLEAR, DIMENSIONS, said

from turnwise.bundle import Bundle, last_customer_turn
from turnwise.bundle.refusal import Conformal, OperatingPoint
from turnwise.bundle.transitions import EARLIER, Chain, Succession, Transitions
from turnwise.conversations import Conversation, Turn
from turnwise.errors import ConfigError
from turnwise.serving import DialogueState, Policy, PolicyConfig, Question
from turnwise.serving.history import History

LABELS = PolicyConfig(history="labels")
NEW = DialogueState()
FOLLOWED = said("my bill is wrong", "let me look", "my bill is still wrong", "one moment", CLEAR)


@pytest.fixture
def chained(bundle) -> Bundle:
    """The same bundle with a chain in which every label is followed by itself alone."""
    other = Bundle.load(bundle.folder, threads=1)
    other.transitions = Transitions({name: staying(bundle, name) for name in DIMENSIONS[:2]})
    return other


def staying(bundle: Bundle, dimension: str) -> Chain:
    names = bundle.taxonomy[dimension].names
    stay = tuple(Succession(one, one, 50.0) for one in names)
    sets = Conformal(0.95, 60, 0.0, (0.0,) * len(names), 0)
    point = OperatingPoint(0.95, True, 0.123, 1.0, 0.5, 60, 2, 1.0, (), ())
    return Chain(stay, 0.8, 1.5, 60, 1.0, 0.9, sets, point)


def test_by_default_a_turn_is_read_by_the_text_to_the_last_bit(chained):
    example = last_customer_turn(FOLLOWED)
    found, rows = History(chained, PolicyConfig().history).read(example, NEW)
    alone = chained.outputs([example])
    for name, row in rows.items():
        assert (row == alone.probabilities[name][0].astype(np.float64)).all()
        assert (found.scores[name] == alone.scores[name]).all()
    assert (found.vectors == alone.vectors).all()


def test_by_default_chains_change_no_decision(bundle, chained):
    anew = Bundle.load(bundle.folder, threads=1)  # what was read before is rounded differently
    before, after = (Policy(one).decide(FOLLOWED) for one in (anew, chained))
    steps = [replace(one, milliseconds=0.0) for one in before.trace]
    assert [replace(one, milliseconds=0.0) for one in after.trace] == steps
    same = {"trace": (), "milliseconds": {}}
    assert replace(after, **same) == replace(before, **same)


def test_what_was_believed_before_weighs_in(chained):
    example = last_customer_turn(FOLLOWED)
    _, text = History(chained, "text").read(example, NEW)
    _, labels = History(chained, "labels").read(example, NEW)
    before = chained.outputs([replace(example, index=2)]).probabilities
    for name in ("domain", "intent"):
        believed = before[name][0].argmax()
        assert labels[name][believed] > text[name][believed]
        assert labels[name].sum() == pytest.approx(1)
    assert labels["issue"] == pytest.approx(text["issue"], abs=1e-5)  # it has no chain


def test_whether_a_turn_is_strange_is_told_by_the_turn_alone(chained):
    example = last_customer_turn(FOLLOWED)
    by_text, _ = History(chained, "text").read(example, NEW)
    by_labels, _ = History(chained, "labels").read(example, NEW)
    np.testing.assert_allclose(by_labels.vectors, by_text.vectors, atol=1e-5)
    for name, scores in by_text.scores.items():
        np.testing.assert_allclose(by_labels.scores[name], scores, atol=1e-3)


def test_thresholds_are_those_of_the_probabilities_they_are_held_against(bundle, chained):
    by_labels = Policy(chained, LABELS).decide(FOLLOWED).choices
    assert by_labels["domain"].threshold == 0.123
    assert len(by_labels["domain"].candidates) == 2
    assert len(by_labels["domain"].plausible) == len(bundle.taxonomy["domain"].names)
    by_text = Policy(chained).decide(FOLLOWED).choices
    assert by_labels["issue"].threshold == by_text["issue"].threshold
    assert by_text["domain"].threshold != 0.123


def asked(bundle: Bundle, conversation: Conversation, state: DialogueState = NEW) -> list[int]:
    """The turns that are read to decide about the last one."""
    seen: list[int] = []
    history, outputs = History(bundle, "labels"), bundle.outputs

    def watched(examples):
        seen.extend(one.index for one in examples)
        return outputs(examples)

    bundle.outputs = watched
    try:
        history.read(last_customer_turn(conversation), state)
    finally:
        del bundle.outputs
    return seen


def test_a_turn_is_read_with_the_customer_turns_before_it_in_one_pass(chained):
    assert asked(chained, FOLLOWED) == [0, 2, 4]


def test_what_a_long_conversation_costs_is_bounded(chained):
    long = Conversation("c", (Turn("customer", "hello"), Turn("agent", "hi")) * 30)
    assert len(asked(chained, long)) == EARLIER + 1


def test_a_reply_to_our_own_question_is_no_turn_of_its_own(chained):
    question = Question("The bill or the order?", "intent", (("REFUND", 0.5), ("CANCEL", 0.5)))
    talk = said("help me", question.text, "the first", "done", CLEAR)
    assert asked(chained, talk) == [0, 2, 4]
    assert asked(chained, talk, DialogueState((question,))) == [0, 4]


def test_where_no_chain_helps_nothing_more_is_read(chained, bundle):
    other = Bundle.load(bundle.folder, threads=1)
    none = replace(staying(bundle, "intent"), weight=0.0)
    other.transitions = Transitions({"intent": none})
    assert asked(other, FOLLOWED) == [4]


def test_a_turn_that_is_decided_again_is_decided_alike(chained):
    policy = Policy(chained, LABELS)
    assert policy.decide(FOLLOWED).choices == policy.decide(FOLLOWED).choices


def test_a_bundle_without_chains_says_what_to_do(bundle):
    other = Bundle.load(bundle.folder, threads=1)
    other.transitions = None
    assert Policy(other).decide(FOLLOWED).choices
    with pytest.raises(ConfigError, match=r"policy\.history.*which label follows.*train again"):
        Policy(other, LABELS)


def test_there_is_no_other_history():
    with pytest.raises(ConfigError, match="text or labels"):
        PolicyConfig(history="memory")
