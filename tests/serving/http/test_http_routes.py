"""What the routes answer, from a server in a process of its own."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from server_process import ASKING

from turnwise.bundle import Bundle
from turnwise.conversations import Conversation, Turn, merge_turns
from turnwise.serving import Policy, PolicyConfig
from turnwise.taxonomy import from_dict

WORDS = {"role": "customer", "content": "where is my parcel"}


@pytest.fixture(scope="module")
def policy(bundle_folder) -> Policy:
    return Policy(Bundle.load(bundle_folder, threads=1), PolicyConfig(**ASKING))


def as_conversation(talk, **more) -> Conversation:
    turns = tuple(Turn(one["role"], one["content"]) for one in talk["messages"])
    return Conversation(more.pop("id", ""), merge_turns(turns), **more)


def test_classify_says_what_the_policy_says_in_python(server, policy, talk):
    answer = server.ask("POST", "/v1/classify", talk).json
    (expected,) = policy.classify([as_conversation(talk)])
    assert {name: one["label"] for name, one in answer["labels"].items()} == {
        name: ranked[0][0] for name, ranked in expected.scores.items()
    }
    for name, ranked in expected.scores.items():
        assert answer["labels"][name]["confidence"] == pytest.approx(ranked[0][1], abs=1e-4)
    assert (answer["turn"], answer["message"]) == (2, 3)
    assert answer["bundle"] == policy.bundle.id


def test_decide_says_what_the_policy_says_in_python(server, policy, talk):
    answer = server.ask("POST", "/v1/decide", {**talk, "locale": "en"}).json
    expected = policy.decide(as_conversation(talk, locale="en"))
    assert (answer["kind"], answer["sure"], answer["why"]) == (
        expected.kind,
        expected.sure,
        expected.why,
    )
    assert [step["rule"] for step in answer["trace"]] == [step.rule for step in expected.trace]
    assert answer["labels"].keys() == expected.choices.keys()
    assert answer["taxonomy_version"] == policy.bundle.taxonomy.version


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/decide"])
def test_a_batch_is_answered_as_its_conversations_alone(server, talk, path):
    other = {"messages": [WORDS], "conversation_id": "b"}
    several = [talk, other] * 10
    answer = server.ask("POST", path, {"conversations": several}).json
    alone = [server.ask("POST", path, one).json for one in (talk, other)]
    assert len(answer["results"]) == 20
    for place, one in enumerate(answer["results"]):
        expected = alone[place % 2]
        assert one["conversation_id"] == expected["conversation_id"]
        for name, label in one["labels"].items():
            assert label["label"] == expected["labels"][name]["label"]


def test_the_taxonomy_reads_back_as_the_bundles(server, policy):
    assert from_dict(server.ask("GET", "/v1/taxonomy").json) == policy.bundle.taxonomy


def test_bundles_names_the_one_that_serves(server, policy):
    (only,) = server.ask("GET", "/v1/bundles").json["bundles"]
    assert (only["id"], only["serving"]) == (policy.bundle.id, True)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
def test_health_and_the_document_take_no_key(server, path):
    assert server.ask("GET", path, key="").status == 200


def asking(server, more) -> dict:
    """A conversation that ends in a question to the customer, and the answer with it."""
    body = {"messages": [{"role": "customer", "content": "it does not work"}], **more}
    answer = server.ask("POST", "/v1/decide", body).json
    assert answer["kind"] == "clarify", answer["why"]
    return {"body": body, "answer": answer}


def test_the_state_that_came_out_goes_in_again(server):
    asked = asking(server, {})
    question = asked["answer"]["question"]
    reply = [
        *asked["body"]["messages"],
        {"role": "bot", "content": question["text"]},
        {"role": "customer", "content": "the first one"},
    ]
    body = {"messages": reply, "state": asked["answer"]["state"]}
    answer = server.ask("POST", "/v1/decide", body).json
    assert answer["state"]["asked"][0] == question
    texts = [one["text"] for one in answer["state"]["asked"]]
    assert len(set(texts)) == len(texts), "a question was asked twice"


def test_a_conversation_with_an_id_needs_not_send_its_state(server):
    asked = asking(server, {"conversation_id": "kept-by-the-server"})
    reply = [
        *asked["body"]["messages"],
        {"role": "bot", "content": asked["answer"]["question"]["text"]},
        {"role": "customer", "content": "the first one"},
    ]
    body = {"messages": reply, "conversation_id": "kept-by-the-server"}
    kept = server.ask("POST", "/v1/decide", body).json
    sent = {"messages": reply, "state": asked["answer"]["state"]}
    told = server.ask("POST", "/v1/decide", sent).json
    assert kept["why"] == told["why"]
    asked_by = [[one["text"] for one in answer["state"]["asked"]] for answer in (kept, told)]
    assert asked_by[0] == asked_by[1]
    assert len(asked_by[0]) >= 1


def test_a_state_of_another_bundle_is_passed_over(server, talk):
    strange = {"label": "NO_SUCH_LABEL", "probability": 0.5}
    question = {"text": "A or B?", "dimension": "nowhere", "candidates": [strange]}
    state = {"asked": [question], "open": True, "before": {"intent": [strange]}, "unsettled": 1}
    answer = server.ask("POST", "/v1/decide", {**talk, "state": state})
    assert answer.status == 200
    assert question not in answer.json["state"]["asked"]


def test_every_answer_carries_the_headers_that_keep_browsers_safe(server, talk):
    for answer in (
        server.ask("POST", "/v1/classify", talk),
        server.ask("GET", "/nowhere"),
        server.ask("GET", "/v1/taxonomy", key="tw_wrong"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
        assert len(answer.headers["x-request-id"]) == 16


def test_the_log_tells_of_requests_and_never_what_was_said(server):
    talk = {"messages": [{"role": "customer", "content": "xylophone-4711"}]}
    answer = server.ask("POST", "/v1/decide", {**talk, "conversation_id": "zither-1"})
    server.ask("POST", "/v1/decide?said=trombone", {**talk, "bad": "xylophone-4711"})
    log = server.log.read_text()
    line = next(one for one in log.splitlines() if answer.headers["x-request-id"] in one)
    assert "POST /v1/decide 200" in line
    assert "key=everything conversations=1" in line
    for said in ("xylophone", "zither", "trombone", server.key):
        assert said not in log


def test_metrics_count_requests_decisions_labels_and_parts(server, talk):
    name = 'turnwise_requests_total{route="/v1/decide",status="200"}'
    before = server.metric(name)
    answer = server.ask("POST", "/v1/decide", talk).json
    assert server.metric(name) == before + 1
    sure = str(answer["sure"]).lower()
    assert server.metric(f'turnwise_decisions_total{{kind="{answer["kind"]}",sure="{sure}"}}') >= 1
    for dimension, one in answer["labels"].items():
        labels = f'dimension="{dimension}",kind="{answer["kind"]}",label="{one["label"]}"'
        assert server.metric(f"turnwise_labels_total{{{labels}}}") >= 1
        assert server.metric(f'turnwise_confidence_count{{dimension="{dimension}"}}') >= 1
    for part in ("queue", "model", "rules"):
        assert server.metric(f'turnwise_part_seconds_count{{part="{part}"}}') >= 1
    assert server.metric("turnwise_queue") == 0


def test_paths_that_are_not_there_share_one_line_of_the_metrics(server):
    for path in ("/a", "/b", "/v1/classify/c"):
        assert server.ask("GET", path).error == ("not_found", None)
    page = server.ask("GET", "/metrics").body.decode()
    assert 'route="other",status="404"' in page
    assert 'route="/a"' not in page


def test_many_at_once_are_all_answered(server, talk):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.ask("POST", "/v1/decide", talk), range(32)))
    assert {one.status for one in answers} == {200}
    assert len({json.dumps(one.json["labels"]) for one in answers}) == 1
