"""Attacks over MQTT, at the volume that broke an earlier version."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator

from proofs.hostile.attack import Attack, AttackTarget
from proofs.hostile.scene import GOOD_GATEWAYS

SILENT, SILENT_S = 2_000, 15.0
REFUSED = 1_100
FLOOD, FLOOD_S = 1_500_000, 60.0
GUESSES, GUESSES_S = 660, 30.0
"""60 a user: the ten good ones' and the attacker's own."""
PARALLEL = 300
DEAD, DEAD_S = 60_000, 45.0
A_MESSAGE = 100
"""Unknown points in a message."""
ANSWER_S = 30.0


def silent(target: AttackTarget) -> int:
    """Connections that send nothing, held open."""
    _room_for(SILENT)
    asyncio.run(_say_nothing(target))
    return SILENT


def refused(target: AttackTarget) -> int:
    """Gateways that nobody registered, all at a time."""
    _room_for(REFUSED)
    users = [f"mall-site/unknown-{number}" for number in range(REFUSED)]
    asyncio.run(_connect_all(target, users))
    return REFUSED


def flood(target: AttackTarget) -> int:
    """Messages of one gateway as fast as it can."""
    payload = b'{"readings":[{"point":"p0","kind":"register","unit":"kWh","value":1}]}'
    return _pour(target, itertools.repeat(payload, FLOOD), FLOOD_S)


def wrong_passwords(target: AttackTarget) -> int:
    """Guesses at every user from the address that the good gateways have too."""
    users = (*GOOD_GATEWAYS, target.user)
    began = time.monotonic()
    for number in range(GUESSES):
        user = users[number % len(users)]
        asyncio.run(_connect_all(target, [user]))
        time.sleep(max(0.0, began + (number + 1) * GUESSES_S / GUESSES - time.monotonic()))
    return GUESSES


def parallel_connects(target: AttackTarget) -> int:
    """CONNECTs with wrong passwords at the same moment, three times."""
    _room_for(PARALLEL)
    users = list(itertools.islice(itertools.cycle((*GOOD_GATEWAYS, target.user)), PARALLEL))
    for _ in range(3):
        asyncio.run(_connect_all(target, users))
    return 3 * PARALLEL


def dead_letters(target: AttackTarget) -> int:
    """Readings of points that nobody registered, each another one, and messages that are none."""
    sent = _pour(target, _unreadable(DEAD // A_MESSAGE), DEAD_S)
    return sent // 2 * (A_MESSAGE + 1)


ATTACKS = (
    Attack("silent_connections", silent),
    Attack("refused_gateways", refused),
    Attack("wrong_passwords", wrong_passwords),
    Attack("parallel_connects", parallel_connects),
    Attack("dead_letters", dead_letters),
    Attack("flood", flood),
)


def _unreadable(count: int) -> Iterator[bytes]:
    for number in range(count):
        names = (f"x{number * A_MESSAGE + place}" for place in range(A_MESSAGE))
        yield json.dumps({"readings": [{"point": name, "value": 1} for name in names]}).encode()
        yield b"{" + str(number).encode()


def _address(target: AttackTarget) -> tuple[str, int]:
    return target.host, target.mqtt_port


def _room_for(handles: int) -> None:
    """Lift our own limit: it is the platform's that is tried."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = handles + 256
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


async def _say_nothing(target: AttackTarget) -> None:
    tries = (asyncio.open_connection(*_address(target)) for _ in range(SILENT))
    found = await asyncio.gather(*tries, return_exceptions=True)
    await asyncio.sleep(SILENT_S)
    for one in found:
        if not isinstance(one, BaseException):
            one[1].close()


async def _connect_all(target: AttackTarget, users: list[str]) -> None:
    await asyncio.gather(*(_connect(target, user) for user in users))


async def _connect(target: AttackTarget, user: str) -> None:
    """CONNECT with a wrong password, and wait for what comes of it."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
        reader, writer = await asyncio.open_connection(*_address(target))
        writer.write(_connect_packet(user, "wrong"))
        await asyncio.wait_for(reader.readexactly(4), ANSWER_S)
        writer.close()
        await writer.wait_closed()


def _pour(target: AttackTarget, payloads: Iterator[bytes], most_s: float) -> int:
    """Publish as the attacker's gateway without waiting for PUBACKs, until time is up; how many
    messages left. What the platform does not read in time is not sent."""
    topic = f"greenoffice/v1/{target.user}/readings".encode()
    connection = socket.create_connection(_address(target), 5)
    connection.sendall(_connect_packet(target.user, target.password))
    connection.recv(4)
    threading.Thread(target=_swallow, args=(connection,), daemon=True).start()
    connection.settimeout(1.0)
    ends, sent = time.monotonic() + most_s, 0
    ids = itertools.cycle(range(1, 60_001))
    while some := list(itertools.islice(payloads, 500)):
        packets = b"".join(
            _packet(0x32, _text(topic) + struct.pack("!H", next(ids)) + one) for one in some
        )
        if not _send(connection, packets, ends):
            break
        sent += len(some)
    time.sleep(min(5.0, max(0.0, ends - time.monotonic())))
    connection.close()
    return sent


def _send(connection: socket.socket, data: bytes, ends: float) -> bool:
    """Whether all of it left in time."""
    view = memoryview(data)
    while view:
        if time.monotonic() > ends:
            return False
        try:
            view = view[connection.send(view) :]
        except TimeoutError:
            continue
        except OSError:
            return False
    return True


def _swallow(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            try:
                if not connection.recv(1 << 16):
                    return
            except TimeoutError:
                continue


def _connect_packet(user: str, password: str) -> bytes:
    flags, keep_alive_s = 0xC2, 120
    head = _text(b"MQTT") + bytes((4, flags)) + struct.pack("!H", keep_alive_s)
    name = f"attack-{time.monotonic_ns()}".encode()
    return _packet(0x10, head + _text(name) + _text(user.encode()) + _text(password.encode()))


def _text(text: bytes) -> bytes:
    return struct.pack("!H", len(text)) + text


def _packet(header: int, body: bytes) -> bytes:
    length, out = len(body), bytearray((header,))
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(out) + body
