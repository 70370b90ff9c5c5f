"""How the API is served: whose word about addresses is believed, and TLS."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from collector.tls_door import MOST_HANDSHAKES, Handshakes
from greenoffice.api_process import server_config
from greenoffice.client import ApiClient
from greenoffice.settings import HttpSettings, load_settings
from metering.errors import ConfigurationError


async def app(scope, receive, send):
    """Answers with the address and the scheme that it is told, as parts of a healthy platform."""
    if scope["type"] != "http":
        return
    text = f'{{"parts": {{"seen": {{"detail": ["{scope["client"][0]}", "{scope["scheme"]}"]}}}}}}'
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})


@contextmanager
def served(**settings: object) -> Iterator[HttpSettings]:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        http = HttpSettings(port=taken.getsockname()[1], **settings)
    server = uvicorn.Server(server_config(app, http, 1024))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield http
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        ((), "127.0.0.1"),
        (("10.0.0.0/8",), "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9"),
        (("127.0.0.0/8", "203.0.113.0/24"), "198.51.100.1"),
    ],
)
def test_only_a_named_proxy_tells_of_addresses(proxies: tuple[str, ...], seen: str) -> None:
    """The last address that no named proxy has: the ones before it anybody can write."""
    with served(trusted_proxies=proxies) as http:
        request = urllib.request.Request(
            http.url, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert f'"{seen}"' in answer.read().decode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=office.example"
    made = [*command.split(), "-keyout", str(key), "-out", str(chain)]
    subprocess.run(made, check=True, capture_output=True)
    return chain, key


def test_with_a_certificate_the_port_speaks_tls(certificate: tuple[Path, Path]) -> None:
    """The command line trusts this certificate and no other."""
    chain, key = certificate
    with served(certificate=chain, private_key=key) as http:
        assert http.url.startswith("https://")
        trusting = ApiClient(http.url, "k", certificate=chain)
        assert trusting.health() == {"seen": ["127.0.0.1", "https"]}
        with pytest.raises(OSError, match=r"CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(http.url, timeout=30, context=ssl.create_default_context())


def test_who_begins_no_handshake_makes_room_for_those_who_do(
    certificate: tuple[Path, Path],
) -> None:
    """Half of them say nothing, the others begin one and stop; none is ever a connection."""
    chain, key = certificate
    with served(certificate=chain, private_key=key) as http, ExitStack() as stack:
        idle = []
        for number in range(2 * MOST_HANDSHAKES):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", http.port), 30))
            if number % 2:
                one.sendall(b"\x16\x03")
            idle.append(one)
        trusting = ApiClient(http.url, "k", certificate=chain)
        for _ in range(5):
            assert trusting.health() == {"seen": ["127.0.0.1", "https"]}


@pytest.mark.parametrize("bound", [{"within_s": 0.2}, {"within_s": 900.0, "most": 4}])
def test_a_handshake_has_its_time_and_its_room(
    certificate: tuple[Path, Path], bound: dict[str, Any]
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def silent() -> None:
        handshakes = Handshakes(lambda: context, **bound)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: handshakes.door(asyncio.Protocol), "127.0.0.1", 0)
        async with server:
            place = server.sockets[0].getsockname()
            opened = [await asyncio.open_connection(*place) for _ in range(6)]
            for reader, _ in opened[:2]:
                with suppress(ConnectionResetError):
                    assert await asyncio.wait_for(reader.read(), 30) == b""
            assert opened[-1][0].at_eof() is False or "most" not in bound
            for _, writer in opened:
                writer.close()

    asyncio.run(silent())


def test_who_is_through_makes_no_room(certificate: tuple[Path, Path]) -> None:
    """Only handshakes under way are counted."""
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(*certificate)
    client_side = ssl.create_default_context(cafile=str(certificate[0]))

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.transport.write(data)

    async def several() -> None:
        handshakes = Handshakes(lambda: server_side, most=2)
        server = await asyncio.get_running_loop().create_server(
            lambda: handshakes.door(Echo), "127.0.0.1", 0
        )
        async with server:
            place = server.sockets[0].getsockname()
            opened = [
                await asyncio.open_connection(
                    *place, ssl=client_side, server_hostname="office.example"
                )
                for _ in range(6)
            ]
            for reader, writer in opened:
                writer.write(b"still here")
                assert await asyncio.wait_for(reader.readexactly(10), 30) == b"still here"
            for _, writer in opened:
                writer.close()

    asyncio.run(several())


def test_what_comes_with_the_end_of_the_handshake_is_not_lost(
    certificate: tuple[Path, Path],
) -> None:
    """A client may send at once: nothing is dropped, doubled or out of order."""
    chain, key = certificate
    context = ssl.create_default_context(cafile=str(chain))
    context.check_hostname = False
    head = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with served(certificate=chain, private_key=key) as http:
        for _ in range(20):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_hostname="office.example")
            with socket.create_connection(("127.0.0.1", http.port), 30) as raw:
                while True:
                    try:
                        tls.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        raw.sendall(outgoing.read())
                        incoming.write(raw.recv(65_536))
                tls.write(head)
                raw.sendall(outgoing.read())  # Finished and the request in one
                answer = b""
                while b'"https"' not in answer:
                    incoming.write(raw.recv(65_536))
                    with suppress(ssl.SSLWantReadError):
                        while part := tls.read():
                            answer += part
                assert answer.count(b"HTTP/1.1 200") == 1


def test_a_certificate_of_no_use_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    chain, key = certificate
    for wrong in ((tmp_path / "absent.pem", key), (key, key), (chain, tmp_path / "absent.pem")):
        http = HttpSettings(certificate=wrong[0], private_key=wrong[1])
        with pytest.raises(ConfigurationError) as refused:
            server_config(app, http, 1024)
        assert refused.value.field == "http.certificate"
        assert refused.value.fix


def test_proxies_are_addresses_or_networks(tmp_path: Path) -> None:
    file = tmp_path / "greenoffice.toml"
    file.write_text('[http]\ntrusted_proxies = ["10.1.2.3", "fd00::/8"]\ndetails = "key"\n')
    assert [str(one) for one in load_settings(file).http.trusted_proxies] == [
        "10.1.2.3/32",
        "fd00::/8",
    ]
    for wrong in ('trusted_proxies = ["*"]', 'trusted_proxies = ["proxy"]', 'details = "none"'):
        file.write_text(f"[http]\n{wrong}\n")
        with pytest.raises(ConfigurationError) as refused:
            load_settings(file)
        assert str(refused.value.field).startswith("http.")
