"""Feedback is read strictly: what it says, of which conversation, in labels of the taxonomy."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnwise.decision_log import Feedback
from turnwise.serving.http.failures import RequestError
from turnwise.serving.http.feedback import feedback_request, feedback_schemas, read_feedback
from turnwise.taxonomy import Dimension, Label, Taxonomy

TAXONOMY = Taxonomy(
    "shop",
    (
        Dimension("intent", (Label("ask", ("ask",)), Label("buy", ("buy",)))),
        Dimension("issue", (Label("price", ("price",)),)),
    ),
)
AT = 1e9


def read(body: object) -> tuple[Feedback, ...]:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_feedback(sent, "router", [TAXONOMY], AT)


def said(**more: object) -> dict[str, object]:
    return {"conversation_id": "c", **more}


def fits(body: object) -> bool:
    """Whether a body is what the OpenAPI document says."""
    schemas = feedback_schemas([TAXONOMY])
    whole = {"components": {"schemas": schemas}, "$ref": "#/components/schemas/feedback_body"}
    return jsonschema_rs.is_valid(whole, body)


def test_everything_that_can_be_said_is_read():
    body = said(
        finished=True,
        resolved=False,
        rating="bad",
        hand_off=True,
        misrouted=False,
        duration=12,
        turn=2.0,
        corrected={"intent": "buy", "issue": "price"},
    )
    assert read(body) == (
        Feedback(AT, "c", "router", True, False, "bad", True, False, 12.0, 2, body["corrected"]),
    )


def test_what_is_left_out_or_null_is_not_known():
    nothing = dict.fromkeys(("finished", "rating", "hand_off", "duration", "turn", "corrected"))
    assert read(said(resolved=True, **nothing)) == (Feedback(AT, "c", "router", resolved=True),)


def test_a_batch_is_read_in_its_order():
    batch = [said(duration=place) for place in range(256)]
    assert [one.duration for one in read({"feedback": batch})] == list(range(256))


UNFIT = [
    ({}, "conversation_id"),
    ({"resolved": True}, "conversation_id"),
    (said(), None),
    (said(resolved=None), None),
    (said(corrected={}), None),
    (said(turn=1), None),
    (said(resolved="yes"), "resolved"),
    (said(resolved=1), "resolved"),
    (said(rating="fine"), "rating"),
    (said(rating=5), "rating"),
    (said(duration=-1), "duration"),
    (said(duration=10_000_001), "duration"),
    (said(duration="1"), "duration"),
    (said(resolved=True, turn=-1), "turn"),
    (said(resolved=True, turn=1.5), "turn"),
    (said(corrected={"mood": "ask"}), "corrected.mood"),
    (said(corrected={"intent": "price"}), "corrected.intent"),
    (said(corrected={"intent": ""}), "corrected.intent"),
    (said(corrected={"intent": None}), "corrected.intent"),
    (said(corrected={"x" * 250: "ask"}), "corrected." + "x" * 190),
    (said(resolved=True, comment="she was angry"), "comment"),
    ({"conversation_id": "", "resolved": True}, "conversation_id"),
    ({"conversation_id": "x" * 201, "resolved": True}, "conversation_id"),
    ({"feedback": []}, "feedback"),
    ({"feedback": [said(resolved=True)] * 257}, "feedback"),
    ({"feedback": [said(resolved=True), said()]}, "feedback.1"),
    ({"feedback": [said(corrected={"mood": "ask"})]}, "feedback.0.corrected.mood"),
    ({"feedback": [said(resolved=True)], "resolved": True}, "resolved"),
    ({"feedback": said(resolved=True)}, "feedback"),
    ([said(resolved=True)], None),
    ("resolved", None),
]


@pytest.mark.parametrize(("body", "field"), UNFIT)
def test_what_does_not_fit_is_refused_by_its_field(body: object, field: str | None):
    with pytest.raises(RequestError) as refused:
        read(body)
    assert (refused.value.status, refused.value.code) == (422, "invalid")
    assert refused.value.field == field or (field or "").startswith("corrected.xxx")
    assert not fits(body), "the OpenAPI document allows it"


@pytest.mark.parametrize("body", [b"", b"{", b'{"conversation_id": "\xff"}', b"[" * 100_000])
def test_what_is_no_json_is_told_from_it(body: bytes):
    with pytest.raises(RequestError) as refused:
        read(body)
    assert (refused.value.status, refused.value.code) == (400, "invalid_json")


def test_a_refusal_quotes_nothing_of_what_was_said():
    for body in (said(resolved="Agatha"), said(corrected={"intent": "Agatha"})):
        with pytest.raises(RequestError) as refused:
            read(body)
        assert b"Agatha" not in refused.value.body()


def test_the_examples_of_the_document_are_read():
    content = feedback_request(TAXONOMY)["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        assert fits(example["value"])
        assert read(example["value"])


maybe = st.none() | st.booleans()
fields = {
    **dict.fromkeys(("finished", "resolved", "hand_off", "misrouted"), maybe),
    "rating": st.sampled_from([None, "good", "bad", "fair"]),
    "duration": st.none() | st.integers(-5, 20) | st.floats(-1, 2e7),
    "turn": st.none() | st.integers(-2, 9) | st.just(3.0),
    "corrected": st.none()
    | st.dictionaries(
        st.sampled_from(["intent", "issue", "mood"]), st.sampled_from(["ask", "price"]), max_size=2
    ),
    "more": st.booleans(),
}


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({"conversation_id": st.text(max_size=3)}, optional=fields))
def test_what_is_read_is_what_the_document_allows(body: dict[str, object]):
    try:
        (one,) = read(body)
    except RequestError:
        assert not fits(body)
    else:
        assert fits(body)
        for name, value in body.items():
            kept = {"conversation_id": "conversation"}.get(name, name)
            assert getattr(one, kept) == ({} if name == "corrected" and value is None else value)
