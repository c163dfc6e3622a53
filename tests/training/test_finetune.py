"""An encoder trained with its heads, exported and packed: what it learns, and that it holds."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_encoders import FAMILIES, make_encoder
from training_samples import every, gold
from tuning_samples import GOLD, SHORT, WORDS, conversations, taxonomy, tune, tuned

from turnwise.bundle import Bundle
from turnwise.conversations import ContextWindow, Conversation, Turn
from turnwise.encoders import OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.errors import BundleError, ConfigError, TrainingError
from turnwise.training import TrainingConfig, finetune, pack

TESTED = conversations(30, "t")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    return str(make_encoder(tmp_path_factory.mktemp("source") / "bert", "bert", WORDS))


def accuracy(found, dimension, labels=None) -> float:
    names = (labels or taxonomy())[dimension].names
    wanted = [one.gold[dimension][0] for one in every(TESTED)]
    return np.mean([names[at] == one for at, one in zip(found.argmax(1), wanted, strict=True)])


def packed(found, folder) -> Bundle:
    """The bundle, after a look at whether it says what the classifier says."""
    bundle = pack(found.classifier, found.encoder, folder, redacted=False)
    running = found.encoder
    if bundle.manifest.precision == "fp32" and "int8" in found.classifier.encoder_id:
        source = json.loads((found.encoder / "encoder.json").read_text())["source"]
        running = prepare_encoder(source, found.encoder.parent, precision="fp32")
    said = found.classifier.probabilities(every(TESTED), OnnxEncoder(running))
    for name, rows in bundle.probabilities(every(TESTED)).items():
        np.testing.assert_allclose(rows, said[name], atol=1e-4)
    for row, talk in enumerate(TESTED):
        predicted = bundle.predict(talk)
        for dimension in bundle.taxonomy.dimensions:
            best, sure = predicted.scores[dimension.name][0]
            assert best in dimension.index
            last = 2 * row + 1  # of two turns each
            assert sure == pytest.approx(float(said[dimension.name][last].max()), abs=1e-4)
    return bundle


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_trains_and_packs(family, tmp_path):
    source = make_encoder(tmp_path / family, family, WORDS)
    found = tune(str(source), tmp_path / "run", tuned(tuning=replace(SHORT, learning_rate=3e-3)))
    before, after = (
        load_file(folder / "model.safetensors")
        for folder in (source, tmp_path / "run" / f"{family}-tuned")
    )
    assert before.keys() == after.keys()
    assert sum(not torch.equal(before[name], after[name]) for name in before) > len(before) / 2
    bundle = packed(found, tmp_path / "bundles")
    assert bundle.manifest.encoder.id.startswith(f"{family}-tuned-")
    assert found.classifier.record.epochs == found.classifier.record.epoch == 1


@pytest.fixture(scope="module")
def learnt(encoder, tmp_path_factory):
    """A whole training, with the tree of labels on both its heads, and its bundle."""
    folder = tmp_path_factory.mktemp("learnt")
    tuning = replace(SHORT, epochs=14, learning_rate=2e-3, heads_rate=3e-3)
    config = tuned(tuning=tuning, label_attention=True, tree=True, epochs=10)
    found = tune(encoder, folder / "run", config, talks=150)
    return found, packed(found, folder / "bundles")


def test_an_encoder_that_knows_nothing_is_taught(learnt):
    found, bundle = learnt
    said = bundle.probabilities(every(TESTED))
    assert accuracy(said["wish"], "wish") > 0.95
    assert accuracy(said["product"], "product") > 0.9  # half of the turns tell it by history alone
    assert set(found.classifier.record.scores) == {"stopping", "calibration"}


def test_a_dimension_of_two_levels_has_two_temperatures_in_the_manifest(learnt):
    _, bundle = learnt
    said = json.loads((bundle.folder / "manifest.json").read_text("utf-8"))["temperatures"]
    assert {name: len(each) for name, each in said.items()} == {"product": 2, "wish": 1}
    assert all(0.05 <= one <= 20 for each in said.values() for one in each)


def test_a_tree_only_ever_predicts_labels_of_the_taxonomy(learnt):
    _, bundle = learnt
    odd = (Turn("customer", ""), Turn("agent", "?"), Turn("customer", "mast axle " * 50))
    for turns in (odd, odd[:1]):
        predicted = bundle.predict(Conversation("odd", turns), top=9)
        for dimension in taxonomy().dimensions:
            scores = predicted.scores[dimension.name]
            assert {label for label, _ in scores} == set(dimension.names)
            assert sum(chance for _, chance in scores) == pytest.approx(1, abs=1e-4)


def test_what_is_plausible_begins_with_the_prediction(learnt):
    _, bundle = learnt
    assert bundle.manifest.refusal.conformal.keys() == {"product", "wish"}
    for talk in TESTED:
        predicted = bundle.predict(talk)
        for name, labels in predicted.plausible.items():
            assert labels[0] == predicted.scores[name][0][0]
    strange = bundle.predict(Conversation("x", (Turn("customer", "agent coins monday to us"),)))
    assert isinstance(strange.out_of_domain, bool)


def test_a_bundle_whose_refusal_was_changed_is_not_opened(learnt, tmp_path):
    _, bundle = learnt
    for place, damage in enumerate((b"same size", None)):
        folder = tmp_path / str(place)
        folder.mkdir()
        for file in bundle.folder.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        path = folder / "refusal.npz"
        if damage:
            whole = bytearray(path.read_bytes())
            whole[len(whole) // 2] ^= 1
            path.write_bytes(bytes(whole))
        else:
            path.unlink()
        with pytest.raises(BundleError, match=r"refusal\.npz: (was changed|missing)"):
            Bundle.load(folder)


@pytest.mark.parametrize("join", ["apart", "text", "select"])
@pytest.mark.parametrize("kind", ["single", "customer", "both"])
def test_every_context_trains_and_its_bundle_says_the_same(encoder, tmp_path, kind, join):
    window = ContextWindow(kind, max_turns=2, max_tokens=256, join=join)
    found = tune(encoder, tmp_path / "run", tuned(window, SHORT), talks=70)
    bundle = packed(found, tmp_path / "bundles")
    assert (bundle.manifest.selector is None) == (join != "select")
    # Joined texts keep within the 64 tokens of this encoder, two of them special.
    assert bundle.manifest.context.max_tokens == (256 if join == "apart" else 62)


def test_the_random_numbers_of_the_caller_stay_untouched(encoder, tmp_path):
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(3), np.random.rand(3)
    torch.manual_seed(5)
    np.random.seed(5)
    tune(encoder, tmp_path, tuned(tuning=SHORT))
    assert torch.equal(torch.rand(3), expected[0])
    assert np.array_equal(np.random.rand(3), expected[1])


def test_settings_without_tuning_are_refused(encoder, tmp_path):
    with pytest.raises(ConfigError, match=r"training\.tune"):
        tune(encoder, tmp_path, TrainingConfig())


def test_several_labels_of_a_turn_are_learnt_each_for_itself(encoder, tmp_path):
    """Turns of two wishes at once carry both."""
    talks = [_two_wishes(talk) for talk in conversations(120)]
    labelled = [replace(one, also={"wish": one.example.gold["wish"][1:]}) for one in gold(talks)]
    held = [_two_wishes(talk) for talk in GOLD]
    tuning = replace(SHORT, epochs=8, learning_rate=2e-3, heads_rate=3e-3)
    config = tuned(tuning=tuning, several=("wish",), tree=True, epochs=10)
    found = finetune(labelled, every(held), taxonomy(), encoder, config, folder=tmp_path / "run")
    bundle = packed(found, tmp_path / "bundles")
    assert bundle.manifest.several == ("wish",)
    assert bundle.manifest.refusal.conformal.keys() == {"product"}
    tested = every([_two_wishes(talk) for talk in TESTED])
    chances = bundle.probabilities(tested)["wish"]
    assert ((chances >= 0) & (chances <= 1)).all()
    names = taxonomy()["wish"].names
    wanted = np.array([[name in one.gold["wish"] for name in names] for one in tested])
    assert ((chances > 0.5) == wanted).mean() > 0.9
    assert (chances.sum(1)[wanted.sum(1) == 2] > 1.3).mean() > 0.9
    np.testing.assert_allclose(bundle.probabilities(tested)["product"].sum(1), 1, atol=1e-5)


def _two_wishes(talk: Conversation) -> Conversation:
    """The first turn asks for the wish of the second, too."""
    first, answer, second, *rest = talk.turns
    wishes = dict.fromkeys((*first.gold["wish"], *second.gold["wish"]))
    text = f"{first.text} {second.text}"
    gold_of_both = {**first.gold, "wish": tuple(wishes)}
    return replace(
        talk, turns=(replace(first, text=text, gold=gold_of_both), answer, second, *rest)
    )


@pytest.mark.parametrize("ranking", ["binary", "contrastive"])
def test_ranking_teaches_the_encoder_and_leaves_nothing_in_the_graph(encoder, tmp_path, ranking):
    import onnx

    def heads(folder: Path, **settings: object) -> list[list[tuple[str, tuple[int, ...]]]]:
        """Weights and layers of the graph that don't belong to the encoder."""
        found = tune(encoder, folder, tuned(tuning=SHORT, **settings))
        graph = onnx.load(packed(found, tmp_path / "bundles").folder / "model.onnx").graph
        assert {one.name for one in graph.output} == {"embedding", "logits_0", "logits_1"}
        weights = [(one.name, tuple(one.dims)) for one in graph.initializer]
        layers = [(one.name, (len(one.input),)) for one in graph.node]
        return [[one for one in some if "classifier/" in one[0]] for some in (weights, layers)]

    plain = heads(tmp_path / "plain")
    ranked = heads(tmp_path / "ranked", ranking=ranking, ranking_weight=2.0)
    assert all(plain)
    assert plain == ranked
    weights = [
        load_file(tmp_path / run / "bert-tuned" / "model.safetensors")
        for run in ("plain", "ranked")
    ]
    assert any(not torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_label_with_one_example_and_a_dimension_labelled_in_part_are_no_obstacle(
    encoder, tmp_path
):
    labelled = [one for one in gold(conversations(50)) if one.labels["wish"] != "WAIT"]
    labelled[0] = replace(labelled[0], labels=labelled[0].labels | {"wish": "WAIT"})
    labelled[1::2] = [
        replace(one, labels={"wish": one.labels["wish"]}, weights={"wish": 1.0})
        for one in labelled[1::2]
    ]
    config = tuned(tuning=SHORT, balanced=True, tree=True)
    found = finetune(labelled, every(GOLD), taxonomy(), encoder, config, folder=tmp_path / "run")
    packed(found, tmp_path / "bundles")


@pytest.mark.parametrize("join", ["apart", "text", "select"])
def test_turns_that_are_all_longer_than_the_window_still_train(encoder, tmp_path, join):
    window = ContextWindow("both", max_turns=2, max_tokens=1, join=join)
    found = tune(encoder, tmp_path / "run", tuned(window, SHORT), talks=70)
    packed(found, tmp_path / "bundles")


def test_without_gold_to_calibrate_on_the_bundle_serves_and_says_what_is_missing(encoder, tmp_path):
    found = tune(encoder, tmp_path / "run", tuned(tuning=SHORT, tree=True), calibration=[])
    assert [note.split(":")[0] for note in found.classifier.record.notes] == ["product", "wish"]
    bundle = packed(found, tmp_path / "bundles")
    refusal = bundle.manifest.refusal
    assert (refusal.conformal, refusal.operating, refusal.out_of_domain) == ({}, {}, None)
    assert any("no prediction sets" in note for note in refusal.notes)
    assert any("no out-of-domain score" in note for note in refusal.notes)
    assert not (bundle.folder / "refusal.npz").exists()
    predicted = bundle.predict(TESTED[0])
    assert (predicted.plausible, predicted.out_of_domain) == ({}, None)
    assert bundle.manifest.temperatures == {"product": (1.0, 1.0), "wish": (1.0,)}


def test_the_logs_are_read_first_where_that_is_asked_for(encoder, tmp_path):
    logs = [turn.text for talk in conversations(30, "l") for turn in talk.turns]
    said: list[str] = []

    def watch(what: str, done: int, total: int, note: str = "", /) -> None:
        said.append(what)

    config = tuned(tuning=replace(SHORT, masked_epochs=1))
    found = tune(encoder, tmp_path, config, logs=logs, progress=watch)
    assert "reading logs" in said
    assert said.index("reading logs") < said.index("training")
    assert (tmp_path / "bert-read" / "model.safetensors").is_file()
    assert found.encoder.name.startswith("bert-tuned-")
    said.clear()
    tune(encoder, tmp_path, config, logs=logs, progress=watch)
    assert "reading logs" not in said  # it is there already


def test_heads_whose_loss_is_no_number_say_which_rate_to_lower(encoder, tmp_path):
    with pytest.raises(TrainingError, match=r"Lower training\.learning_rate"):
        tune(encoder, tmp_path, tuned(tuning=SHORT, learning_rate=1e30))
    assert not list(tmp_path.glob("*tuned*"))


def test_what_was_asked_for_and_could_not_be_done_is_told(encoder, tmp_path):
    """Conversations of one turn have no answers to rank, and there are no logs to read."""
    labelled = gold([replace(talk, turns=talk.turns[:1]) for talk in conversations(40)])
    config = tuned(tuning=replace(SHORT, masked_epochs=1), ranking="binary")
    found = finetune(labelled, every(GOLD), taxonomy(), encoder, config, folder=tmp_path)
    ranking, logs = sorted(found.classifier.record.notes)
    assert ranking.startswith("training.ranking: no turn has an answer")
    assert logs.startswith("training.tune.masked_epochs: no logs were given")


@pytest.mark.parametrize("wrong", [[], [0.0], [-1.0], [1.0, 1.0, 1.0]])
def test_a_bundle_of_impossible_temperatures_is_not_opened(learnt, tmp_path, wrong):
    _, bundle = learnt
    for file in bundle.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    said = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    said["temperatures"]["product"] = wrong
    (tmp_path / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(BundleError, match=r"temperatures\.product must hold one number above 0"):
        Bundle.load(tmp_path)


def test_numbers_of_half_the_size_train_and_the_weights_stay_whole(encoder, tmp_path):
    found = tune(encoder, tmp_path / "run", tuned(tuning=replace(SHORT, precision="bf16")))
    kept = load_file(tmp_path / "run" / "bert-tuned" / "model.safetensors")
    assert {value.dtype for value in kept.values()} == {torch.float32}
    packed(found, tmp_path / "bundles")


def test_shares_of_the_mix_train(encoder, tmp_path):
    shares = {"single": 0.3, "multi": 0.4, "pseudo": 0.2, "generated": 0.1}
    found = tune(encoder, tmp_path / "run", tuned(tuning=SHORT, shares=shares, balanced=True))
    packed(found, tmp_path / "bundles")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda said: said["conformal"].update(mood=said["conformal"]["product"]), "names mood"),
        (lambda said: said["operating"].update(mood=said["operating"]["product"]), "names mood"),
        (
            lambda said: said["conformal"]["product"]["least_by_label"].pop(),
            r"conformal\.product\.least_by_label must hold",
        ),
        (lambda said: said["out_of_domain"].update(dimension="mood"), "dimension must be one of"),
        (lambda said: said["out_of_domain"]["scales"].popitem(), "must name every score"),
        (
            lambda said: said["out_of_domain"]["scales"]["neighbours"].update(deviation=0.0),
            "deviations above 0",
        ),
        (lambda said: said["out_of_domain"]["thresholds"].pop("combined"), "must name combined"),
    ],
)
def test_refusal_that_does_not_fit_the_labels_is_named_at_once(learnt, tmp_path, change, message):
    path = shutil.copytree(learnt[1].folder, tmp_path / "copy") / "manifest.json"
    values = json.loads(path.read_text("utf-8"))
    change(values["refusal"])
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(BundleError, match=message):
        Bundle.load(path.parent)
