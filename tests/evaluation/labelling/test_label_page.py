"""The page of a label report tells everything, quotes nobody and runs nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from label_cases import MODEL, ONE, TAXONOMY, TWO, gold, in_order, reading, said

from turnwise.annotations import Source
from turnwise.evaluation.labelling import Spent, count_labels, strategy_tables, write_label_report

HOSTILE = "two-stage <script>alert('x')</script> & \"<img src=http://bad.example/x>"


class Page(HTMLParser):
    """The words of a page, and the names of its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.elements = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)

    def handle_data(self, text):
        self.words.append(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def labels(turns: int, with_gold: bool, model: Source = MODEL):
    for at in range(turns):
        right = "Bike" if at % 3 else "Boat"
        yield said(ONE, "Bike" if at % 5 else None, at, at % 10 / 10)
        yield said(TWO, right, at, 0.9, "revised" if at % 3 == 0 else "kept")
        yield said(model, "Boat" if at % 4 else "Bike", at, 0.7)
        if with_gold:
            yield gold(right, at)


def report(turns: int = 60, with_gold: bool = True, model: Source = MODEL):
    spent = {model: Spent(answers=turns, calls=turns, tokens_in=9_000, tokens_out=600, cost=0.12)}
    return count_labels(in_order(labels(turns, with_gold, model)), TAXONOMY, reading(spent))


def written(path, figures) -> Page:
    write_label_report(figures, path)
    return Page(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Page:
    return written(tmp_path_factory.mktemp("labels") / "labels.html", report())


def test_every_part_is_on_the_page(page):
    for words in (
        "What became of the turns",
        "Beside the labels of people",
        "Only stage 2",
        "Precision against share kept",
        "Agreement between strategies",
        "For one right label",
        "Before you compare",
    ):
        assert words in page.text
    for name in ("embedded single", "embedded two-stage", "llm single m"):
        assert name in page.text


def test_the_plots_are_drawn_and_nothing_is_run_or_loaded(page, tmp_path):
    path = tmp_path / "labels.html"
    write_label_report(report(), path)
    assert "svg" in page.elements
    assert not page.elements & {"script", "img", "link", "iframe", "object"}
    assert not re.search(r'(src|href)="(?!#)', path.read_text("utf-8"))


def test_without_gold_the_page_says_so_and_shows_no_accuracy(tmp_path):
    found = written(tmp_path / "labels.html", report(with_gold=False))
    assert "No person labelled any of these turns" in found.text
    assert "Turns with gold none" in found.text
    for words in ("Share kept", "For one right label", "Stage 1 "):
        assert words not in found.text


def test_one_embedded_strategy_is_enough_for_a_page(tmp_path):
    alone = count_labels([said(ONE, "Bike", at) for at in range(3)], TAXONOMY, reading())
    found = written(tmp_path / "labels.html", alone)
    assert "Only one strategy labelled" in found.text
    assert "no model was asked" in found.text


def test_names_of_models_are_text_whatever_they_hold(tmp_path):
    found = written(tmp_path / "labels.html", report(model=Source("llm", HOSTILE, "1")))
    assert not found.elements & {"script", "img"}
    assert "alert('x')" in found.text


def test_many_strategies_are_drawn_one_dimension_below_the_other(tmp_path):
    sources = [Source("llm", f"single model-{at}", "1") for at in range(12)]
    turns = [said(source, "Bike", at, 0.5) for at in range(25) for source in sources]
    people = [gold("Bike", at) for at in range(25)]
    figures = count_labels(in_order([*turns, *people]), TAXONOMY, reading())
    assert "12 llm single model-9" in written(tmp_path / "labels.html", figures).text


def test_the_tables_for_another_report_leave_out_what_there_is_no_gold_for():
    assert [len(strategy_tables(report(with_gold=known))) for known in (True, False)] == [3, 1]


def test_the_figures_are_json_with_at_most_ten_points_a_curve():
    tree = report().to_json()
    assert tree["version"] == 1
    (single,) = (one for one in tree["strategies"] if one["name"] == "llm single m")
    assert single["source"] == {"kind": "llm", "name": "single m", "version": "1"}
    (product,) = single["dimensions"]
    assert len(product["gold"]["curve"]) == 10
    assert product["stages"] is None
    assert single["per_correct"]["calls"] > 1
