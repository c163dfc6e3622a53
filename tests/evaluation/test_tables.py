"""Tables as HTML, and the colours of both grounds."""

import pytest

from turnwise.evaluation.drawing import PALETTE
from turnwise.evaluation.figures import Estimate
from turnwise.evaluation.tables import Key, Quotes, Share, Table, table


def brightness(colour: str) -> float:
    """Relative luminance of WCAG."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((brightness(one), brightness(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, "–"),
        (1234, "1,234"),
        (-0.5, "−0.5"),
        (2.0, "2"),
        (1234.5678, "1,234.568"),
        (Share(0.1234), "12.3%"),
        (Share(-0.00001), ">0.0%"),
        (Estimate(-0.05, -0.1, 0.01), "−5.0% <small>−10.0 to 1.0</small>"),
        (Estimate(0.5), "50.0%"),
        ("a < b", "a &lt; b"),
        (Key("us & them", "model"), "us &amp; them"),
        (Quotes(("x", "<y>")), "<q>x</q><q>&lt;y&gt;</q>"),
    ],
)
def test_a_cell_is_written_for_people(cell, shown):
    assert shown in table(Table(("Heading",), ((cell,),)))


def test_columns_of_numbers_are_set_right_and_texts_left():
    html = table(Table(("Name", "Turns"), (("a", 1), ("b", None))))
    assert '<th scope="col" class="text">Name' in html
    assert '<th scope="col" class="number">Turns' in html


def test_a_bar_is_as_long_as_its_share():
    assert 'style="--part:62.5%"' in table(Table(("F1",), ((Share(0.625, bar=True),),)))


@pytest.mark.parametrize("role", ["ink", "muted"])
def test_text_is_legible_on_both_grounds(role):
    light, dark = PALETTE[role]
    assert contrast(light, "#ffffff") > 4.5
    assert contrast(light, "#f4f6f9") > 4.5
    assert contrast(dark, "#1a2029") > 4.5
    assert contrast(dark, "#12161c") > 4.5


@pytest.mark.parametrize("role", ["model", "first", "second", "third", "wrong"])
def test_marks_stand_out_on_both_grounds(role):
    light, dark = PALETTE[role]
    assert contrast(light, "#ffffff") > 3
    assert contrast(dark, "#1a2029") > 3


def test_colours_of_roles_differ_so_that_the_style_can_tell_them_apart():
    assert len({light for light, _ in PALETTE.values()}) == len(PALETTE)
