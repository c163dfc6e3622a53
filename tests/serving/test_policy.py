"""What a policy decides, and that every decision says why."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from turnwise.bundle import Bundle
from turnwise.conversations import Conversation, Turn
from turnwise.errors import BundleError, ConfigError
from turnwise.project import current_bundle
from turnwise.serving import (
    DialogueState,
    EscalationError,
    Pending,
    Policy,
    PolicyConfig,
    Question,
    Settled,
    Verdict,
)
from turnwise.taxonomy import Action, Taxonomy

CLEAR = "I want to cancel my music subscription"
DIMENSIONS = ("domain", "intent", "issue")
SURE = dict.fromkeys(DIMENSIONS, 0.0)
UNSURE = dict.fromkeys(DIMENSIONS, 1.0)
RULES_OF_DOUBT = ("escalate", "clarify")


@pytest.fixture(scope="module")
def bundle(finished) -> Bundle:
    return Bundle.load(current_bundle(finished), threads=1)


def said(*texts: str, locale: str = "") -> Conversation:
    """Customer and bot in turn, the last word the customer's."""
    roles = ("customer", "bot")
    turns = [Turn(roles[place % 2], text) for place, text in enumerate(reversed(texts))]
    return Conversation("c", tuple(reversed(turns)), locale=locale)


def timeless(decision):
    steps = tuple(replace(one, milliseconds=0.0) for one in decision.trace)
    return replace(decision, milliseconds={}, trace=steps)


class Other:
    """Somebody to ask, who answers as told and remembers what was asked."""

    name = "other"

    def __init__(self, answer):
        self.answer, self.doubts = answer, []

    def settle(self, doubt, seconds):
        self.doubts.append(doubt)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Settled({name: self.answer(one) for name, one in doubt.candidates.items()}, "other")


def second_best(candidates):
    return Verdict(candidates[1][0], 0.9, True)


class Alarm:
    """Finds every turn strange."""

    threshold = 0.5

    def scores(self, logits, vectors):
        return {"combined": np.ones(len(vectors))}


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


@pytest.mark.parametrize(
    "text",
    [
        "Let me speak to a human please",
        "agent",
        "can I TALK with someone?",
        "a real person, now",
        "get me a human",
        "put me through to your supervisor",
    ],
)
def test_who_asks_for_a_person_gets_one_whatever_the_model_says(bundle, text):
    made = Policy(bundle, PolicyConfig(confidence=SURE)).decide(said(text))
    assert (made.kind, made.sure) == ("hand_off", True)
    assert [one.rule for one in made.trace] == ["hand_off"]
    without = PolicyConfig(order=("accept",), confidence=SURE)
    assert [one.rule for one in Policy(bundle, without).decide(said(text)).trace] == ["accept"]


def test_an_action_that_hands_off_hands_off(bundle):
    action = Action("all", {}, hand_off="everything is for people")
    changed = with_actions(bundle, action)
    made = Policy(changed, PolicyConfig(order=("accept",), confidence=SURE)).decide(said(CLEAR))
    assert (made.kind, made.action) == ("hand_off", action)


def with_actions(bundle: Bundle, *actions: Action) -> Bundle:
    """The same bundle under other actions."""
    other = Bundle.load(bundle.folder, threads=1)
    old = bundle.taxonomy
    other.taxonomy = Taxonomy(old.name, old.dimensions, old.version, actions)
    return other


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


@pytest.mark.parametrize(
    "text",
    [
        "I put someone else's name on the parcel",
        "my phone does not connect to my operator",
        "please do not transfer me to an agent, just cancel it",
        "your agent was friendly",
    ],
)
def test_who_does_not_ask_for_a_person_gets_none(bundle, text):
    made = Policy(bundle, PolicyConfig(order=("hand_off",), confidence=SURE)).decide(said(text))
    assert not made.trace[0].decided


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


def test_a_question_names_what_is_in_doubt_and_its_answer_settles_it(bundle):
    config = PolicyConfig(order=("accept", "clarify"), confidence=UNSURE | {"issue": 0.0})
    policy = Policy(with_actions(bundle), config)
    asked = policy.decide(said("it does not work"))
    if asked.kind != "clarify":  # too many labels are plausible: ask about the likeliest
        policy = Policy(with_actions(bundle), replace(config, choices=50))
        asked = policy.decide(said("it does not work"))
    assert (asked.kind, asked.action, asked.state.open) == ("clarify", None, True)
    question = asked.question
    assert question.text.endswith("?")
    assert all(name in bundle.taxonomy[question.dimension].index for name, _ in question.candidates)
    for name, before in question.candidates:
        title = bundle.taxonomy[question.dimension].label(name).title("en")
        talk = said("it does not work", question.text, title)
        told = policy.decide(talk, asked.state)
        choice = told.choices[question.dimension]
        assert choice.label == name
        assert choice.confidence > before


