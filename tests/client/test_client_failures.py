"""Everything that can come in place of an answer."""

from __future__ import annotations

import asyncio

import pytest

from turnwise.client import (
    AsyncClient,
    BusyError,
    Client,
    InvalidRequestError,
    ServiceError,
    UnauthorizedError,
    UnavailableError,
    attempts,
)
from turnwise.errors import ConfigError

TALK = [{"role": "customer", "content": "hello"}]
OK = {"status": "ok"}
BUNDLES = {"bundles": [], "experiment": None}
REFUSED = {"error": {"code": "overloaded", "message": "later", "field": None}}


@pytest.fixture
def no_pauses(monkeypatch) -> list[float]:
    """The seconds that were waited for."""
    waited: list[float] = []

    async def noted(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setattr("asyncio.sleep", noted)
    return waited


def asks(address: str, **settings: object) -> list:
    """To ask the same in both ways."""

    def wait() -> object:
        with Client(address, **settings) as client:
            return client.bundles()

    async def other() -> object:
        async with AsyncClient(address, **settings) as client:
            return await client.bundles()

    return [wait, lambda: asyncio.run(other())]


@pytest.mark.parametrize("way", [0, 1], ids=["sync", "async"])
def test_who_is_busy_is_asked_again_when_they_say_so(scripted, no_pauses, way):
    scripted.will(503, REFUSED, retry_after="2").will(429, REFUSED, retry_after="1")
    scripted.will(200, BUNDLES)
    assert asks(scripted.address)[way]().bundles == ()
    assert len(scripted.asked) == 3
    first, second = no_pauses
    assert 2 <= first <= 2.5
    assert 1 <= second <= 1.25


@pytest.mark.parametrize("way", [0, 1], ids=["sync", "async"])
def test_a_connection_that_ends_before_an_answer_is_made_again(scripted, no_pauses, way):
    scripted.answers.append(b"")
    scripted.will(200, BUNDLES)
    assert asks(scripted.address)[way]().bundles == ()
    assert len(scripted.asked) == 2
    assert len(no_pauses) == 1


def test_tries_are_as_many_as_were_asked_for(scripted, no_pauses):
    for _ in range(5):
        scripted.will(503, REFUSED)
    with pytest.raises(BusyError) as raised:
        asks(scripted.address, retries=3)[0]()
    assert len(scripted.asked) == 4
    assert raised.value.retry_after is None
    assert sorted(no_pauses) == no_pauses, "where nobody says how long, pauses grow"


def test_a_long_wait_is_left_to_the_caller(scripted, no_pauses):
    scripted.will(429, REFUSED, retry_after="60")
    with pytest.raises(BusyError) as raised:
        asks(scripted.address)[0]()
    assert (raised.value.retry_after, no_pauses) == (60, [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, UnauthorizedError),
        (403, UnauthorizedError),
        (404, ServiceError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (500, ServiceError),
        (502, UnavailableError),
    ],
)
def test_no_other_refusal_is_tried_again(scripted, no_pauses, status, kind):
    facts = {"code": "word", "message": "what is wrong", "field": "a.b"}
    scripted.will(status, {"error": facts}, x_request_id="r1")
    with pytest.raises(ServiceError) as raised:
        asks(scripted.address)[0]()
    error = raised.value
    assert type(error) is kind
    assert (error.status, error.code, error.field, error.request_id) == (
        status,
        "word",
        "a.b",
        "r1",
    )
    assert "what is wrong" in error.message
    assert (len(scripted.asked), no_pauses) == (1, [])


@pytest.mark.parametrize("way", [0, 1], ids=["sync", "async"])
def test_who_is_late_is_named_with_the_seconds_and_not_asked_again(scripted, no_pauses, way):
    with pytest.raises(UnavailableError) as raised:
        asks(scripted.address, timeout=0.1)[way]()
    assert str(raised.value) == f"{scripted.address}/v1/bundles: no whole answer within 0.1 s"
    assert (len(scripted.asked), no_pauses) == (1, [])


@pytest.mark.parametrize("way", [0, 1], ids=["sync", "async"])
def test_an_answer_that_breaks_off_is_no_answer(scripted, no_pauses, way):
    scripted.will(200, BUNDLES)
    scripted.answers = [scripted.answers[0][:-5]]
    with pytest.raises(UnavailableError, match="broke off"):
        asks(scripted.address)[way]()
    assert no_pauses == []


def test_a_redirect_is_not_followed_and_no_key_goes_elsewhere(scripted):
    scripted.will(307, b"", location=f"{scripted.address}/elsewhere")
    with pytest.raises(ServiceError, match="not followed") as raised:
        asks(scripted.address, key="tw_secret")[0]()
    assert (raised.value.status, len(scripted.asked)) == (307, 1)
    assert "tw_secret" not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"",
        b"\xff",
        b"[1]",
        b'{"bundles": 1}',
        b"null",
        b"[" * 100_000,
        b'{"error": 1}',
    ],
)
@pytest.mark.parametrize("status", [200, 418])
def test_what_no_service_says_is_an_error_that_says_so(scripted, status, body):
    scripted.will(status, body)
    with pytest.raises(ServiceError) as raised:
        asks(scripted.address)[0]()
    assert raised.value.status == status
    assert "base_url" in str(raised.value) or "another version" in str(raised.value)


