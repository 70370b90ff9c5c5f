"""Clients that connect and do not ask cost the others nothing."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
import uvicorn

from greenoffice.http_connections import bounded

MOST = 20


async def app(scope, receive, send):
    """Reads the body, waits as long as the path says, and answers with its length."""
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    import asyncio

    await asyncio.sleep(float(scope["path"][1:] or 0))
    headers = [(b"content-length", str(len(str(size))).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture
def port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        number = taken.getsockname()[1]
    config = uvicorn.Config(
        app, port=number, log_level="error", http=bounded(MOST, 0.5, 1.0), timeout_keep_alive=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield number
    server.should_exit = True
    thread.join(10)


def get(port: int, path: str = "/") -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return bytes(answer.read())


def connect(port: int, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 30)
    connection.sendall(data)
    return connection


def ended(connection: socket.socket) -> bytes:
    """What came until the other side closed."""
    received = b""
    try:
        while chunk := connection.recv(4096):
            received += chunk
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_head_that_does_not_come_is_not_waited_for(port: int, begun: bytes) -> None:
    with connect(port, begun) as silent:
        assert ended(silent) == b""


def test_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123"
    with connect(port, head) as slow:
        assert ended(slow) == b""


def test_a_second_head_that_stops_half_way_ends_too(port: int) -> None:
    with connect(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        answer = b""
        while not answer.endswith(b"\r\n\r\n0"):
            answer += client.recv(4096)
        client.sendall(b"GET / HTT")
        assert ended(client) == b""


def test_half_open_connections_shut_nobody_out(port: int) -> None:
    """Ten times as many as there is room for: each good request is answered."""
    with ExitStack() as held:
        for n in range(10 * MOST):
            held.enter_context(connect(port, b"GET / HTTP/1.1\r\n"))
            if n % 20 == 19:
                assert get(port) == b"0"


def test_who_is_being_answered_keeps_its_place_and_the_next_is_told(port: int) -> None:
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(get(port, "/1.5"))) for _ in range(MOST)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(port)
    assert refused.value.code == 503
    assert refused.value.headers["retry-after"] == "5"
    for thread in threads:
        thread.join(30)
    assert answers == [b"0"] * MOST
    assert get(port) == b"0"
