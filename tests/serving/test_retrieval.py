"""Candidates are re-scored by what the taxonomy says of them, by the vectors of a real bundle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.bundle import Bundle
from turnwise.conversations import Conversation, Example, Turn
from turnwise.project import current_bundle
from turnwise.serving.escalation import Doubt, Settled
from turnwise.serving.retrieval import Retrieval
from turnwise.taxonomy import Dimension, Label

MUSIC_OR_VIDEO = {"domain": (("Music", 0.4), ("Video", 0.4))}


@pytest.fixture(scope="module")
def retrieval(bundle) -> Retrieval:
    return Retrieval(bundle)


def example(*texts: str, gold=None) -> Example:
    """Bot and customer in turn, the last word the customer's."""
    roles = ("customer", "bot")
    turns = [Turn(roles[place % 2], text) for place, text in enumerate(reversed(texts))]
    turns[0] = replace(turns[0], gold=gold or {})
    return Example(Conversation("c", tuple(reversed(turns))), len(turns) - 1)


def doubt(bundle, *texts: str, candidates=MUSIC_OR_VIDEO) -> Doubt:
    one = example(*texts)
    vector = bundle.outputs([one]).vectors[0]
    return Doubt(one, candidates, dict.fromkeys(candidates, 0.7), vector)


def bare(finished, keep: Sequence[str]) -> Bundle:
    """The same bundle with labels that say no more of themselves than some fields."""
    other = Bundle.load(current_bundle(finished), threads=1)

    def stripped(label: Label) -> Label:
        return Label(label.name, label.path, **{name: getattr(label, name) for name in keep})

    dimensions = tuple(
        Dimension(one.name, tuple(map(stripped, one.labels))) for one in other.taxonomy.dimensions
    )
    other.taxonomy = replace(other.taxonomy, dimensions=dimensions)
    return other


@pytest.mark.parametrize("label", ["Music", "Video"])
def test_a_turn_worded_like_an_example_gets_its_label(bundle, retrieval, label):
    for text in bundle.taxonomy["domain"].label(label).examples[:5]:
        found = retrieval.settle(doubt(bundle, text), 1.0)
        assert found.verdicts["domain"].label == label, text
        assert found.verdicts["domain"].confidence > 0.4
        assert (found.by, found.money) == ("retrieval", 0.0)


def test_evidence_that_favours_nobody_leaves_the_model_s_order(bundle, retrieval):
    one = doubt(bundle, "", candidates={"domain": (("Video", 0.5), ("Music", 0.1))})
    found = retrieval.settle(replace(one, vector=np.zeros_like(one.vector)), 1.0)
    assert found.verdicts["domain"].label == "Video"


def test_what_the_model_is_sure_of_is_not_overturned(bundle, retrieval):
    text = bundle.taxonomy["domain"].label("Music").examples[0]
    candidates = {"domain": (("Video", 0.98), ("Music", 0.01))}
    found = retrieval.settle(doubt(bundle, text, candidates=candidates), 1.0)
    assert found.verdicts["domain"].label == "Video"


def test_the_message_that_is_replied_to_counts(bundle, retrieval):
    replies = [
        retrieval.settle(doubt(bundle, asked, "yes please"), 1.0).verdicts["domain"].label
        for asked in (
            "Is it your music subscription, and the songs of your playlist?",
            "Is it the film that you rented, and your video subscription?",
        )
    ]
    assert replies == ["Music", "Video"]


def test_each_dimension_is_settled_by_itself(bundle, retrieval):
    both = {**MUSIC_OR_VIDEO, "intent": (("CANCEL", 0.3), ("REFUND", 0.3), ("INFORM", 0.1))}
    both = {
        name: tuple(one for one in some if one[0] in bundle.taxonomy[name].index)
        for name, some in both.items()
    }
    text = "cancel my music subscription"
    together = retrieval.settle(doubt(bundle, text, candidates=both), 1.0).verdicts
    for name, some in both.items():
        alone = retrieval.settle(doubt(bundle, text, candidates={name: some}), 1.0).verdicts
        assert alone == {name: together[name]}


@pytest.mark.parametrize("keep", [("description",), ("titles",), ()])
def test_labels_without_examples_are_known_by_what_else_they_say(finished, keep):
    other = bare(finished, keep)
    found = Retrieval(other).settle(doubt(other, "the music streaming service"), 1.0)
    assert found.verdicts["domain"].label == "Music"


def test_a_verdict_is_sure_from_the_threshold_on(bundle, retrieval):
    one = doubt(bundle, bundle.taxonomy["domain"].label("Music").examples[0])
    confidence = retrieval.settle(one, 1.0).verdicts["domain"].confidence
    for threshold, sure in ((confidence, True), (math.nextafter(confidence, 1.0), False)):
        held = replace(one, thresholds={"domain": threshold})
        assert retrieval.settle(held, 1.0).verdicts["domain"].sure is sure


def test_gold_turns_speak_for_their_labels(bundle):
    one = doubt(bundle, "Which one?", "the zorblax 9")
    for label, other in (("Video", "Music"), ("Music", "Video")):
        gold = [
            example("Which one?", "the zorblax 3000", gold={"domain": (label,), "no": ("No",)}),
            example("And who?", "my aunt and her kite", gold={"domain": (other, "No")}),
        ]
        assert Retrieval(bundle, gold).settle(one, 1.0).verdicts["domain"].label == label


def test_gold_of_one_candidate_alone_tells_nothing(bundle, retrieval):
    one = doubt(bundle, "Which one?", "the zorblax 9")
    gold = [example("Which one?", "the zorblax 9", gold={"domain": ("Video",)})]
    assert Retrieval(bundle, gold).settle(one, 1.0) == retrieval.settle(one, 1.0)


def test_of_gold_turns_the_last_2000_are_used(bundle):
    early = [
        example("kites", gold={"domain": ("Video",)}),
        example("x", gold={"domain": ("Music",)}),
    ]
    late = [example("boats and so on", gold={"domain": ("Music",)})] * 2000
    one = doubt(bundle, "kites")
    assert Retrieval(bundle, early + late).settle(one, 1.0) == Retrieval(bundle, late).settle(
        one, 1.0
    )


def test_threads_may_share_it(bundle, retrieval):
    doubts = [doubt(bundle, text) for text in ("play my songs", "the film stops", "no sound") * 8]
    alone = [retrieval.settle(one, 1.0) for one in doubts]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda one: retrieval.settle(one, 1.0), doubts)) == alone


@given(text=st.text(max_size=300), reply=st.text(max_size=300), data=st.data())
def test_a_verdict_is_a_candidate_with_no_more_than_their_probability(
    bundle, retrieval, text, reply, data
):
    names = data.draw(st.permutations(bundle.taxonomy["domain"].names))[:4]
    raw = sorted(data.draw(st.lists(st.floats(0, 1), min_size=4, max_size=4)), reverse=True)
    shares = [one / max(1.0, sum(raw)) for one in raw]
    ranked = tuple(zip(names, shares, strict=True))
    vector = np.zeros(384, np.float32)
    one = Doubt(example(reply, text), {"domain": ranked}, {"domain": 0.7}, vector)
    found: Settled = retrieval.settle(one, 1.0)
    verdict = found.verdicts["domain"]
    assert verdict.label in names
    assert 0.0 <= verdict.confidence <= sum(shares) + 1e-9
    assert retrieval.settle(one, 1.0) == found