def test_an_answer_has_an_end(scripted, monkeypatch):
    monkeypatch.setattr(attempts, "MOST_BYTES", 1000)
    scripted.will(200, b" " * 1001)
    with pytest.raises(ServiceError, match="too long"):
        asks(scripted.address)[0]()


def test_a_batch_with_an_answer_too_few_is_refused(scripted):
    scripted.will(200, {"results": []})
    with Client(scripted.address) as client, pytest.raises(ServiceError, match="0 answers"):
        client.decide_many([{"messages": TALK}])


def test_health_is_asked_once_and_only_a_service_is_healthy(scripted, no_pauses):
    with Client(scripted.address) as client:
        scripted.will(503, REFUSED, retry_after="1")
        assert not client.ready()
        scripted.will(200, OK)
        assert client.healthy()
        scripted.will(404, b"")
        with pytest.raises(ServiceError, match="base_url"):
            client.healthy()
    assert (len(scripted.asked), no_pauses) == (3, [])


def test_a_proxy_of_the_environment_is_not_told_what_stays_on_this_machine(scripted, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    scripted.will(200, BUNDLES)
    assert asks(scripted.address)[0]().bundles == ()


def test_what_is_sent_carries_the_key_and_asks_for_nothing_packed(scripted):
    scripted.will(200, BUNDLES)
    asks(scripted.address + "/", key="tw_secret")[0]()
    (asked,) = scripted.asked
    assert asked.headers["authorization"] == "Bearer tw_secret"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.line == "GET /v1/bundles HTTP/1.1"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:8080",
        "ftp://localhost",
        "http://",
        "http://me:secret@localhost",
        "http://localhost?key=secret",
        "http://localhost#x",
        "http://localhost:99999",
        "http://local host",
        "http://127.0.0.1\\@evil.example",
        "http://127.0.0.1\n.evil.example",
        "http://localhost/a//b",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ConfigError, match="base_url") as raised:
        Client(address)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    ["http://intents.example.com", "http://10.0.0.1:8080", "http://127.0.0.1.evil.example"],
)
def test_a_key_does_not_travel_unencrypted_unless_it_is_said(address):
    for kind in (Client, AsyncClient):
        with pytest.raises(ConfigError, match="unencrypted"):
            kind(address, "tw_secret")
        kind(address, "tw_secret", insecure=True)
        kind(address)
        kind(address.replace("http:", "https:"), "tw_secret")


@pytest.mark.parametrize(
    "address", ["http://localhost", "http://127.1.2.3:1", "http://[::1]:8080/x"]
)
def test_on_this_machine_a_key_needs_no_encryption(address):
    Client(address, "tw_secret").close()


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": 0},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"retries": -1},
        {"retries": 11},
        {"key": "tw_\nx-other: 1"},
        {"key": "tw_ä"},
    ],
)
def test_a_setting_out_of_its_range_is_refused(settings):
    (name,) = settings
    with pytest.raises(ConfigError, match=name) as raised:
        Client(**settings)
    assert "tw_" not in str(raised.value)
