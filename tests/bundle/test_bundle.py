"""A bundle of the real encoder and a barely trained classifier: what it takes, what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from turnwise.bundle import Bundle
from turnwise.conversations import Conversation, Example, Turn, examples
from turnwise.encoders import OnnxEncoder
from turnwise.encoders.export import prepare_encoder
from turnwise.errors import BundleError
from turnwise.formats import read
from turnwise.taxonomy import load_taxonomy
from turnwise.training import TrainingConfig, pack, train
from turnwise.training.data import gold_labels

SAMPLE = Path(__file__).parents[2] / "examples/larkspur"
CACHE = Path(os.environ["TURNWISE_CACHE"])

FORBIDDEN = [
    "torch",
    "transformers",
    "onnx",
    "yaml",
    "pydantic",
    "sqlalchemy",
    "sklearn",
    "pandas",
    "typer",
    "rich",
]


@pytest.fixture(scope="module")
def conversations() -> list[Conversation]:
    return [one.conversation for one in islice(read(SAMPLE / "conversations.jsonl"), 10)]


@pytest.fixture(scope="module")
def folder(conversations, tmp_path_factory) -> Path:
    taxonomy = load_taxonomy(SAMPLE / "taxonomy.yaml")
    encoder = prepare_encoder("all-MiniLM-L6-v2", CACHE, precision="fp32")
    seed = [gold_labels(one, taxonomy) for each in conversations for one in examples(each)]
    config = TrainingConfig(hidden=16, epochs=2)
    classifier = train(seed, [], taxonomy, OnnxEncoder(encoder), config)
    return pack(classifier, encoder, tmp_path_factory.mktemp("bundles"), redacted=False).folder


@pytest.fixture(scope="module")
def bundle(folder) -> Bundle:
    return Bundle.load(folder)


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    return shutil.copytree(folder, tmp_path / "copy")


def said(*texts: str) -> Conversation:
    """Agent and customer in turn, the last word the customer's."""
    roles = ("customer", "agent")
    turns = [Turn(roles[place % 2], text) for place, text in enumerate(reversed(texts))]
    return Conversation("c", tuple(reversed(turns)))


