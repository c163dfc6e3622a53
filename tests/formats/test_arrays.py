import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.errors import FormatError
from turnwise.formats.arrays import elements

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(['"}', "]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=4), values, max_size=3).map(lambda one: {"id": 1} | one)


def pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@given(st.lists(objects, max_size=6), st.integers(1, 50), st.sampled_from([None, 1]))
def test_an_array_reads_the_same_in_pieces_of_any_size(array, size, indent):
    found = list(elements(pieces(json.dumps(array, indent=indent), size), ["id"]))
    assert [element.value for element in found] == array
    assert all(element.error is None for element in found)


def test_each_element_carries_the_line_it_begins_on():
    text = '[\n {"id": 1},\n {"id":\n 2}, {"id": 3}\n]'
    assert [element.line for element in elements([text], ["id"])] == [2, 3, 4]


@pytest.mark.parametrize(
    "broken",
    ['{"id": 2, "inner": {"x": 1,,}}', '{"id": 2 "x": 3}', '{"id": "a"b"}', '{"id": [{}, {"x": 1}'],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_broken_element_costs_itself_and_no_other(broken, size):
    text = f'[{{"id": 1}},\n{broken},\n{{"id": 3}}, {{"id": 4}}]'
    found = list(elements(pieces(text, size), ["id"]))
    assert [element.value for element in found] == [{"id": 1}, None, {"id": 3}, {"id": 4}]
    assert found[1].line == 2
    assert found[1].error is not None
    assert "broken JSON" in str(found[1].error)
    assert found[1].raw.startswith('{"id"')


def test_a_broken_last_element_ends_the_array():
    found = list(elements(['[{"id": 1}, {"id": 2,,}]'], ["id"]))
    assert [element.value for element in found] == [{"id": 1}, None]


def test_an_array_that_is_cut_off_gives_what_came_before_and_says_so():
    found = elements(['[{"id": 1},\n{"id": 2'], ["id"])
    assert next(found).value == {"id": 1}
    assert next(found).error is not None
    with pytest.raises(FormatError, match="no end"):
        next(found)


def test_nesting_without_end_is_an_error_and_no_crash():
    deep = '{"id": ' + "[" * 100_000 + "]" * 100_000 + "}"
    found = list(elements([f'[{deep}, {{"id": 2}}]'], ["id"]))
    assert "nested too deeply" in str(found[0].error)
    assert found[-1].value == {"id": 2}


def test_a_number_of_thousands_of_digits_is_an_error_and_no_crash():
    found = list(elements(['[{"id": ' + "9" * 5_000 + '}, {"id": 2}]'], ["id"]))
    assert found[0].error is not None
    assert found[-1].value == {"id": 2}


def test_what_is_no_array_is_refused():
    with pytest.raises(FormatError, match="no JSON array"):
        list(elements(['{"id": 1}'], ["id"]))
