from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.llm.retrying import retry_after, worth_retrying

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Sun, 01 Mar 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sunday, 01-Mar-26 12:01:30 GMT"}, 90.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_a_server_says_how_long_to_wait_in_seconds_or_by_the_clock(headers, seconds):
    assert retry_after(headers, NOW) == seconds


@given(st.text())
def test_any_other_header_is_no_wait_or_one_that_is_not_negative(text):
    seconds = retry_after({"retry-after": text, "retry-after-ms": text}, NOW)
    assert seconds is None or seconds >= 0


def test_only_what_may_change_is_tried_again():
    again = {status for status in range(200, 600) if worth_retrying(status)}
    assert again == {408, 409, 425, 429, *range(500, 600)}
