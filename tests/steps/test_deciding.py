"""A policy by a workspace's settings, a conversation held with it, and how well it does."""

from __future__ import annotations

import pytest

from tests.workspaces import copy_folder
from turnwise.errors import ConfigError
from turnwise.project import Project, current_bundle
from turnwise.steps import Dialogue, evaluate_clarify, evaluate_policy, open_policy


def settings(folder, text):
    """Another folder with these settings, and no project beside."""
    folder.mkdir()
    (folder / "turnwise.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_settings_of_a_workspace_are_the_policy_s(finished, tmp_path):
    text = "policy:\n  order: [accept]\n  confidence: {intent: 0.25}\n"
    with open_policy(current_bundle(finished), settings(tmp_path / "w", text)) as policy:
        assert policy.config.order == ("accept",)
        assert policy.config.confidence == {"intent": 0.25}
        assert policy.escalator.name == "retrieval"
    with open_policy(current_bundle(finished), tmp_path) as policy:
        assert "clarify" in policy.config.order


@pytest.mark.parametrize(
    "text", ["policy: {order: [guess]}", "policy: {tau: 0.5}", "policy: {confidence: {mood: 0.5}}"]
)
def test_a_wrong_setting_is_told_with_its_place(finished, tmp_path, text):
    folder = settings(tmp_path / "w", text + "\n")
    with pytest.raises(ConfigError, match="policy"), open_policy(current_bundle(finished), folder):
        pass


def test_a_dialogue_keeps_what_was_said_and_asked(finished, tmp_path):
    text = "policy: {order: [accept, clarify], confidence: {domain: 0, issue: 0, intent: 1}}\n"
    folder = settings(tmp_path / "w", text.replace("}}", "}, choices: 50}"))
    with open_policy(current_bundle(finished), folder) as policy:
        dialogue = Dialogue(policy)
        first = dialogue.say("it is broken")
        second = dialogue.say("I don't know")
    assert (first.kind, first.turn) == ("clarify", 0)
    assert second.turn == 2  # the question stands between
    assert second.state.asked[0] == first.question


def test_the_policy_is_scored_beside_the_model_and_whoever_it_asks(finished, tmp_path):
    copy = copy_folder(finished, tmp_path / "copy")
    with Project.open(copy) as project:
        found = evaluate_policy(project)
    names = [one.name for one in found.arms]
    assert names == ["model alone", "policy", "retrieval alone"]
    model, policy, retrieval = found.arms
    assert (model.asked, retrieval.asked) == (0.0, 1.0)
    assert 0 <= policy.asked <= 1
    assert sum(found.kinds.values()) == pytest.approx(1)
    for arm in found.arms:
        assert set(arm.accuracy) == {"domain", "intent", "issue"}
        assert arm.milliseconds == tuple(sorted(arm.milliseconds))
    assert (found.sure > 0) == bool(found.sure_accuracy)
    assert found.turns > found.conversations > 1


def test_a_simulated_customer_answers_what_is_asked(finished, tmp_path):
    copy = copy_folder(finished, tmp_path / "copy")
    with (copy / "turnwise.yaml").open("a", encoding="utf-8") as file:
        file.write("policy: {order: [accept, clarify], choices: 12, clarifications: 2}\n")
    with Project.open(copy) as project:
        found = evaluate_clarify(project)
    assert 0 < found.asked <= 1
    assert found.at_once >= 0
    assert found.at_once + found.asked <= 1 + 1e-9
    assert found.settled == tuple(sorted(found.settled))
    assert len(found.settled) <= 2
    assert 1 <= found.questions <= 2
    for name in found.mean_set:
        assert 0 <= found.coverage[name] <= 1 <= found.mean_set[name]
    # The customer names the right label wherever it is offered.
    assert sum(found.after.values()) > sum(found.before.values())
