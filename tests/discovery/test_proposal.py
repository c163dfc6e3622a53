"""What was found -> a taxonomy that loads."""

from dataclasses import replace

import pytest
from found_samples import found
from hypothesis import given
from hypothesis import strategies as st

from turnwise.clusters import ClusterName, Utterance
from turnwise.discovery.proposal import (
    extended,
    names_taken,
    new_taxonomy,
    propose_labels,
    with_examples,
)
from turnwise.errors import TaxonomyError
from turnwise.taxonomy import Dimension, Label, Taxonomy, load_taxonomy, save_taxonomy

SHOP = Taxonomy(
    "shop",
    (
        Dimension(
            "intent",
            (
                Label("ask-refund", ("money", "ask-refund"), "Wants money back."),
                Label("OTHER", ("OTHER",), examples=("hm what",)),
            ),
        ),
        Dimension("mood", (Label("angry", ("angry",)),)),
    ),
)


def test_a_cluster_becomes_a_label_with_all_that_a_labeller_needs():
    label = propose_labels(found())[0]
    assert label == Label(
        "cancel-order",
        ("orders", "cancel-order"),
        "The customer wants: Cancel order.",
        ("cancel my order", "please cancel the order", "i no longer want my order"),
        confused_with=("ask-refund",),
        titles={"en": "Cancel order"},
    )


def test_the_proposal_is_written_and_read_back_equal(tmp_path):
    taxonomy = new_taxonomy(propose_labels(found()))
    save_taxonomy(taxonomy, tmp_path / "taxonomy.yaml")
    assert load_taxonomy(tmp_path / "taxonomy.yaml") == taxonomy


def test_nothing_found_is_no_taxonomy():
    with pytest.raises(TaxonomyError, match="no intent was found"):
        new_taxonomy(())


def test_additions_keep_what_is_there_and_get_names_of_their_own():
    labels = propose_labels(found(), names_taken(SHOP["intent"]))
    assert [one.name for one in labels] == ["cancel-order", "ask-refund-2", "track-parcel"]
    made = extended(SHOP, "intent", labels)
    assert made["intent"].labels[:2] == SHOP["intent"].labels
    assert made["mood"] == SHOP["mood"]
    assert made.version == 2


def test_a_dimension_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(TaxonomyError, match=r"no dimension 'issue'.*intent, mood"):
        extended(SHOP, "issue", ())


def test_examples_are_added_to_labels_once():
    made = with_examples(SHOP, "intent", {"OTHER": ["what is it", "hm what"]})
    assert made["intent"].label("OTHER").examples == ("hm what", "what is it")


def test_an_utterance_that_says_nothing_alone_is_no_example_where_there_are_others():
    sample = found()
    first = Utterance("do that", before="Shall I cancel it?")
    mixed = replace(sample, utterances=(first, *sample.utterances[1:]))
    assert "do that" not in " ".join(propose_labels(mixed)[0].examples)
    clusters = (replace(sample.clusters[0], examples=(0,)),)
    alone = replace(mixed, clusters=clusters, merges=())
    assert propose_labels(alone)[0].examples == ("Shall I cancel it? do that",)


def test_long_examples_are_cut_and_stand_on_one_line():
    label = propose_labels(found(ask_long=["where is\nmy " + "very " * 100 + "parcel"] * 2))[0]
    assert len(label.examples) == 1
    assert label.examples[0].startswith("where is my very")
    assert label.examples[0].endswith("…")
    assert len(label.examples[0]) <= 301


PART = st.sampled_from(["cancel", "order", "refund", "a > b", "", "ORDER", "取消"])


@given(st.lists(st.tuples(PART, PART, st.lists(PART, max_size=2)), min_size=1, max_size=8))
def test_whatever_names_and_paths_come_the_proposal_loads(tmp_path_factory, given_names):
    sample = found()
    clusters = tuple(
        replace(
            sample.clusters[0],
            name=ClusterName(action, objective, title=action),
            path=(*groups, f"{action}-{objective}"),
        )
        for action, objective, groups in given_names
    )
    clusters = tuple({one.name.name: one for one in clusters}.values())
    taxonomy = new_taxonomy(propose_labels(replace(sample, clusters=clusters, merges=())))
    path = tmp_path_factory.mktemp("any") / "taxonomy.yaml"
    save_taxonomy(taxonomy, path)
    assert load_taxonomy(path) == taxonomy
    assert len(taxonomy["intent"].labels) == len(clusters)
