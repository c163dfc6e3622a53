from pathlib import Path

import pytest

from turnwise.actions import check_actions
from turnwise.errors import TaxonomyError
from turnwise.taxonomy import from_dict, load_taxonomy, save_taxonomy, to_dict

SAMPLE = Path(__file__).parents[1] / "examples/larkspur/taxonomy.yaml"

SMALL = """\
name: shop
dimensions:
  domain:
    labels:
      - {name: Music, path: [Media, Music], titles: {en: Music, de: Musik}}
      - {name: Video, path: [Media, Video]}
      - {name: Tablet, path: [Devices, Tablet]}
  intent:
    labels:
      - name: CANCEL
        description: Asks to cancel.
        examples: [stop my plan]
        excludes: refunds
        confused_with: [REFUND]
      - name: REFUND
actions:
  - name: stop-media
    when: {domain: Media, intent: CANCEL}
    workflow: cancel
  - name: money
    when: {intent: REFUND}
    queue: billing
"""


def load(tmp_path: Path, text: str):
    path = tmp_path / "taxonomy.yaml"
    path.write_text(text, encoding="utf-8")
    return load_taxonomy(path)


def refused(tmp_path: Path, old: str, new: str) -> str:
    assert old in SMALL
    with pytest.raises(TaxonomyError) as caught:
        load(tmp_path, SMALL.replace(old, new))
    return str(caught.value)


def test_a_saved_taxonomy_reads_back_equal(tmp_path):
    for taxonomy in (load(tmp_path, SMALL), load_taxonomy(SAMPLE)):
        save_taxonomy(taxonomy, tmp_path / "saved.yaml")
        assert load_taxonomy(tmp_path / "saved.yaml") == taxonomy
        assert from_dict(to_dict(taxonomy)) == taxonomy


def test_titles_fall_back_from_locale_to_language_to_english_to_name(tmp_path):
    label = load(tmp_path, SMALL)["domain"].label("Music")
    assert label.title("de-AT") == "Musik"
    assert label.title("fr") == "Music"
    assert load(tmp_path, SMALL)["domain"].label("Video").title("de") == "Video"


def test_the_first_matching_action_wins_and_paths_stand_for_all_labels_below(tmp_path):
    taxonomy = load(tmp_path, SMALL)
    action = taxonomy.action_for({"domain": "Video", "intent": "CANCEL"})
    assert action is not None
    assert action.target == "workflow:cancel"
    assert taxonomy.action_for({"domain": "Tablet", "intent": "CANCEL"}) is None


def test_a_duplicate_label_is_named_with_its_line(tmp_path):
    message = refused(tmp_path, "- name: REFUND", "- name: CANCEL")
    assert "duplicate name 'CANCEL'" in message
    assert "line 15" in message


def test_an_unknown_path_is_named_with_its_line(tmp_path):
    message = refused(tmp_path, "path: [Media, Video]", "path: [Media, Films]")
    assert "unknown path 'Media > Films'" in message
    assert "line 6" in message


def test_an_action_that_names_no_label_is_named_with_its_line(tmp_path):
    message = refused(tmp_path, "when: {intent: REFUND}", "when: {intent: REFUNDS}")
    assert "action 'money' names no label: 'REFUNDS'" in message
    assert "line 21" in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("intent: CANCEL}", "subject: CANCEL}", "unknown dimension 'subject'"),
        ("domain: Media,", "domain: Media > Radio,", "unknown path: 'Media > Radio'"),
        ("queue: billing", "queue: billing\n    workflow: pay", "exactly one of workflow"),
        ("confused_with: [REFUND]", "confused_with: [REPAY]", "names no label: 'REPAY'"),
        ("description:", "descripton:", "Extra inputs are not permitted"),
        ("- name: REFUND", "- name: NO", "valid string"),
        ("name: shop", "name: [shop", "not valid YAML"),
        ("- {name: Tablet, path: [Devices, Tablet]}", "- {name: Media}", "also an inner node"),
    ],
)
def test_each_fault_says_what_is_wrong_and_where(tmp_path, old, new, said):
    message = refused(tmp_path, old, new)
    assert said in message
    assert "line" in message


def test_the_check_finds_rules_that_never_match_and_combinations_that_none_covers(tmp_path):
    shadowed = SMALL + "  - name: late\n    when: {domain: Music, intent: CANCEL}\n    queue: x\n"
    found = check_actions(load(tmp_path, shadowed))
    assert found.unreachable == ("late",)
    assert (found.uncovered, found.combinations) == (1, 6)
    assert found.examples == ({"domain": "Tablet", "intent": "CANCEL"},)


def test_the_samples_actions_cover_everything_and_each_can_match():
    found = check_actions(load_taxonomy(SAMPLE))
    assert found.unreachable == ()
    assert found.uncovered == 0
