"""The report is one page that opens anywhere, tells everything, and runs nothing."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from evaluation_cases import TAXONOMY, conversation, customer_turns, dimension, guesses, many_turns

from turnwise.evaluation import (
    EvaluationConfig,
    Section,
    Share,
    Table,
    bar_chart,
    evaluate,
    write_report,
)
from turnwise.taxonomy import Taxonomy

HOSTILE = "<script>alert('x')</script> & \"<img src=http://bad.example/x onerror=alert(1)>"


class Page(HTMLParser):
    """Every element with its attributes, the text, and whether the tags close as they open."""

    VOID = ("meta", "br", "img", "link", "input", "hr", "base", "embed")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, text):
        self.words.append(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def written(path, evaluation, **arguments) -> Page:
    write_report(evaluation, path, **arguments)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def small():
    """The same with one dimension, which is quicker to draw."""
    turns, taxonomy = many_turns(9), replace(TAXONOMY, dimensions=(TAXONOMY["domain"],))
    return evaluate(turns, {"model": guesses(turns, 1)}, taxonomy, EvaluationConfig(100))


@pytest.fixture(scope="module")
def page(evaluation, tmp_path_factory) -> Page:
    section = Section(
        "The logs",
        "Two kinds.\n\nBoth fine.",
        tables=(Table(("Kind", "Found", "Share"), (("e-mail", 1234, Share(0.25)),), note="Gone."),),
        figures=(
            bar_chart("By month", [("2024-01", 3), ("2024-02", 5)], "Started in."),
            bar_chart("By market", [("US", 30), ("CA", 2.5)], "Where."),
        ),
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    facts = {"Bundle": "b-1234", "Date": "3 May 2024"}
    return written(path, evaluation, title="A report", facts=facts, sections=(section,))


def refuse_harm(page: Page) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use"}
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("src", "href", "xlink:href", "action"):
            assert attributes.get(name, "#").startswith("#"), (tag, attributes)
        assert "//" not in attributes.get("style", "")
    assert page.open == [], "an element is left open"


def test_the_page_runs_nothing_and_refers_to_nothing_outside(page):
    refuse_harm(page)
    policy = next(a["content"] for _, a in page.elements if "http-equiv" in a)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_style_loads_nothing(small, tmp_path):
    write_report(small, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "@import" not in text
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    assert set(re.findall(r"https?://[\w./]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_links_lead_to_sections_and_ids_differ(page):
    ids = [a["id"] for _, a in page.elements if "id" in a]
    targets = {a["href"][1:] for _, a in page.elements if "href" in a}
    assert len(ids) == len(set(ids))
    assert targets <= set(ids)


def test_the_page_tells_the_figures(page, evaluation):
    for told in ("A report", "Bundle b-1234", "Date 3 May 2024", "shop, version 1"):
        assert told in page.text
    for predictor in evaluation.predictors:
        assert predictor.name in page.text
        for scores in predictor.dimensions:
            assert f"{100 * scores.accuracy.value:.1f}%" in page.text
            assert f"{100 * scores.calibration.error:.1f}%" in page.text
    assert f"{100 * evaluation.model.joint.value:.1f}%" in page.text
    for label in TAXONOMY["intent"].names:
        assert label in page.text


def test_each_dimension_has_its_plots_each_with_how_to_read_it(page):
    titles = page.text
    for title in (
        "Accuracy against coverage",
        "Reliability",
        "Top-k",
        "Most confused",
        "How often",
    ):
        assert titles.count(title) >= 2, title
    drawings = [a for tag, a in page.elements if tag == "svg"]
    captions = [tag for tag, _ in page.elements if tag == "figcaption"]
    assert len(drawings) == len(captions) == 1 + 2 * 5 + 2
    assert all(a["role"] == "img" and a["aria-label"] for a in drawings)


def test_sections_of_the_caller_follow(page):
    assert "The logs Two kinds. Both fine." in page.text
    assert "e-mail 1,234 25.0% Gone." in page.text
    assert "By month" in page.text


def test_text_from_data_stays_text(tmp_path):
    names = ("Music", HOSTILE)
    taxonomy = Taxonomy(HOSTILE, (dimension(HOSTILE, names),))
    gold = [{HOSTILE: (name,)} for name in names]
    turns = customer_turns(*(conversation(f"c{i}", *gold, text=HOSTILE) for i in range(4)))
    chances = {HOSTILE: guesses(turns, 0)["domain"][:, :2]}
    chances[HOSTILE] /= chances[HOSTILE].sum(axis=1, keepdims=True)
    found = evaluate(turns, {HOSTILE: chances}, taxonomy, EvaluationConfig(resamples=100))
    table = Table((HOSTILE,), ((HOSTILE,),), HOSTILE, HOSTILE)
    section = Section(HOSTILE, HOSTILE, (table,), (bar_chart(HOSTILE, [(HOSTILE, 1)], HOSTILE),))
    page = written(
        tmp_path / "r.html", found, title=HOSTILE, facts={HOSTILE: HOSTILE}, sections=(section,)
    )
    refuse_harm(page)
    assert page.text.count("<script>alert('x')</script>") > 20


def test_a_report_of_one_perfect_dimension_without_rivals_can_be_written(tmp_path):
    turns = many_turns(3)
    perfect = {name: rows for name, rows in guesses(turns, 60).items() if name == "domain"}
    taxonomy = replace(TAXONOMY, dimensions=(TAXONOMY["domain"],))
    found = evaluate(turns, {"model": perfect}, taxonomy, EvaluationConfig(resamples=100))
    page = written(tmp_path / "r.html", found)
    assert found.model["domain"].accuracy.value == 1
    assert "Most confused" not in page.text
    assert "every dimension right" not in page.text.split("Words", 1)[0]


def test_a_report_of_one_conversation_shows_no_intervals(tmp_path):
    turns = many_turns(1, seed=3)
    found = evaluate(turns, {"model": guesses(turns, 1)}, TAXONOMY)
    page = written(tmp_path / "r.html", found)
    assert "nan" not in page.text.lower().split()
    assert "95%: " not in page.text


def test_a_report_of_150_labels_stays_small(tmp_path):
    names = tuple(f"intent_number_{place}" for place in range(150))
    taxonomy = Taxonomy("many", tuple(dimension(d, names) for d in ("one", "two", "three")))
    gold = [dict.fromkeys(taxonomy.dimension_names, (names[7 * i % 150],)) for i in range(600)]
    turns = customer_turns(*(conversation(f"c{i}", gold[i], gold[i - 1]) for i in range(600)))
    rival = {d: guesses_of(turns, names, d) for d in taxonomy.dimension_names}
    found = evaluate(turns, {"m": rival, "a": rival, "b": rival}, taxonomy)
    write_report(found, tmp_path / "r.html")
    assert (tmp_path / "r.html").stat().st_size < 2_000_000


def guesses_of(turns, names, dimension_name):
    rng = np.random.default_rng(0)
    chances = rng.random((len(turns), len(names))).astype(np.float32)
    for row, turn in enumerate(turns):
        chances[row, names.index(turn.gold[dimension_name][0])] += rng.random() * 3
    return chances / chances.sum(axis=1, keepdims=True)


def test_a_report_replaces_the_one_before_as_a_whole(small, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("the one before", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", refuse)
        with pytest.raises(OSError, match="full"):
            write_report(small, path)
    assert path.read_text(encoding="utf-8") == "the one before"
    assert list(tmp_path.iterdir()) == [path], "nothing unfinished is left behind"


def refuse(*_: object) -> None:
    raise OSError("full")


def test_the_same_evaluation_gives_the_same_page(small, tmp_path):
    assert bar_chart("Turns", [("a", 1)]) == bar_chart("Turns", [("a", 1)])
    pages = []
    for name in ("a.html", "b.html"):
        write_report(small, tmp_path / name)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]
