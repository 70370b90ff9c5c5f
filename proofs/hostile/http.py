"""Attacks over HTTP, at the volume that broke an earlier version."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Coroutine, Iterable, Iterator
from datetime import timedelta
from urllib.parse import quote

from greenoffice.folder import DataFolder
from metering.localtime import local_day
from proofs.hostile.attack import Attack, AttackTarget

BODIES, BODY_MB = 4, 300
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
HALF_OPEN, HALF_OPEN_S = 300, 15.0
READS = 300
STATEMENTS = 40
YEARS = 26
STATEMENT = (
    'SELECT sum("kwh"), mean("measured") FROM "energy" WHERE {} '
    'GROUP BY "hours", "day", "weekday", "hour", "item"'
)
GUESSES = 60
"""Of keys that there are none of, and as many wrong secrets of the attacker's own."""
FORWARDED = 200
MOST_S = 60.0
"""No attack of these lasts longer."""


def endless_bodies(target: AttackTarget) -> int:
    """Bodies in chunks that go on and on, without a key."""
    head = _head(target, "POST", "/v1/keys", "Transfer-Encoding: chunked")
    _at_once(_pour(target, head, BODY_MB << 4) for _ in range(BODIES))
    return BODIES


def half_open(target: AttackTarget) -> int:
    """Connections that stop in the middle of a head, held open."""
    _at_once(
        _hold(target, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ") for _ in range(HALF_OPEN)
    )
    return HALF_OPEN


def parallel_reads(target: AttackTarget) -> int:
    """The longest read of energy there is, many at the same moment."""
    today = local_day(DataFolder(target.data).clock().now_us(), "Asia/Shanghai")
    after = today + timedelta(days=1)
    days = f"start={after - timedelta(days=62)}&end={after}"
    path = f"/v1/energy?node=mall&item=01000&step=native&{days}"
    request = _head(target, "GET", path, f"X-API-Key: {target.key}")
    _at_once(_ask(target, request) for _ in range(READS))
    return READS


def statements(target: AttackTarget) -> int:
    """InfluxQL over many years by four labels; half of them are left after two seconds."""
    since = f"time >= now() - {365 * YEARS}d AND \"node\" = 'mall'"
    path = f"/influx/query?q={quote(STATEMENT.format(since))}"
    request = _head(target, "GET", path, f"X-API-Key: {target.key}")
    _at_once(_ask(target, request, 2.0 if number % 2 else MOST_S) for number in range(STATEMENTS))
    return STATEMENTS


def wrong_keys(target: AttackTarget) -> int:
    """Guesses from the address that the good keys have too."""
    _one_by_one(target, (_guess(target, key) for key in _wrong(target, GUESSES)))
    return 2 * GUESSES


def forwarded(target: AttackTarget) -> int:
    """Guesses that each say to come from somewhere else, also from the good ones' address."""
    spoken = ("127.0.0.1", "::1", "10.0.0.{0}, 127.0.0.1", "198.51.100.{0}", "unknown", "{0}" * 900)
    keys = list(_wrong(target, FORWARDED // 2))
    requests = (
        _guess(target, key, f"X-Forwarded-For: {spoken[number % len(spoken)].format(number % 250)}")
        for number, key in enumerate(keys)
    )
    _one_by_one(target, requests)
    return len(keys)


ATTACKS = (
    Attack("endless_bodies", endless_bodies),
    Attack("half_open", half_open),
    Attack("wrong_keys", wrong_keys),
    Attack("forwarded", forwarded),
    Attack("parallel_reads", parallel_reads),
    Attack("statements", statements),
)


def _wrong(target: AttackTarget, count: int) -> Iterator[str]:
    """Keys that there are none of, and wrong secrets of one that there is."""
    own = target.key[: target.key.rindex("_")]
    for number in range(count):
        yield f"go_{number:012x}_{'x' * 32}"
        yield f"{own}_{number:032d}"


def _guess(target: AttackTarget, key: str, *headers: str) -> bytes:
    return _head(target, "GET", "/v1/nodes", f"X-API-Key: {key}", *headers)


def _head(target: AttackTarget, method: str, path: str, *headers: str) -> bytes:
    first = f"{method} {path} HTTP/1.1"
    return "\r\n".join([first, f"Host: {target.host}", *headers, "", ""]).encode()


def _one_by_one(target: AttackTarget, requests: Iterator[bytes]) -> None:
    async def run() -> None:
        for request in requests:
            await _ask(target, request)

    _at_once([run()])


def _at_once(attacks: Iterable[Coroutine[None, None, None]]) -> None:
    """All of them side by side, until they are through or time is up."""

    async def run() -> None:
        tasks = [asyncio.ensure_future(one) for one in attacks]
        await asyncio.wait(tasks, timeout=MOST_S)
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, max(soft, 1024))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    asyncio.run(run())


async def _ask(target: AttackTarget, request: bytes, patience_s: float = MOST_S) -> None:
    """Send a request and take the first of its answer; leave when that is not there in time."""
    with contextlib.suppress(OSError, TimeoutError):
        reader, writer = await asyncio.open_connection(target.host, target.http_port)
        try:
            writer.write(request)
            await asyncio.wait_for(reader.read(1 << 16), patience_s)
        finally:
            writer.close()


async def _pour(target: AttackTarget, head: bytes, chunks: int) -> None:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(target.host, target.http_port)
        try:
            writer.write(head)
            for _ in range(chunks):
                writer.write(CHUNK)
                await writer.drain()
        finally:
            writer.close()


async def _hold(target: AttackTarget, begun: bytes) -> None:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(target.host, target.http_port)
        try:
            writer.write(begun)
            await asyncio.sleep(HALF_OPEN_S)
        finally:
            writer.close()