def test_a_reply_that_picks_an_option_leaves_the_other_dimensions_nearly_as_they_were(bundle):
    config = PolicyConfig(order=("accept", "clarify"), confidence=UNSURE, choices=50)
    policy = Policy(with_actions(bundle), config)
    asked = policy.decide(said("it does not work"))
    question = asked.question
    title = bundle.taxonomy[question.dimension].label(question.candidates[0][0]).title("en")
    others = [name for name in DIMENSIONS if name != question.dimension]

    def moved(reply: str) -> float:
        told = policy.decide(said("it does not work", question.text, reply), asked.state)
        pairs = [(asked.choices[name], told.choices[name]) for name in others]
        return sum(abs(old.confidence - new.confidence) for old, new in pairs)

    assert moved(title) < 0.2 * len(others)
    assert moved("I don't know") < 0.2 * len(others)


@pytest.mark.parametrize("unknown", [("mood", "GLAD"), ("intent", "GONE")])
def test_a_question_of_another_bundle_is_passed_over(bundle, unknown):
    dimension, label = unknown
    asked = Question("glad or sad?", dimension, ((label, 0.5), ("SAD", 0.4)))
    policy = Policy(bundle, PolicyConfig(order=("accept",)))
    talk = said("it is broken", asked.text, "the first")
    made = policy.decide(talk, DialogueState((asked,), True, {dimension: asked.candidates}))
    assert made.choices == policy.decide(talk).choices


def test_not_knowing_changes_nothing_but_that_it_was_asked(bundle):
    config = PolicyConfig(order=("accept", "clarify"), confidence=UNSURE, choices=50)
    policy = Policy(with_actions(bundle), config)
    asked = policy.decide(said("it does not work"))
    told = policy.decide(said("it does not work", asked.question.text, "I don't know"), asked.state)
    for name, choice in asked.choices.items():
        assert told.choices[name].label == choice.label


def test_no_question_comes_twice_and_too_many_bring_in_a_person(bundle):
    config = PolicyConfig(
        order=("hand_off", "accept", "clarify"), confidence=UNSURE, choices=50, clarifications=3
    )
    policy, state, talk = Policy(with_actions(bundle), config), DialogueState(), ["it is broken"]
    kinds = []
    for _ in range(6):
        made = policy.decide(said(*talk), state)
        state = made.state
        kinds.append(made.kind)
        if made.kind != "clarify":
            break
        talk += [made.question.text, "I don't know"]
    texts = [one.text for one in state.asked]
    assert len(set(texts)) == len(texts) <= 3
    assert kinds[0] == "clarify"
    assert kinds[-1] in ("hand_off", "accept")
    if len(texts) == 3:
        assert (kinds[-1], made.why) == ("hand_off", "3 questions were asked")


def test_a_reply_to_a_question_is_not_taken_for_a_strange_turn(bundle):
    other = Bundle.load(bundle.folder, threads=1)
    other.refuser = Alarm()  # the slice holds too few turns apart to fit one
    policy = Policy(other, PolicyConfig(order=("out_of_domain", "accept"), confidence=SURE))
    odd = said("the purple tide of Saturn sings in hexameters")
    made = policy.decide(odd)
    assert (made.kind, made.sure, made.action) == ("out_of_domain", True, None)
    assert "1.00, over the threshold 0.50" in made.why
    question = Question("a or b?", "intent", made.choices["intent"].candidates)
    state = DialogueState((question,), True)
    told = said("it is broken", question.text, "the first one")
    assert policy.decide(told, state).kind == "accept"
    assert policy.decide(odd, state).kind == "out_of_domain"


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
    config = PolicyConfig(order=("accept", *RULES_OF_DOUBT), confidence=UNSURE, choices=50)
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


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": ("accept", "accept")},
        {"order": ("guess",)},
        {"confidence": {"intent": 1.5}},
        {"choices": 1},
        {"candidates": 0},
        {"clarifications": -1},
        {"failures": 0},
        {"seconds": 0.0},
        {"otherwise": "clarify"},
        {"person": ("(",)},
        {"person": ("",)},
        {"order": ()},
        {"seconds": float("inf")},
        {"seconds": float("nan")},
        {"clarifications": 1_000},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="policy"):
        PolicyConfig(**wrong)


def test_a_threshold_of_a_dimension_that_the_bundle_lacks_is_refused(bundle):
    with pytest.raises(ConfigError, match=r"policy\.confidence.*mood"):
        Policy(bundle, PolicyConfig(confidence={"mood": 0.5}))


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
