"""A map of labels is read with its lines, and silent about none that vanished."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnwise.errors import TaxonomyError
from turnwise.label_map import LabelMap, read_label_map
from turnwise.taxonomy import Dimension, Label, Taxonomy

OLD = {"intent": {"CANCEL", "STOP", "QUESTION", "OTHER"}, "mood": {"calm", "angry"}}


def taxonomy(**dimensions: str) -> Taxonomy:
    return Taxonomy(
        "new",
        tuple(
            Dimension(name, tuple(Label(one, (one,)) for one in labels.split()))
            for name, labels in dimensions.items()
        ),
    )


NEW = taxonomy(intent="END ASK HOW_TO OTHER", mood="calm angry")
MAP = "intent:\n  CANCEL: END\n  STOP: END\n  QUESTION: [ASK, HOW_TO]\n"


@pytest.fixture
def read(tmp_path: Path):
    def reading(text: str, new: Taxonomy = NEW) -> LabelMap:
        path = tmp_path / "map.yaml"
        path.write_text(text, encoding="utf-8")
        return read_label_map(path, OLD, new)

    return reading


def test_labels_are_renamed_merged_split_and_kept(read):
    found = read(MAP)
    assert found.became("intent", "CANCEL") == found.became("intent", "STOP") == ("END",)
    assert found.became("intent", "QUESTION") == ("ASK", "HOW_TO")
    assert found.became("intent", "OTHER") == ("OTHER",)
    assert found.became("mood", "calm") == ("calm",)
    assert not found.added


def test_labels_and_dimensions_can_be_removed(read):
    found = read(MAP + "  OTHER: []\nmood: []\n", taxonomy(intent="END ASK HOW_TO"))
    assert found.became("intent", "OTHER") == ()
    assert found.gone == {"mood"}
    assert found.became("mood", "calm") == ()


def test_all_lines_hold_at_once(read):
    """A circle of names is an exchange, not an error: none is applied to what another made."""
    swapped = read(
        "intent:\n  CANCEL: STOP\n  STOP: QUESTION\n  QUESTION: CANCEL\n",
        taxonomy(intent="CANCEL STOP QUESTION OTHER", mood="calm angry"),
    )
    assert [swapped.became("intent", one) for one in ("CANCEL", "STOP", "QUESTION")] == [
        ("STOP",),
        ("QUESTION",),
        ("CANCEL",),
    ]


def test_a_label_may_be_merged_into_a_part_of_another_that_was_split(read):
    found = read(
        "intent:\n  STOP: CANCEL\n  CANCEL: [CANCEL, OTHER]\n",
        taxonomy(intent="CANCEL QUESTION OTHER", mood="calm angry"),
    )
    assert found.became("intent", "STOP") == ("CANCEL",)
    assert found.became("intent", "CANCEL") == ("CANCEL", "OTHER")


def test_labels_that_nothing_leads_to_are_new(read):
    grown = taxonomy(intent="END ASK HOW_TO OTHER PRAISE", mood="calm angry", channel="app")
    assert read(MAP, grown).added == {"intent": ("PRAISE",), "channel": ("app",)}


@pytest.mark.parametrize("text", ["", "# nothing\n", "intent:\n"])
def test_an_empty_map_moves_nothing(read, text):
    same = taxonomy(intent="CANCEL STOP QUESTION OTHER", mood="calm angry")
    assert not read(text, same).changes


def test_labels_that_vanish_are_listed_together(read):
    with pytest.raises(TaxonomyError) as error:
        read("intent:\n  CANCEL: END\n", taxonomy(intent="END ASK"))
    assert "intent: OTHER, QUESTION, STOP; mood: angry, calm" in str(error.value)
    assert "map.yaml" in str(error.value)


def test_a_label_that_is_removed_may_give_its_name_to_another(read):
    found = read(
        "intent:\n  CANCEL: []\n  STOP: CANCEL\n",
        taxonomy(intent="CANCEL QUESTION OTHER", mood="calm angry"),
    )
    assert found.became("intent", "CANCEL") == ()
    assert found.became("intent", "STOP") == ("CANCEL",)
    assert not found.added


BAD = {
    "a removed label that is still there": (MAP + "  OTHER: []\n", 5, "still has 'OTHER'"),
    "an unknown old label": (MAP + "  CANCLE: END\n", 5, "no label 'CANCLE'"),
    "an unknown new label": (MAP + "  OTHER: ELSE\n", 5, "no label 'ELSE'"),
    "an unknown new label of a split": (MAP + "  OTHER: [END, ELSE]\n", 5, "no label 'ELSE'"),
    "an unknown dimension": (MAP + "tone: {a: b}\n", 5, "no dimension 'tone'"),
    "the same label twice": (MAP + "  OTHER: [END, END]\n", 5, "twice"),
    "a label that is no text": (MAP + "  OTHER: YES\n", 5, "Quote"),
    "a key that is no text": (MAP + "  NO: END\n", 2, "Quote"),
    "a label mapped twice": (MAP + "  CANCEL: ASK\n", 5, "twice"),
    "a list of labels": ("intent:\n- CANCEL\n", 2, "OLD: NEW"),
    "no mapping at all": ("just words\n", 1, "OLD: NEW"),
    "no YAML": ("intent: {CANCEL: [\n", 2, "not valid YAML"),
    "an anchor": ("intent: &a {CANCEL: END}\nmood: *a\n", 2, "anchors"),
    "levels without end": ("intent:\n  CANCEL: " + "[" * 100_000, 2, "nested too deeply"),
    "a key that is a list": ("intent:\n  ? [CANCEL]\n  : END\n", 2, "a key is a list"),
    "a control character": ("intent: {CANCEL: END}\n# \x07\n", None, "not valid YAML"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_faulty_map_is_told_with_its_line(read, name):
    text, line, said = BAD[name]
    with pytest.raises(TaxonomyError) as error:
        read(text)
    assert said in str(error.value)
    assert error.value.line == line, str(error.value)


def test_a_dimension_that_is_gone_cannot_be_mapped_label_by_label(read):
    with pytest.raises(TaxonomyError, match=r"mood: \[\]") as error:
        read(MAP + "mood:\n  calm: OTHER\n", taxonomy(intent="END ASK HOW_TO OTHER"))
    assert error.value.line == 6
