"""Wording: hashed n-grams whose product is near the cosine, in any script."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.labelling.words import Wording, tokens

TEXTS = ["cancel my order", "cancel the order please", "the weather is fine", "order 66 arrived"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=4))
def test_rows_have_unit_length_or_none(texts):
    rows = Wording.of(TEXTS).vectors(texts)
    lengths = np.linalg.norm(rows, axis=1)
    assert all(abs(one - 1) < 1e-3 or one == 0 for one in lengths)


def test_shared_words_bring_texts_together():
    rows = Wording.of(TEXTS).vectors(TEXTS)
    near = rows @ rows.T
    assert near[0, 1] > near[0, 3] > near[0, 2]


def test_misspelt_words_still_resemble():
    rows = Wording.of(TEXTS).vectors(["cancellation", "cancelation", "delivery"])
    assert rows[0] @ rows[1] > 0.4 > rows[0] @ rows[2]


def test_one_number_resembles_another():
    rows = Wording.of(TEXTS).vectors(["4471", "8802"])
    assert rows[0] @ rows[1] > 0.99


def test_rare_words_weigh_more_than_common_ones():
    wording = Wording.of(TEXTS)
    assert wording.rarity("w weather") > wording.rarity("w order")


def test_words_of_any_script_are_words():
    assert tokens("Können Sie's 取消？") == ["können", "sie's", "取消", "？"]
