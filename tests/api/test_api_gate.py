"""Bounds of a request, over a real server: nobody makes us hold what we do not want."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import psutil
import pytest
import uvicorn

from greenoffice.api_process import server_config
from greenoffice.settings import HttpSettings

CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
MB = 1 << 20


@pytest.fixture(scope="module")
def served(shared_world) -> Iterator[tuple[int, dict[str, str]]]:
    """The port of a server, and the keys."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    server = uvicorn.Server(server_config(shared_world.client.app, HttpSettings(port=port), 1024))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port, shared_world.keys
    server.should_exit = True
    thread.join(10)


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def asked(port: int, request: bytes, more: bytes = b"", times: int = 0) -> tuple[int, bytes, int]:
    """Status and body of the answer, and how many bytes of the body went out before it."""
    sent, answered = [0], threading.Event()
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(request)

        def push() -> None:
            for _ in range(times):
                if answered.is_set():
                    return
                client.sendall(more)
                sent[0] += len(more)

        sender = threading.Thread(target=lambda: suppressed(push), daemon=True)
        sender.start()
        received = client.recv(1 << 20)
        while b"\r\n\r\n" not in received or received.endswith(b"\r\n\r\n"):
            if not (chunk := client.recv(1 << 20)):
                break
            received += chunk
        answered.set()
        went = sent[0]
        client.shutdown(socket.SHUT_RDWR)
        sender.join(10)
    status, _, rest = received.partition(b"\r\n")
    return int(status.split()[1]), rest.partition(b"\r\n\r\n")[2], went


def suppressed(run) -> None:
    with suppress(OSError):
        run()


@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        ("/v1/keys", None, 401),
        ("/v1/keys", "whole", 413),
        ("/v1/registry/import", None, 401),
        ("/v1/registry/import", "reader", 403),
        ("/v1/registry/import", "whole", 413),
        ("/v1/ingest?gateway=campus/gw-1", None, 401),
        ("/v1/ingest?gateway=campus/gw-1", "operator", 413),
        ("/influx/query", None, 413),
        ("/signin", None, 413),
        ("/findings/f-after/state", None, 413),
        ("/nothing", None, 413),
    ],
)
def test_a_body_without_end_is_answered_before_it_is_read(served, path, name, status) -> None:
    """Of 300 MB in chunks no more is taken than the bound of the route and what is on the way."""
    port, keys = served
    own = [f"X-API-Key: {keys[name]}"] if name else []
    began = head(
        f"POST {path}", *own, "Content-Type: application/json", "Transfer-Encoding: chunked"
    )
    before = psutil.Process().memory_info().rss
    found, body, sent = asked(port, began, CHUNK, 4800)
    assert found == status, body
    assert sent < (48 if "import" in path and name else 16) * MB
    assert psutil.Process().memory_info().rss - before < 150 * MB


def test_a_declared_length_is_believed_at_once(served) -> None:
    port, keys = served
    for own, status in (([], 401), ([f"X-API-Key: {keys['whole']}"], 413)):
        began = head("POST /v1/keys", *own, "Content-Length: 300000000")
        found, body, _ = asked(port, began)
        assert found == status
        assert json.loads(body)["fix"]


def test_a_client_that_was_refused_may_ask_again_once_its_body_is_through(served) -> None:
    port, _ = served
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(head("POST /v1/keys", "Content-Length: 100000"))
        answer = b""
        while not answer.endswith(b"}"):
            answer += client.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 401")
        client.sendall(b"x" * 100_000 + head("GET /health"))
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_refused_body_that_goes_on_is_cut_off(served) -> None:
    port, _ = served
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(head("POST /v1/keys", "Transfer-Encoding: chunked"))
        assert client.recv(65_536).startswith(b"HTTP/1.1 401")
        with pytest.raises(OSError, match=r"reset|pipe"):
            client.sendall(CHUNK * 1000)


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("GET /v1/nodes?q=" + "x" * 70_000, [], 414),
        ("GET /" + "x" * 70_000, [], 414),
        ("GET /influx/query?q=" + "x" * 70_000, [], 414),
        ("GET /v1/nodes", ["X-Long: " + "x" * 40_000], 431),
        ("GET /v1/nodes", [f"X-{n}: y" for n in range(15_000)], 431),
        ("GET /v1/nodes", ["X-Long: " + "x" * 3_000_000], 431),
    ],
)
def test_a_head_beyond_its_bound_is_refused(served, line, headers, status) -> None:
    found, body, _ = asked(served[0], head(line, *headers))
    assert found == status
    assert len(body) < 2_000
    assert not body or json.loads(body)["status"] == status


def test_an_import_reads_parts_up_to_its_bound(served) -> None:
    """Also an upload that does not say how long it is."""
    port, keys = served
    named = b'Content-Disposition: form-data; name="files"; filename="tree.csv"'
    part = b"--b\r\n" + named + b"\r\n\r\ncode\nx\r\n--b--\r\n"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(part), part)
    began = head(
        "POST /v1/registry/import?dry_run=true",
        f"X-API-Key: {keys['whole']}",
        "Content-Type: multipart/form-data; boundary=b",
        "Transfer-Encoding: chunked",
    )
    found, body, _ = asked(port, began + chunked)
    assert found == 200, body


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/signin", b"application/x-www-form-urlencoded"),
        ("/v1/registry/import", b"multipart/form-data; boundary=x"),
    ],
)
def test_who_leaves_in_the_middle_of_a_body_is_no_error_of_ours(
    world, path: str, kind: bytes
) -> None:
    sent: list[object] = []
    scope = {
        **{"type": "http", "method": "POST", "path": path, "raw_path": path.encode()},
        **{"query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1"},
        **{"client": ("127.0.0.1", 1), "server": ("x", 80), "asgi": {"version": "3.0"}},
        "headers": [
            (b"content-type", kind),
            (b"content-length", b"50"),
            (b"x-api-key", world.keys["whole"].encode()),
        ],
    }
    parts = [{"type": "http.request", "body": b"key=", "more_body": True}]

    async def receive() -> dict[str, object]:
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(world.client.app(scope, receive, send))
    counted = world.client.get("/metrics").text
    assert 'status="500"' not in counted
