from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from training_samples import every, gold, pseudo

from turnwise.bundle import conversation_hash
from turnwise.conversations import ContextWindow, Conversation, Example, Turn
from turnwise.errors import ConfigError, TrainingError
from turnwise.taxonomy import Label
from turnwise.training import LabelledExample, TrainingConfig, train


def weights(classifier):
    return {name: value.numpy() for name, value in classifier.model.state_dict().items()}


def accuracy(classifier, conversations, encoder, dimension):
    tested = every(conversations)
    found = classifier.probabilities(tested, encoder)[dimension].argmax(1)
    names = classifier.taxonomy[dimension].names
    return np.mean(
        [names[at] == one.gold[dimension][0] for at, one in zip(found, tested, strict=True)]
    )


def test_history_tells_what_the_turn_alone_does_not(shop, taxonomy, encoder, config):
    seed, test = gold(shop(60)), shop(100, "t")[60:]
    reached = {}
    for kind in ("single", "customer", "both"):
        context = ContextWindow(kind)
        classifier = train(seed, [], taxonomy, encoder, replace(config, context=context))
        reached[kind] = accuracy(classifier, test, encoder, "product")
        assert accuracy(classifier, test, encoder, "wish") > 0.95
    assert reached["single"] < 0.75
    assert min(reached["customer"], reached["both"]) > 0.95


def test_the_same_seed_gives_the_same_weights(shop, taxonomy, encoder, config):
    def trained(seed):
        return weights(train(gold(shop(12)), [], taxonomy, encoder, replace(config, seed=seed)))

    first, again, other = trained(1), trained(1), trained(2)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_training_leaves_the_random_numbers_of_its_caller_alone(shop, taxonomy, encoder, config):
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(gold(shop(12)), [], taxonomy, encoder, replace(config, epochs=1))
    assert torch.equal(torch.rand(3), expected)


def test_a_label_is_learnt_from_the_taxonomys_utterances_alone(shop, taxonomy, encoder, config):
    wish = taxonomy["wish"]
    thanks = Label("THANKS", ("THANKS",), examples=("thanks a lot", "many thanks", "thanks then"))
    wider = replace(wish, labels=(*wish.labels, thanks))
    taxonomy = replace(taxonomy, dimensions=(taxonomy["product"], wider))
    classifier = train(gold(shop(20)), [], taxonomy, encoder, config)
    example = Example(Conversation("x", (Turn("customer", "thanks"),)), 0)
    found = classifier.probabilities([example], encoder)["wish"][0]
    assert wider.names[found.argmax()] == "THANKS"
    assert classifier.record.data.utterances == 3


def test_a_dimension_is_learnt_from_the_turns_that_have_it(shop, taxonomy, encoder, config):
    seed = [
        replace(one, labels={"wish": one.labels["wish"]}) if number % 4 else one
        for number, one in enumerate(gold(shop(60)))
    ]
    classifier = train(seed, [], taxonomy, encoder, config)
    counts = classifier.record.data.gold
    assert counts["product"] < counts["wish"] / 3
    assert accuracy(classifier, shop(80)[60:], encoder, "wish") > 0.95
    assert accuracy(classifier, shop(80)[60:], encoder, "product") > 0.7


def test_gold_outweighs_pseudo_labels_of_low_confidence(shop, taxonomy, encoder, config):
    wrong = [
        replace(one, labels=one.labels | {"wish": "WAIT"}) for one in pseudo(shop(40, "p"), 0.1)
    ]
    classifier = train([*gold(shop(40)), *wrong], [], taxonomy, encoder, config)
    assert accuracy(classifier, shop(50)[40:], encoder, "wish") > 0.95


def test_temperature_makes_the_likelihood_of_gold_no_worse(shop, taxonomy, encoder, config):
    classifier = train(gold(shop(20)), every(shop(40)[20:]), taxonomy, encoder, config)
    scores = classifier.record.scores["calibration"]
    assert all(score.loss <= score.loss_uncalibrated + 1e-9 for score in scores.values())
    assert all(score.turns == 60 for score in scores.values())
    assert classifier.record.notes == ()


