"""The section that shows generated conversations beside the logs."""

import math
import re
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.evaluation import markup
from turnwise.evaluation.generation.quality_page import MOST, quality_section


@dataclass(frozen=True)
class Row:
    name: str
    words_per_turn: dict = field(default_factory=lambda: {1: 5, 7: 2, 30: 1})
    turns_per_talk: dict = field(default_factory=lambda: {1: 3, 2: 1})
    conversations: int = 4
    turns: int = 8
    perplexity: float = 114.84
    transitions: float = -1.5
    topic_flow: float = math.nan
    distinct_1: float = 0.25
    distinct_2: float = 0.5
    self_bleu: float = 0.5
    rating: float = 7.123
    words_mean: float = 3.5
    words_more: float = -0.25
    words_divergence: float = 0.01
    turns_mean: float = 2.0
    turns_more: float = 0.5
    turns_divergence: float = 0.02
    copied_turns: float = 0.577
    copied_ngrams: float = math.nan


def page(*rows):
    return markup.section(quality_section(rows), "quality")


def test_every_set_has_a_row_in_both_tables_and_two_charts_beside_the_logs():
    section = quality_section([Row("logs"), Row("hmm"), Row("llm")])
    assert [row[0].text for table in section.tables for row in table.rows] == 2 * [
        "logs",
        "hmm",
        "llm",
    ]
    assert [figure.title for figure in section.figures] == [
        "hmm: words a turn",
        "llm: words a turn",
        "hmm: turns a conversation",
        "llm: turns a conversation",
    ]


def test_figures_are_written_for_people_and_what_can_not_be_told_is_a_dash():
    html = page(Row("logs"), Row("hmm"))
    assert "114.8" in html
    assert "−1.5" in html
    assert "57.7%" in html
    assert html.count(' none">–</td>') == 4


def test_a_name_is_text():
    assert "<script>" not in page(Row("logs"), Row("<script>alert(1)</script>"))


def test_a_set_without_conversations_has_no_chart():
    section = quality_section([Row("logs"), Row("hmm", words_per_turn={}, turns_per_talk={})])
    assert section.figures == ()


LENGTHS = st.dictionaries(st.integers(0, 500), st.integers(1, 9), min_size=1, max_size=20)


@given(LENGTHS, LENGTHS)
def test_the_bars_of_each_side_sum_to_the_whole_and_are_few(logs, made):
    rows = [Row("logs", words_per_turn=logs), Row("hmm", words_per_turn=made)]
    svg = quality_section(rows).figures[0].svg
    for whose in ("the logs", "hmm"):
        shares = [float(one) for one in re.findall(rf": ([\d.]+)% of {whose}<", svg)]
        assert len(shares) <= MOST
        assert sum(shares) == pytest.approx(100, abs=0.5)
