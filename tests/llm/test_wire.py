"""The wire itself: bodies of unknown length, connections kept, proxies, TLS."""

import asyncio
import shutil
import ssl
import subprocess
from contextlib import asynccontextmanager

import pytest

from turnwise.llm.wire import Connections, CutError, Response, UnreachableError

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 2\r\n\r\nhi"


class Plain:
    """A server that answers every request with the same bytes.

    Attributes:
        connections: that were opened; heads: of the requests that came.
    """

    def __init__(self, answer: bytes, *, closes: bool = False) -> None:
        self.answer, self.closes = answer, closes
        self.connections, self.heads = 0, []

    async def serve(self, reader, writer) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                if head.startswith("CONNECT"):
                    await self._pass_on(head.split()[1], reader, writer)
                    break
                size = next(n for n in head.lower().splitlines() if n.startswith("content-length"))
                await reader.readexactly(int(size.split()[1]))
                writer.write(self.answer)
                await writer.drain()
                if self.closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def _pass_on(self, place: str, reader, writer) -> None:
        """As a proxy does for a connection that it can't read."""
        host, _, port = place.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source, sink) -> None:
            while data := await source.read(65_536):
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


@asynccontextmanager
async def up(server: Plain, tls: ssl.SSLContext | None = None):
    """The server's port, as long as it runs."""
    running = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    async with running:
        yield running.sockets[0].getsockname()[1]


def post(server: Plain, times: int = 1, timeout: float = 5.0) -> list[Response]:
    async def story() -> list[Response]:
        async with up(server) as port:
            connections = Connections(f"http://127.0.0.1:{port}/v1/", timeout)
            try:
                return [await connections.post("/x", {}, b"{}") for _ in range(times)]
            finally:
                await connections.close()

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (LENGTH, b"hi"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhey\r\n2\r\n, \r\n0\r\n\r\n", b"hey, "),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH, b"hi"),
    ],
    ids=["length", "chunks", "after a continue"],
)
def test_a_body_is_read_whole_and_the_connection_kept(answer, body):
    server = Plain(answer)
    answers = post(server, 3)
    assert [(one.status, one.body, one.whole) for one in answers] == [(200, body, True)] * 3
    assert server.connections == 1
    assert server.heads[0].startswith("POST /v1/x HTTP/1.1\r\n")


def test_a_connection_that_the_server_closes_is_replaced():
    server = Plain(LENGTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), closes=True)
    assert [one.body for one in post(server, 3)] == [b"hi"] * 3
    assert server.connections == 3


def test_a_body_may_end_with_its_connection():
    server = Plain(OK + b"\r\nall of it", closes=True)
    assert [one.body for one in post(server, 2)] == [b"all of it"] * 2


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"SSH-2.0-x\r\n\r\n", LENGTH[:-1]])
def test_an_answer_that_is_cut_or_is_no_http_is_said(answer):
    with pytest.raises(CutError):
        post(Plain(answer, closes=True))


def test_no_answer_in_time_is_said():
    with pytest.raises(CutError, match=r"no answer within 0\.2 s"):
        post(Plain(b""), timeout=0.2)


def test_a_name_that_nobody_has_is_unreachable():
    connections = Connections("http://nobody.invalid/v1", 5.0)
    with pytest.raises(UnreachableError):
        asyncio.run(connections.post("/x", {}, b"{}"))


def test_a_proxy_of_the_environment_is_used_and_hosts_without_one_are_not(monkeypatch):
    async def story(base: str) -> None:
        connections = Connections(base, 5.0)
        assert (await connections.post("/x", {}, b"{}")).body == b"hi"
        await connections.close()

    async def both() -> None:
        proxy, server = Plain(LENGTH), Plain(LENGTH)
        async with up(proxy) as proxy_port, up(server) as port:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy_port}")
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            await story("http://model.invalid/v1")
            await story(f"http://127.0.0.1:{port}/v1")
        assert [head.splitlines()[0] for head in proxy.heads] == [
            "POST http://model.invalid/v1/x HTTP/1.1"
        ]
        assert len(server.heads) == 1

    asyncio.run(both())


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """Files of a certificate for localhost, which this process trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl to make a certificate")
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} "
        f"-out {made} -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost".split(),
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made, key)
    return tls


def test_tls_is_spoken_directly_and_through_a_proxy_and_certificates_are_checked(
    certificate, monkeypatch
):
    async def asked(base: str) -> bytes:
        connections = Connections(base, 5.0)
        try:
            return (await connections.post("/x", {}, b"{}")).body
        finally:
            await connections.close()

    async def story() -> None:
        server, proxy = Plain(LENGTH), Plain(b"")
        async with up(server, certificate) as port, up(proxy) as proxy_port:
            assert await asked(f"https://localhost:{port}/v1") == b"hi"
            with pytest.raises(UnreachableError, match="certificate"):
                await asked(f"https://127.0.0.1:{port}/v1")
            monkeypatch.setenv("https_proxy", f"http://me:word@127.0.0.1:{proxy_port}")
            assert await asked(f"https://localhost:{port}/v1") == b"hi"
            assert proxy.heads[0].startswith(f"CONNECT localhost:{port} HTTP/1.1")
            assert "Proxy-Authorization: Basic bWU6d29yZA==" in proxy.heads[0]

    asyncio.run(story())