def test_without_gold_to_calibrate_on_the_record_says_so(shop, taxonomy, encoder, config):
    classifier = train(gold(shop(20)), [], taxonomy, encoder, config)
    assert classifier.temperatures == {"product": (1.0,), "wish": (1.0,)}
    assert [note.split(":")[0] for note in classifier.record.notes] == ["product", "wish"]
    assert "not calibrated" in classifier.record.notes[0]


def test_each_distinct_text_is_encoded_once(shop, taxonomy, encoder, config):
    train(gold(shop(20)), every(shop(25)[20:]), taxonomy, encoder, replace(config, epochs=1))
    assert len(encoder.encoded) == len(set(encoder.encoded))


def test_the_record_says_what_was_seen(shop, taxonomy, encoder, config):
    seed, logs, held = shop(10), shop(30, "p"), shop(15)[10:]
    labelled = [*gold(seed), *pseudo(logs)]
    record = train(labelled, every(held), taxonomy, encoder, config).record
    seen = {conversation_hash(one.id) for one in (*seed, *logs, *held)}
    assert set(record.conversations) == seen
    assert record.data.conversations == len(seen) == 45
    assert record.data.gold == {"product": 30, "wish": 30}
    assert record.data.pseudo["wish"] + record.data.stopping == 90
    assert record.data.calibration == 15
    assert record.epoch <= record.epochs <= config.epochs


@pytest.mark.parametrize(
    ("labels", "said"),
    [({"wish": "SING"}, "'SING' is not in the taxonomy shop"), ({"mood": "GOOD"}, "mood 'GOOD'")],
)
def test_labels_outside_the_taxonomy_are_named(shop, taxonomy, encoder, labels, said):
    labelled = gold(shop(12))
    labelled[4] = LabelledExample(labelled[4].example, labels, dict.fromkeys(labels, 1.0))
    with pytest.raises(TrainingError, match=said) as raised:
        train(labelled, [], taxonomy, encoder)
    conversation, turn = labelled[4].example.key
    assert f"conversation {conversation}, turn {turn}" in str(raised.value)


def test_too_little_to_learn_from_is_refused(shop, taxonomy, encoder):
    labelled = gold(shop(12))
    with pytest.raises(TrainingError, match="6 labelled turns are too few"):
        train(labelled[:6], [], taxonomy, encoder)
    alike = [replace(one, labels=one.labels | {"wish": "WAIT"}) for one in labelled]
    with pytest.raises(TrainingError, match="dimension wish: only 'WAIT'"):
        train(alike, [], taxonomy, encoder)
    without = [replace(one, labels={"wish": one.labels["wish"]}) for one in labelled]
    with pytest.raises(TrainingError, match="dimension product: no label"):
        train(without, [], taxonomy, encoder)


def test_one_conversation_alone_is_refused(taxonomy, encoder, shop):
    turns = tuple(turn for one in shop(12) for turn in one.turns)
    with pytest.raises(TrainingError, match="only one conversation"):
        train(gold([Conversation("all", turns)]), [], taxonomy, encoder)


def test_a_conversation_can_not_train_and_calibrate(shop, taxonomy, encoder):
    with pytest.raises(TrainingError, match="c11 among them"):
        train(gold(shop(12)), every(shop(13)[11:]), taxonomy, encoder)


@pytest.mark.parametrize(
    "wrong", [{"hidden": 0}, {"dropout": 1.0}, {"learning_rate": 0.0}, {"patience": 0}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        TrainingConfig(**wrong)


def test_too_little_memory_says_which_setting_to_lower(
    shop, taxonomy, encoder, config, monkeypatch
):
    def full(texts, progress):
        raise MemoryError

    monkeypatch.setattr(encoder, "encode", full)
    with pytest.raises(TrainingError, match=r"Lower caps\.training"):
        train(gold(shop(16)), [], taxonomy, encoder, config)
