"""What a training is given, checked and divided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from training_samples import every, gold, pseudo
from tuning_samples import conversations, taxonomy, tuned

from turnwise.bundle import leaves_only, levels_of
from turnwise.conversations import ContextWindow, Conversation, Example, Turn
from turnwise.errors import ConfigError, TrainingError
from turnwise.taxonomy import Dimension, Label, Taxonomy
from turnwise.training import EncoderTuning, LabelledExample, TrainingConfig
from turnwise.training.preparing import lay_out, levels_for, prepare, window_for


def other_wish(one):
    """The same example with another wish."""
    wish = next(name for name in ("REPAIR", "PRICE") if name != one.labels["wish"])
    return replace(one, labels=one.labels | {"wish": wish})


@pytest.mark.parametrize("gold_first", [True, False])
def test_where_gold_and_pseudo_labels_disagree_gold_wins_and_a_note_says_so(gold_first):
    right = gold(conversations(12))
    wrong = [other_wish(one) for one in pseudo(conversations(12)[:2])]
    given = [*right, *wrong] if gold_first else [*wrong, *right]
    prepared = prepare(given, [], taxonomy(), TrainingConfig())
    found = {one.example.key: one for one in (*prepared.kept, *prepared.held)}
    assert len(found) == len(prepared.kept) + len(prepared.held) == len(right)
    for one in right:
        assert dict(found[one.example.key].labels) == one.labels
        assert found[one.example.key].is_gold
    assert prepared.notes == (
        "4 turns were labelled twice, not alike: a person's label holds, else the first given",
    )


def test_labels_that_agree_need_no_note():
    labelled = gold(conversations(12))
    prepared = prepare([*labelled, *labelled], [], taxonomy(), TrainingConfig())
    assert prepared.notes == ()
    assert len(prepared.kept) + len(prepared.held) == len(labelled)


def test_of_a_turn_that_is_gold_in_part_each_dimension_is_settled_on_its_own():
    first, *rest = gold(conversations(12))
    part = replace(
        first,
        labels={"wish": first.labels["wish"]},
        weights={"wish": 1.0},
        also={"wish": ("WAIT",)},
    )
    guess = replace(
        other_wish(first),
        labels=other_wish(first).labels | {"product": "Sail"},
        weights={"wish": 0.9, "product": 0.7},
        also={"product": ("Boat",)},
    )
    for given in ([part, guess, *rest], [guess, part, *rest]):
        prepared = prepare(given, [], taxonomy(), TrainingConfig())
        everyone = (*prepared.kept, *prepared.held)
        found = next(one for one in everyone if one.example.key == first.example.key)
        assert found.labels == {"wish": first.labels["wish"], "product": "Sail"}
        assert found.weights == {"wish": 1.0, "product": 0.7}
        assert found.also == {"wish": ("WAIT",), "product": ("Boat",)}


def test_a_dimension_of_several_labels_must_be_in_the_taxonomy():
    config = TrainingConfig(several=("mood",))
    with pytest.raises(ConfigError, match=r"training\.several.*'mood'.*product, wish"):
        prepare(gold(conversations(12)), [], taxonomy(), config)


def test_a_conversation_can_not_both_train_and_calibrate():
    some = conversations(12)
    with pytest.raises(TrainingError, match="c11 among them"):
        prepare(gold(some), every(some[11:]), taxonomy(), TrainingConfig())


def test_a_label_with_one_example_is_learnt_from_or_held_but_not_lost():
    rare = [one for one in gold(conversations(20)) if one.labels["wish"] != "WAIT"]
    rare[0] = replace(rare[0], labels=rare[0].labels | {"wish": "WAIT"})
    prepared = prepare(rare, [], taxonomy(), TrainingConfig())
    everyone = [*prepared.kept, *prepared.held]
    assert [one.labels["wish"] for one in everyone].count("WAIT") == 1


class Counting:
    """An encoder that reads so many tokens."""

    id, size, max_tokens = "counting", 4, 20

    def encode(self, texts, progress=None):
        return np.zeros((len(texts), 4), np.float32)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def test_a_joined_context_keeps_within_what_the_encoder_reads():
    for join in ("text", "select"):
        config = TrainingConfig(context=ContextWindow("both", max_tokens=99, join=join))
        assert window_for(config, Counting()).max_tokens == 18
        small = TrainingConfig(context=ContextWindow("both", max_tokens=7, join=join))
        assert window_for(small, Counting()).max_tokens == 7
    apart = TrainingConfig(context=ContextWindow("both", max_tokens=99))
    assert window_for(apart, Counting()).max_tokens == 99


def test_the_tree_is_scored_where_it_is_asked_for_and_one_label_a_turn_is_taken():
    product, wish = taxonomy().dimensions
    assert levels_for(taxonomy(), tuned()) == (leaves_only(product), leaves_only(wish))
    for settings in ({"tree": True}, {"label_attention": True}):
        assert levels_for(taxonomy(), tuned(**settings))[0] == levels_of(product)
        several = tuned(**settings, several=("product",))
        assert levels_for(taxonomy(), several)[0] == leaves_only(product)


def test_shares_and_balance_change_what_is_taught_alone():
    given = [*gold(conversations(12)), *pseudo(conversations(20, "p"))]
    calibration = every(conversations(5, "g"))
    plain = prepare(given, calibration, taxonomy(), TrainingConfig())
    config = TrainingConfig(shares={"pseudo": 0.2, "single": 0.5}, balanced=True)
    mixed = prepare(given, calibration, taxonomy(), config)
    (_, before), (_, after) = (lay_out(one, Counting()) for one in (plain, mixed))
    assert after[0].weights.sum() == pytest.approx(before[0].weights.sum(), rel=1e-4)
    assert not np.allclose(after[0].weights, before[0].weights)
    for place in (1, 2):
        assert np.array_equal(after[place].weights, before[place].weights)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"ranking": "binary"}, "training.ranking"),
        ({"ranking": "best", "tune": EncoderTuning()}, "training.ranking"),
        ({"ranking_weight": -1.0}, "training.ranking_weight"),
        ({"shares": {"pseudo": 0.0}}, "training.shares"),
        ({"shares": {"pseudo": 0.7, "single": 0.7}}, "training.shares"),
    ],
)
def test_settings_that_make_no_sense_name_their_field(settings, field):
    with pytest.raises(ConfigError) as raised:
        TrainingConfig(**settings)
    assert raised.value.field == field


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": -1},
        {"patience": 0},
        {"batch": 0},
        {"masked_epochs": -1},
        {"warmup": 1.0},
        {"learning_rate": float("nan")},
        {"heads_rate": 0.0},
        {"checkpoint_minutes": 0.0},
        {"weight_decay": -0.1},
        {"precision": "fp16"},
    ],
)
def test_settings_of_the_tuning_name_their_field(settings):
    with pytest.raises(ConfigError) as raised:
        EncoderTuning(**settings)
    assert raised.value.field == f"training.tune.{next(iter(settings))}"


def test_shares_may_sum_to_one_however_they_are_rounded():
    TrainingConfig(shares={"single": 0.33, "multi": 0.56, "pseudo": 0.11})


def test_where_each_label_stands_once_what_is_learnt_from_stops_the_training_and_a_note_says_so():
    names = [f"wish{at}" for at in range(24)]
    labels = tuple(Label(name, (name,)) for name in names)
    wishes = Taxonomy("wishes", (Dimension("wish", labels),))
    labelled = [
        LabelledExample(
            Example(Conversation(f"c{at}", (Turn("customer", name),)), 0),
            {"wish": name},
            {"wish": 1.0},
        )
        for at, name in enumerate(names)
    ]
    prepared = prepare(labelled, [], wishes, TrainingConfig())
    assert prepared.kept == prepared.held == labelled
    assert "give more turns of each label" in prepared.notes[0]


def test_generated_conversations_are_learnt_from_and_never_stop_a_training():
    made = [
        replace(one, meta={"generated": "hmm"}) for one in conversations(200, prefix="generated")
    ]
    prepared = prepare([*gold(conversations(20)), *gold(made)], [], taxonomy(), TrainingConfig())
    learnt = {one.example.key[0] for one in prepared.kept}
    assert {one.id for one in made} <= learnt
    assert prepared.held
    assert not [one for one in prepared.held if one.example.conversation.meta]
