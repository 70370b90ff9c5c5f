"""Workers answer as the application would, and are killed when they take too much."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

import psutil
import pytest

from api import Answered, Handed
from greenoffice.worker_pool import WorkerPool
from metering.access import ApiKey, Role
from metering.errors import Unavailable

KEY = ApiKey("k1", "reader", "campus", Role.READ, 5)
SCRIPT = """
import asyncio, json, os, socket, sys, time

async def app(scope, receive, send):
    wish, _, number = scope["path"][1:].partition("/")
    body = (await receive())["body"]
    if wish == "think":
        await asyncio.to_thread(time.sleep, float(number))
    if wish == "hold":
        held = b"x" * (int(number) << 20)
    if wish == "die":
        os._exit(3)
    key = scope["state"]["key"]
    told = [scope["method"], scope["query_string"].decode(), key.id, key.role, body.decode(),
            dict(scope["headers"])[b"x-a"].decode("latin-1"), os.getpid()]
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-b", b"\\xe9")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})

from greenoffice.worker_process import serve
asyncio.run(serve(app, socket.socket(fileno=int(sys.argv[1])), 64 << 20))
"""


def request(path: str = "/echo") -> Handed:
    return Handed("POST", path, "a=1", [("x-a", "é")], "1.2.3.4", KEY, b"the body")


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "worker.py"
    script.write_text(SCRIPT)
    return [sys.executable, str(script)]


def run(scenario) -> None:
    before = set(psutil.Process().children())
    asyncio.run(asyncio.wait_for(scenario(), 60))
    gc.collect()
    _, left = psutil.wait_procs(set(psutil.Process().children()) - before, timeout=10)
    assert not left, "with its connection a worker ends"


async def asked(pool: WorkerPool, path: str = "/echo") -> Answered | None:
    return await pool.answer(request(path), asyncio.get_running_loop().create_future())


def pid_in(answer: Answered | None) -> int:
    assert answer is not None
    return int(answer.body.decode().rpartition(",")[2].strip(" ]"))


def test_a_request_crosses_whole_and_one_worker_serves_many(command: list[str]) -> None:
    async def scenario() -> None:
        pool = WorkerPool(command)
        first, second = await asked(pool), await asked(pool)
        assert first is not None
        assert (first.status, first.headers) == (201, [("x-b", "é")])
        assert first.body.startswith(b'["POST", "a=1", "k1", "read", "the body", "\\u00e9", ')
        assert first.body == (second and second.body)

    run(scenario)


def test_no_more_work_at_once_than_there_may_be(command: list[str]) -> None:
    async def scenario() -> None:
        pool = WorkerPool(command, 2)
        answers = await asyncio.gather(*(asked(pool, "/think/0.2") for _ in range(6)))
        assert len({pid_in(one) for one in answers}) == 2

    run(scenario)


@pytest.mark.parametrize("path", ["/think/60", "/hold/2000", "/die"])
def test_what_takes_too_much_is_ended_and_the_next_is_answered(
    command: list[str], path: str
) -> None:
    async def scenario() -> None:
        pool = WorkerPool(command, 1, time_s=2)
        gone = pid_in(await asked(pool))
        with pytest.raises(Unavailable) as refused:
            await asked(pool, path)
        assert refused.value.fix
        assert not psutil.pid_exists(gone)
        assert pid_in(await asked(pool)) != gone

    run(scenario)


def test_an_answer_that_nobody_waits_for_is_ended(command: list[str]) -> None:
    async def scenario() -> None:
        pool = WorkerPool(command, 1, gone_s=0.1)
        first = pid_in(await asked(pool))
        gone = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.3, gone.set_result, None)
        assert await pool.answer(request("/think/60"), gone) is None
        assert not psutil.pid_exists(first)

    run(scenario)


def test_one_that_rests_ends_and_one_that_died_meanwhile_is_not_asked(command: list[str]) -> None:
    async def scenario() -> None:
        pool = WorkerPool(command, 1, rest_s=0.2)
        resting = psutil.Process(pid_in(await asked(pool)))
        await asyncio.to_thread(psutil.wait_procs, [resting], 10)
        assert not resting.is_running()
        killed = psutil.Process(pid_in(await asked(pool)))
        killed.kill()
        while killed.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.01)
        assert pid_in(await asked(pool)) != killed.pid

    run(scenario)


def test_where_none_can_be_started_that_is_said() -> None:
    async def scenario() -> None:
        for command in (["/nothing/there"], [sys.executable, "-c", "pass"]):
            with pytest.raises(Unavailable, match="no process"):
                await asked(WorkerPool(command))

    run(scenario)
