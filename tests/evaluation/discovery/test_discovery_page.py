"""The page of a discovery shows what was found, for any number of clusters, and runs nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from found_cases import found, nothing
from hypothesis import given
from hypothesis import strategies as st

from turnwise.clusters import Discovery, Utterance
from turnwise.evaluation import Section, Share, Table
from turnwise.evaluation.discovery import write_discovery_report
from turnwise.evaluation.discovery.shown import clipped, columns, fitting

HOSTILE = "<script>alert('x')</script> </svg></title> & \"<img src=http://bad.example/x>"


class Page(HTMLParser):
    """The elements, the text, and whether the tags close as they open."""

    VOID = ("meta", "path")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.words: list[str] = []
        self.headings: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, text):
        self.words.append(text)
        if self.open and self.open[-1] == "h2":
            self.headings.append(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def written(folder: Path, discovery: Discovery, **arguments) -> Page:
    path = folder / "discovery.html"
    write_discovery_report(discovery, path, **arguments)
    return Page(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Page:
    lacking = Table(("Intent", "Nearest", "Share"), (("pay-bill", "Payments", Share(0.12)),))
    return written(
        tmp_path_factory.mktemp("page"),
        found(),
        title="What callers want",
        facts={"Encoder": "e-5"},
        sections=(Section("New beside the taxonomy", "Three.", tables=(lacking,)),),
    )


def test_every_part_is_on_the_page_in_the_order_of_reading(page):
    assert page.headings == [
        "At a glance",
        "The intents",
        "New beside the taxonomy",
        "The tree",
        "Merges",
        "What stayed unclustered",
        "What was set aside",
        "Round by round",
        "Words",
    ]
    for words in ("What callers want", "Encoder e-5", "One cluster got no answer.", "pay-bill"):
        assert words in page.text


def test_a_glance_tells_how_much_was_found_and_who_says_so(page):
    for words in (
        "Intents found 5",
        "Turns in an intent 88.2% 60 of 68",
        "Unclustered 11.8%",
        "Good clusters 80.0% say both judges; the other 1 may hold several, marked “check” below",
        "Set aside or known of them 40 (37.0%)",
        "Judged in the loop by spread of clusters",
        "Named by verbs and objects",
    ):
        assert words in page.text


def test_an_intent_comes_with_its_title_size_judgements_and_examples(page):
    row = "1 inquire-thing-0 Thing 0. About a thing 12 11.1% 90.0% check 0.1 wish 0 wish 1 wish 2"
    assert row in page.text
    assert "2 cancel-thing-1 Thing 1. About a thing 12 11.1% 90.0% good" in page.text


def test_the_tree_adds_up_what_is_below_and_folds(page):
    assert "inquire 2 intents, 24 turns, 22.2%" in page.text
    assert "report › report-thing-2 12 turns, 11.1%" in page.text
    assert "details" in page.elements


def test_merges_to_decide_stand_before_those_that_are_done(page):
    assert page.text.index("To decide") < page.text.index("b-two") < page.text.index("a-thingy")


def test_what_was_set_aside_is_counted_by_its_reason(page):
    assert "greeting 2 32 29.6% hello good morning bare answer 1 8 7.4% yes" in page.text


def test_each_round_shows_what_it_tried_and_chose(page):
    assert "1 34 2 8 5 1 30 4 1" in page.text  # round, utterances, tried, chosen, good, bad, ...
    assert "1 4 1 3 15 4 0.33" in page.text
    assert "8 5 1 30 4 5.00 chosen" in page.text


def test_the_rounds_of_two_loops_are_counted_through(tmp_path):
    discovery = found()
    page = written(tmp_path, replace(discovery, rounds=discovery.rounds * 2))
    assert "1 34 2 8 5 1 30 4 1 2 34 2 8 5 1 30 4 1" in page.text


def test_a_map_of_few_utterances_says_that_it_shows_principal_components(page):
    assert "two principal components" in page.text
    assert "UMAP" not in page.text


def test_nothing_is_run_or_loaded_and_texts_are_data(tmp_path):
    plain = written(tmp_path, found(), sections=(Section("A", "b"),), facts={"a": "b"})
    hostile = written(
        tmp_path,
        replace(found(text=HOSTILE), notes=(HOSTILE,), judge=HOSTILE),
        title=HOSTILE,
        facts={HOSTILE: HOSTILE},
        sections=(Section(HOSTILE, HOSTILE),),
    )
    assert set(hostile.elements) == set(plain.elements)
    assert not set(plain.elements) & {"script", "img", "link", "iframe", "object"}
    assert "alert('x')" in hostile.text
    raw = (tmp_path / "discovery.html").read_text("utf-8")
    assert "default-src 'none'" in raw
    assert not re.search(r"""(src|href)=["'](?!#)""", raw)


@pytest.mark.parametrize("discovery", [nothing(), found(0), found(1), found(2, levels=1)])
def test_a_page_is_written_however_little_was_found(discovery, tmp_path):
    page = written(tmp_path, discovery)
    assert f"Intents found {len(discovery.clusters)}" in page.text
    assert ("No cluster was judged good" in page.text) == (not discovery.clusters)
    assert "The tree" not in page.headings or len(discovery.clusters) == 1


def test_with_many_clusters_all_are_listed_and_most_are_folded(tmp_path):
    page = written(tmp_path, found(150, each=3, left=3))
    assert "The other 120 intents" in page.text
    for at in (0, 29, 30, 149):
        assert f"{at + 1} {('inquire', 'cancel', 'report')[at % 3]}-thing-{at} " in page.text


def test_a_turn_of_ten_thousand_words_is_quoted_by_its_beginning(tmp_path):
    discovery = found()
    long = Utterance("word " * 10_000, 50)
    page = written(tmp_path, replace(discovery, utterances=(long, *discovery.utterances[1:])))
    assert page.text.count("word word") < 500


@given(st.text(max_size=60), st.integers(3, 30))
def test_a_cut_text_is_one_line_that_fits(text, most):
    assert columns(fitting(text, most)) <= most
    assert len(clipped(text, most)) <= most
    assert "\n" not in clipped(text, most)


def test_a_chinese_character_takes_two_columns():
    assert columns("退款") == 4
    assert fitting("我要查询信用卡账单", 9) == "我要查询…"
