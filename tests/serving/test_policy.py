"""What a policy decides, and that every decision says why."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

import pytest
from policy_samples import CLEAR, DIMENSIONS, SURE, UNSURE, Alarm, said, with_actions

from turnwise.bundle import Bundle
from turnwise.conversations import Conversation, Turn
from turnwise.errors import BundleError
from turnwise.serving import (
    DialogueState,
    EscalationError,
    Pending,
    Policy,
    PolicyConfig,
    Settled,
    Verdict,
)
from turnwise.taxonomy import Action


def timeless(decision):
    steps = tuple(replace(one, milliseconds=0.0) for one in decision.trace)
    return replace(decision, milliseconds={}, trace=steps)


class Other:
    """Somebody to ask, who answers as told and remembers what was asked."""

    name = "other"
    waits = True

    def __init__(self, answer):
        self.answer, self.doubts = answer, []

    def settle(self, doubt, seconds):
        self.doubts.append(doubt)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Settled({name: self.answer(one) for name, one in doubt.candidates.items()}, "other")


def second_best(candidates):
    return Verdict(candidates[1][0], 0.9, True)


def test_a_sure_turn_is_accepted_with_what_to_do(bundle):
    config = PolicyConfig(order=("accept",), confidence=SURE)
    made = Policy(bundle, config).decide(said(CLEAR))
    predicted = bundle.predict(said(CLEAR))
    assert (made.kind, made.sure, made.turn) == ("accept", True, 0)
    assert {name: one.label for name, one in made.choices.items()} == {
        name: best[0][0] for name, best in predicted.scores.items()
    }
    assert made.action == predicted.action
    assert all(name in made.why and "0.00" in made.why for name in DIMENSIONS)
    assert made.bundle == bundle.id
    assert (made.taxonomy, made.taxonomy_version) == (bundle.taxonomy.name, 1)
    assert set(made.milliseconds) == {"model", "rules"}


def test_thresholds_are_the_bundle_s_own_unless_the_policy_says_others(bundle):
    points = bundle.manifest.refusal.operating
    made = Policy(bundle).decide(said(CLEAR))
    for name in DIMENSIONS:
        expected = points[name].confidence if name in points else 0.7
        assert made.choices[name].threshold == expected
    other = Policy(bundle, PolicyConfig(confidence={"intent": 0.123})).decide(said(CLEAR))
    assert other.choices["intent"].threshold == 0.123
    assert other.choices["domain"] == made.choices["domain"]


def test_an_action_that_hands_off_hands_off(bundle):
    action = Action("all", {}, hand_off="everything is for people")
    changed = with_actions(bundle, action)
    made = Policy(changed, PolicyConfig(order=("accept",), confidence=SURE)).decide(said(CLEAR))
    assert (made.kind, made.action) == ("hand_off", action)


def test_doubt_that_changes_nothing_is_none(bundle):
    one_for_all = Action("desk", {}, queue="desk")
    config = PolicyConfig(order=("accept",), confidence=UNSURE)
    made = Policy(with_actions(bundle, one_for_all), config).decide(said(CLEAR))
    assert (made.kind, made.sure, made.action) == ("accept", True, one_for_all)
    assert "whatever is in doubt" in made.why
    made = Policy(with_actions(bundle), config).decide(said(CLEAR))
    assert (made.kind, made.sure, made.action) == ("accept", False, None)


def test_a_turn_that_nothing_decides_gets_the_model_s_answer_marked_as_not_sure(bundle):
    config = PolicyConfig(order=("accept", "escalate"), confidence=UNSURE)
    policy = Policy(with_actions(bundle), config)
    made = policy.decide(said(CLEAR))
    assert (made.kind, made.sure, made.state.unsettled) == ("accept", False, 1)
    assert [(one.rule, one.decided) for one in made.trace] == [
        ("accept", False),
        ("escalate", False),
    ]
    assert "nobody to ask" in made.trace[-1].why
    handing = Policy(with_actions(bundle), replace(config, otherwise="hand_off"))
    assert handing.decide(said(CLEAR)).kind == "hand_off"


def test_a_person_who_takes_over_finds_no_action_of_labels_in_doubt(bundle):
    cancel = Action("cancel-order", {}, workflow="cancel-order")
    policy = Policy(with_actions(bundle, cancel))
    made = policy.decide(said("I want to cancel my order, let me speak to an agent"))
    assert (made.kind, made.action, made.next_actions) == ("hand_off", None, ())


def test_off_topic_turns_in_a_row_bring_in_a_person(bundle):
    other = Bundle.load(bundle.folder, threads=1)
    other.refuser = Alarm()
    policy, state, kinds = Policy(other, PolicyConfig(failures=3)), DialogueState(), []
    for _ in range(3):
        made = policy.decide(said("the purple tide of Saturn"), state)
        state = made.state
        kinds.append(made.kind)
    assert kinds == ["out_of_domain", "out_of_domain", "hand_off"]


def test_repeated_failure_brings_in_a_person(bundle):
    config = PolicyConfig(order=("hand_off", "accept"), confidence=UNSURE, failures=3)
    policy, state, kinds = Policy(with_actions(bundle), config), DialogueState(), []
    for _ in range(3):
        made = policy.decide(said(CLEAR), state)
        state = made.state
        kinds.append(made.kind)
    assert kinds == ["accept", "accept", "hand_off"]
    assert "3 turns in a row" in made.why


def test_who_is_asked_chooses_among_the_candidates_of_every_doubtful_dimension(bundle):
    other = Other(second_best)
    config = PolicyConfig(
        order=("accept", "escalate", "clarify"), confidence=UNSURE | {"domain": 0.0}, candidates=2
    )
    policy = Policy(with_actions(bundle), config, other)
    pending = policy.begin(said(CLEAR))
    assert isinstance(pending, Pending)
    made = policy.decide(said(CLEAR))
    (doubt,) = other.doubts
    assert set(doubt.candidates) == {"intent", "issue"}
    assert all(len(one) == 2 for one in doubt.candidates.values())
    assert (made.kind, made.sure) == ("escalate", True)
    for name in ("intent", "issue"):
        choice = made.choices[name]
        assert (choice.label, choice.by) == (choice.candidates[1][0], "other")
    assert made.choices["domain"].by == "model"
    assert set(made.milliseconds) == {"model", "rules", "escalation"}


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        (EscalationError("other is away"), "other is away"),
        (lambda candidates: Verdict(None, 0.0, False), ""),
        (lambda candidates: Verdict(candidates[0][0], 0.4, False), ""),
    ],
    ids=["away", "none of them", "not sure"],
)
def test_without_a_usable_answer_the_next_rule_applies(bundle, answer, noted):
    config = PolicyConfig(order=("accept", "escalate", "clarify"), confidence=UNSURE, choices=50)
    made = Policy(with_actions(bundle), config, Other(answer)).decide(said("it is broken"))
    assert [one.rule for one in made.trace][:2] == ["accept", "escalate"]
    assert not made.trace[1].decided
    assert (made.kind == "clarify") or not made.sure
    assert made.note == noted


def test_a_decision_is_the_same_each_time_and_in_every_thread(bundle):
    policy = Policy(bundle)
    talks = [said(CLEAR), said("it is broken"), said("hello", "hi, how can I help?", CLEAR)]
    wanted = [timeless(policy.decide(talk)) for talk in talks]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(policy.decide, talks * 8))
    assert [timeless(one) for one in found] == wanted * 8


def test_a_batch_is_classified_as_its_conversations_are(bundle):
    policy = Policy(bundle)
    talks = [said(CLEAR), said("it is broken"), said("hello", "hi, how can I help?", CLEAR)]
    for one, talk in zip(policy.classify(talks, top=2), talks, strict=True):
        alone = policy.classify([talk], top=2)[0]
        assert one.turn == alone.turn
        assert one.plausible == alone.plausible
        for name, best in one.scores.items():
            assert [label for label, _ in best] == [label for label, _ in alone.scores[name]]
            for (_, left), (_, right) in zip(best, alone.scores[name], strict=True):
                assert left == pytest.approx(right, abs=1e-4)
    assert policy.classify([]) == []


def test_a_conversation_without_a_customer_is_refused(bundle):
    policy = Policy(bundle)
    for talk in (Conversation("c", ()), Conversation("c", (Turn("bot", "hello"),))):
        with pytest.raises(BundleError, match="no turn is the customer's"):
            policy.decide(talk)


def test_every_order_of_the_rules_ends_in_a_decision(bundle):
    rules = ("hand_off", "out_of_domain", "accept", "escalate", "clarify")
    for order in product(rules, repeat=2):
        if len(set(order)) == 2:
            made = Policy(bundle, PolicyConfig(order=order)).decide(said("it is broken"))
            assert [one.rule for one in made.trace] == list(order)[: len(made.trace)]


def test_deciding_needs_nothing_that_trains():
    program = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "sklearn", "sqlalchemy", "altair"}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocker())
import turnwise.serving
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_asking_cost_and_how_strange_a_turn_is_stand_in_the_decision(bundle):
    dear = Other(second_best)
    dear.settle = lambda doubt, seconds: Settled(
        {name: second_best(one) for name, one in doubt.candidates.items()}, "other", money=0.25
    )
    config = PolicyConfig(order=("escalate",), confidence=UNSURE)
    assert Policy(bundle, config, dear).decide(said(CLEAR)).cost == 0.25
    failed = Other(EscalationError("other talks nonsense", money=0.5))
    assert Policy(bundle, config, failed).decide(said(CLEAR)).cost == 0.5
    strange = Bundle.load(bundle.folder, threads=1)
    strange.refuser = Alarm()
    made = Policy(strange).decide(said(CLEAR))
    assert (made.out_of_domain, made.strange, made.cost) == (1.0, True, 0.0)
    strange.refuser = None
    made = Policy(strange).decide(said(CLEAR))
    assert (made.out_of_domain, made.strange) == (None, None)


def test_of_a_large_set_the_likeliest_are_asked_about(bundle):
    config = PolicyConfig(order=("clarify",), confidence=UNSURE, choices=2)
    made = Policy(with_actions(bundle), config).decide(said("it is broken"))
    choice = made.choices[made.question.dimension]
    assert len(choice.plausible) > 2
    assert made.question.candidates == choice.plausible[:2]
    assert f"{len(choice.plausible)} labels" in made.why
    assert "the likeliest 2 are asked about" in made.why


def test_no_question_says_which_of_its_reasons_it_is(bundle):
    sure = {"domain": 0.0, "issue": 0.0}
    config = PolicyConfig(order=("clarify",), confidence=UNSURE | sure, choices=2)
    policy = Policy(with_actions(bundle), config)
    first = policy.decide(said("it is broken"))
    asked = replace(first.state, open=False)
    assert first.question.dimension == "intent"
    assert (
        "2 labels of intent were asked about already"
        in policy.decide(said("it is broken"), asked).trace[-1].why
    )


def test_nothing_in_doubt_needs_no_question(bundle):
    config = PolicyConfig(order=("clarify",), confidence=SURE)
    made = Policy(bundle, config).decide(said(CLEAR))
    assert made.trace[-1].why == "nothing is in doubt"
