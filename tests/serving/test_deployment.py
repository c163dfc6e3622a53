"""Which bundles serve: arms, switches, and the file that says it."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.errors import ConfigError
from turnwise.serving.deployment import (
    Challenger,
    Deployment,
    Experiment,
    fraction,
    read_deployment,
    write_deployment,
)

NOW = "2026-08-01T12:00:00+00:00"
EXPERIMENT = Experiment("august", "a", (Challenger("b", 0.2), Challenger("c", 0.1)), NOW)
RUNNING = Deployment("a", experiment=EXPERIMENT)
names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20)


def test_arms_have_their_shares_of_the_conversations():
    served = Counter(EXPERIMENT.bundle_for(f"c{place}") for place in range(20_000))
    assert served["a"] == pytest.approx(14_000, abs=300)
    assert served["b"] == pytest.approx(4_000, abs=300)
    assert served["c"] == pytest.approx(2_000, abs=300)


@given(names)
def test_a_conversation_keeps_its_arm(conversation):
    assert EXPERIMENT.bundle_for(conversation) == EXPERIMENT.bundle_for(conversation)
    assert EXPERIMENT.bundle_for(conversation) in RUNNING.bundles


def test_two_experiments_divide_the_conversations_independently():
    other = Experiment("september", "a", (Challenger("b", 0.2),), NOW)
    ids = [f"c{place}" for place in range(20_000)]
    both = sum(EXPERIMENT.bundle_for(one) == other.bundle_for(one) == "b" for one in ids)
    assert both == pytest.approx(20_000 * 0.2 * 0.2, abs=120)


@given(st.lists(st.text(max_size=10), min_size=1, max_size=3))
def test_a_fraction_is_in_range(parts):
    assert 0 <= fraction(*parts) < 1


def test_rolling_back_leads_to_the_champion_before():
    changed = Deployment("a").promoted("b", NOW).promoted("c", NOW)
    assert changed.rolled_back(NOW).champion == "b"
    assert changed.rolled_back(NOW).rolled_back(NOW).champion == "a"
    with pytest.raises(ConfigError, match="no champion before"):
        Deployment("a").rolled_back(NOW)


@pytest.mark.parametrize("change", [lambda d: d.promoted("b", NOW), lambda d: d.stopped(NOW)])
def test_another_champion_ends_the_experiment(change):
    changed = change(RUNNING)
    assert changed.experiment is None
    assert [(one.name, one.ended) for one in changed.ended] == [("august", NOW)]


def test_a_shadow_that_is_promoted_is_no_shadow_any_more():
    changed = Deployment("a", shadows=("b", "c")).promoted("b", NOW)
    assert (changed.champion, changed.shadows) == ("b", ("c",))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Experiment("x", "a", (Challenger("a", 0.1),), NOW), "is the champion"),
        (lambda: Experiment("x", "a", (), NOW), "one bundle or several"),
        (lambda: Experiment("x", "a", (Challenger("b", 1.0),), NOW), "above 0"),
        (lambda: Experiment("x", "a", (Challenger("b", float("nan")),), NOW), "above 0"),
        (lambda: Experiment("x", "a", (Challenger("b", 0.6), Challenger("c", 0.4)), NOW), "below"),
        (lambda: Deployment("../a"), "no name of a folder"),
        (lambda: Deployment("a", shadows=("",)), "no name of a folder"),
        (lambda: Deployment("a", shadows=tuple("bcdefghi")), "at most 8"),
        (lambda: RUNNING.started(EXPERIMENT), "runs already"),
        (lambda: RUNNING.stopped(NOW).started(EXPERIMENT), "name of another"),
        (lambda: Deployment("b").started(EXPERIMENT), "another champion"),
        (lambda: Deployment("a").promoted("a", NOW), "champion already"),
        (lambda: Deployment("a").shadowing(("a",)), "its own shadow"),
    ],
)
def test_what_makes_no_sense_is_refused(make, why):
    with pytest.raises(ConfigError, match=why):
        make()


@given(
    champion=names.filter(lambda one: one not in (".", "..")),
    conversation=st.text(min_size=1, max_size=20),
)
def test_a_file_says_what_was_written(tmp_path_factory, champion, conversation):
    file = tmp_path_factory.mktemp("deployed") / "deployment.json"
    other = f"{champion}-2"
    running = Experiment(conversation, champion, (Challenger(other, 0.25),), NOW, 40)
    written = Deployment(champion, ("z",), running, ("y",), (EXPERIMENT,))
    write_deployment(file, written)
    assert read_deployment(file) == written


def test_the_champion_is_no_shadow_of_its_own_after_rolling_back():
    assert Deployment("a").promoted("b", NOW).shadowing(("a",)).rolled_back(NOW).shadows == ()


@pytest.mark.parametrize("more", [{"canary": "b"}, {"before": "xyz"}])
def test_what_is_not_understood_is_refused_rather_than_lost(tmp_path, more):
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps({"champion": "a", **more}), "utf-8")
    with pytest.raises(ConfigError, match=r"deployment\.json is faulty"):
        read_deployment(file)


def test_without_a_file_nothing_is_deployed(tmp_path):
    assert read_deployment(tmp_path / "deployment.json") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        "{}",
        json.dumps({"champion": 3}),
        json.dumps({"champion": "a", "before": 3}),
        json.dumps({"champion": "a", "experiment": {"name": "x"}}),
        json.dumps({"champion": "a", "shadows": [None]}),
        json.dumps({"champion": "../a"}),
        "\ufeff{}",
        "[" * 100_000,
    ],
)
def test_a_faulty_file_says_what_to_do(tmp_path, text):
    file = tmp_path / "deployment.json"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"deployment\.json is faulty"):
        read_deployment(file)