def test_a_bundle_predicts_where_nothing_else_is_installed(folder):
    program = f"""
import json, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {FORBIDDEN!r}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocker())
from turnwise.bundle import Bundle
from turnwise.conversations import Conversation, Turn
found = Bundle.load({str(folder)!r}).predict(Conversation("a", (Turn("customer", "cancel it"),)))
print(json.dumps({{name: best[0][0] for name, best in found.scores.items()}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"domain", "intent", "issue"}


def test_a_prediction_names_labels_confidence_and_action(bundle, conversations):
    found = bundle.predict(conversations[0], top=4)
    last = max(at for at, turn in enumerate(conversations[0].turns) if turn.role == "customer")
    assert (found.conversation_id, found.turn) == (conversations[0].id, last)
    for name, best in found.scores.items():
        assert len(best) == 4
        assert all(label in bundle.taxonomy[name].index for label, _ in best)
        assert [one for _, one in best] == sorted((one for _, one in best), reverse=True)
    labels = {name: best[0][0] for name, best in found.scores.items()}
    assert found.action == bundle.taxonomy.action_for(labels)


def test_probabilities_sum_to_one_in_the_order_of_the_taxonomy(bundle, conversations):
    tested = [one for each in conversations for one in examples(each)]
    for name, found in bundle.probabilities(tested).items():
        assert found.shape == (len(tested), len(bundle.taxonomy[name].labels))
        assert np.allclose(found.sum(1), 1, atol=1e-5)
    assert [one.shape[0] for one in bundle.probabilities([]).values()] == [0, 0, 0]


def test_an_example_is_answered_alike_alone_and_among_others(bundle, conversations):
    tested = [one for each in conversations for one in examples(each)]
    together = bundle.probabilities(tested)
    for row, example in enumerate(tested):
        for name, alone in bundle.probabilities([example]).items():
            assert np.allclose(alone[0], together[name][row], atol=1e-5)


def test_many_examples_are_answered_piece_by_piece(bundle, conversations, monkeypatch):
    tested = [one for each in conversations for one in examples(each)]
    whole = bundle.probabilities(tested)
    monkeypatch.setattr("turnwise.bundle.model.EXAMPLES_AT_ONCE", 7)
    calls = []
    pieces = bundle.probabilities(tested, lambda what, done, total: calls.append((done, total)))
    assert all(np.allclose(pieces[name], whole[name], atol=1e-5) for name in whole)
    assert calls[0] == (7, len(tested))
    assert calls[-1] == (len(tested), len(tested))


def test_what_comes_after_a_turn_does_not_change_its_labels(bundle, conversations):
    whole = conversations[1]
    first = next(examples(whole))
    cut = Conversation(whole.id, whole.turns[: first.index + 1])
    before, after = bundle.probabilities([Example(cut, first.index)]), bundle.probabilities([first])
    assert all(np.allclose(before[name], after[name], atol=1e-6) for name in before)


@pytest.mark.parametrize(
    "conversation",
    [
        said("where is my order"),
        said(""),
        said("\ud83d broken surrogate, \x00 and a null"),
        said("我的包裹在哪里", "ok"),
        said(*(f"turn {number}" for number in range(2001))),
        said("my order is lost " * 20_000, "where is it"),
        said("hello", "my order is lost " * 20_000),
        Conversation("c", (Turn("customer", "hi"), Turn("agent", "hello"))),
        Conversation("c", (Turn("customer", "hi"), Turn("customer", "are you there"))),
    ],
    ids=[
        "one-turn",
        "empty",
        "surrogate",
        "chinese",
        "2000-turns",
        "long-history",
        "long-turn",
        "agent-last",
        "same",
    ],
)
def test_any_conversation_with_a_customer_gets_an_answer(bundle, conversation):
    scores = bundle.predict(conversation).scores
    assert all(0 < best[0][1] <= 1 for best in scores.values())


def test_without_a_customer_turn_there_is_nothing_to_label(bundle):
    with pytest.raises(BundleError, match="conversation c: no turn is the customer's"):
        bundle.predict(Conversation("c", (Turn("agent", "hello"),)))
    with pytest.raises(BundleError, match="no turn is the customer's"):
        bundle.predict(Conversation("c", ()))


def test_a_changed_file_is_named(copy):
    for name in ("model.onnx", "tokenizer.json", "taxonomy.json"):
        path = copy / name
        kept = path.read_bytes()
        path.write_bytes(kept[:-9] + b"x" + kept[-8:])
        with pytest.raises(BundleError, match=rf"{name}: was changed since it was packed"):
            Bundle.load(copy)
        path.write_bytes(kept[:-5])
        with pytest.raises(BundleError, match=rf"{name}: has .* bytes where"):
            Bundle.load(copy)
        path.unlink()
        with pytest.raises(BundleError, match=rf"{name}: missing from the bundle"):
            Bundle.load(copy)
        path.write_bytes(kept)
    Bundle.load(copy)


def test_what_can_not_be_loaded_is_a_bundle_error_even_unverified(copy):
    size = (copy / "model.onnx").stat().st_size
    (copy / "model.onnx").write_bytes(b"\0" * size)
    with pytest.raises(BundleError, match=r"can't be loaded.*Copy the whole bundle again"):
        Bundle.load(copy, verify=False)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="no bundle is here"):
        Bundle.load(tmp_path)
    with pytest.raises(BundleError, match="no bundle is here"):
        Bundle.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values.pop("temperatures"), "field temperatures is missing"),
        (lambda values: values["encoder"].pop("size"), r"field encoder\.size is missing"),
        (lambda values: values.update(extra=1), "field extra is unknown"),
        (lambda values: values.update(id=7), "field id can't be 7"),
        (lambda values: values.update(precision="int3"), "field precision can't be 'int3'"),
        (lambda values: values["files"].pop("model.onnx"), "field files must name model.onnx"),
        (lambda values: values.update(format=3), "format 3 is newer than this program"),
        (lambda values: values.update(format=1), "format 1 is older than this program"),
        (lambda values: values["temperatures"].pop("intent"), "field temperatures must name"),
    ],
)
def test_a_manifest_that_does_not_fit_says_where(copy, change, message):
    path = copy / "manifest.json"
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(BundleError, match=message) as raised:
        Bundle.load(copy)
    assert "manifest.json" in str(raised.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1'])
def test_a_cut_off_manifest_is_refused(copy, text):
    (copy / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=r"manifest\.json"):
        Bundle.load(copy)


def test_a_selector_of_other_features_is_named_at_once(copy):
    path = copy / "manifest.json"
    values = json.loads(path.read_text("utf-8")) | {"selector": {"mood": 1.0}}
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(BundleError, match="other features than this program"):
        Bundle.load(copy)


def test_a_turn_that_was_read_before_is_not_encoded_again_and_says_the_same(folder, monkeypatch):
    fresh, used = Bundle.load(folder), Bundle.load(folder)
    talk = said("where is my order", "which one?", "the blue lamp", "it left today", "and the rest")
    turns = [one for one in examples(talk) if one.turn.role == "customer"]
    fed = []
    session = used._model._session

    class Watched:
        def run(self, names, arrays):
            fed.append(len(arrays["input_ids"]))
            return session.run(names, arrays)

    monkeypatch.setattr(used._model, "_session", Watched())
    for example in turns:
        one, other = used.outputs([example]), Bundle.load(folder).outputs([example])
        np.testing.assert_allclose(one.vectors, other.vectors, atol=1e-5)
        for name, rows in other.probabilities.items():
            np.testing.assert_allclose(one.probabilities[name], rows, atol=1e-5)
    assert fed == [1, 2, 2], "the first turn alone, then each with the reply before it"
    again = used.outputs(turns)  # nothing is left to encode
    assert fed[-1] == 1
    np.testing.assert_allclose(again.vectors, fresh.outputs(turns).vectors, atol=1e-5)


def test_a_conversation_too_long_for_one_batch_is_read_as_a_short_one_is(folder):
    long = said(*(f"{place} " + "please tell me more " * 30 for place in range(7)))
    together = Bundle.load(folder)
    one_by_one = Bundle.load(folder)
    for example in examples(long):
        one_by_one.outputs([example])
    last = [Example(long, 6)]
    found, other = together.outputs(last), one_by_one.outputs(last)
    np.testing.assert_allclose(found.vectors, other.vectors, atol=1e-5)
    for name, rows in other.probabilities.items():
        np.testing.assert_allclose(found.probabilities[name], rows, atol=1e-5)
