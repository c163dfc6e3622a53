"""Several annotators as one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from turnwise.annotations import Annotation, Source
from turnwise.conversations import Conversation, Turn
from turnwise.labelling import label
from turnwise.labelling.ensemble import EnsembleAnnotator

TALK = Conversation("talk", (Turn("customer", "please repair my bike"),))


class Says:
    def __init__(self, name: str, said: str | None, kind: str = "embedded") -> None:
        self.source, self.said = Source(kind, name, "1"), said
        self.prepared = 0

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        self.prepared += len(conversations)

    def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
        where = (conversation.id, 0, "wish", self.said, self.source)
        return (Annotation(*where, confidence=0.8, rationale=f"{self.source.name} knows."),)


def final(ensemble: EnsembleAnnotator) -> Annotation:
    (one,) = [one for one in ensemble.annotate(TALK) if one.source == ensemble.source]
    return one


def test_the_majority_decides_and_says_who_voted_for_what(taxonomy):
    found = final(
        EnsembleAnnotator([Says("a", "PRICE"), Says("b", "REPAIR"), Says("c", "REPAIR")], taxonomy)
    )
    assert found.label == "REPAIR"
    assert found.confidence == pytest.approx(2 / 3)
    assert found.runners_up == (("PRICE", pytest.approx(1 / 3)),)
    assert found.rationale == "Agreed: REPAIR: b, c; PRICE: a. b knows."


def test_a_tie_abstains_and_shows_both(taxonomy):
    found = final(EnsembleAnnotator([Says("a", "PRICE"), Says("b", "REPAIR")], taxonomy))
    assert found.label is None
    assert [name for name, _ in found.runners_up] == ["PRICE", "REPAIR"]


def test_with_measured_reliability_the_better_one_is_heard(taxonomy):
    members = [Says("a", "PRICE"), Says("b", "REPAIR")]
    known = {("a", "wish"): 0.9, ("b", "wish"): 0.6}
    found = final(EnsembleAnnotator(members, taxonomy, known))
    assert found.label == "PRICE"
    assert 0.5 < found.confidence < 0.9


def test_who_abstains_has_no_vote_but_is_counted(taxonomy):
    members = [Says("a", None), Says("b", "REPAIR"), Says("c", None)]
    assert final(EnsembleAnnotator(members, taxonomy)).label is None


def test_each_members_own_labels_are_handed_on_once(taxonomy):
    class TwoStages(Says):
        def annotate(self, conversation: Conversation) -> tuple[Annotation, ...]:
            return (*Says("a", "PRICE").annotate(conversation), *super().annotate(conversation))

    ensemble = EnsembleAnnotator([Says("a", "PRICE"), TwoStages("b", "PRICE")], taxonomy)
    ((_, found),) = label([TALK], ensemble)
    assert [one.source.name for one in found] == ["a", "b", "ensemble a + b"]
    assert [one.prepared for one in ensemble.members] == [1, 1]


def test_it_is_a_language_models_work_if_any_member_is(taxonomy):
    mixed = EnsembleAnnotator([Says("a", "PRICE"), Says("b", "PRICE", "llm")], taxonomy)
    assert mixed.source == Source("llm", "ensemble a + b", "1 majority 1+1")


def test_one_annotator_is_no_ensemble(taxonomy):
    with pytest.raises(ValueError, match="two annotators"):
        EnsembleAnnotator([Says("a", "PRICE")], taxonomy)
