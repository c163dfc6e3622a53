"""Questions of a policy, and how what is answered is read."""

from __future__ import annotations

import pytest
from policy_samples import DIMENSIONS, SURE, UNSURE, Alarm, said, with_actions

from turnwise.bundle import Bundle
from turnwise.serving import DialogueState, Policy, PolicyConfig, Question


def test_a_question_names_what_is_in_doubt_and_its_answer_settles_it(bundle):
    thresholds = UNSURE | {"issue": 0.0}
    config = PolicyConfig(order=("accept", "clarify"), confidence=thresholds, choices=50)
    policy = Policy(with_actions(bundle), config)
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


@pytest.mark.parametrize("refusal", ["none of these", "something else"])
def test_labels_that_were_refused_are_not_offered_again(bundle, refusal):
    config = PolicyConfig(order=("accept", "clarify"), confidence=UNSURE)
    policy = Policy(with_actions(bundle), config)
    texts, offered = ["they sent me the wrong one"], set()
    made, asked = policy.decide(said(*texts)), 0
    while made.question is not None:
        named = {(made.question.dimension, name) for name, _ in made.question.candidates}
        assert not named & offered, made.question.text
        offered |= named
        asked += 1
        texts += [made.question.text, refusal]
        made = policy.decide(said(*texts), made.state)
    assert 2 <= asked <= config.clarifications
