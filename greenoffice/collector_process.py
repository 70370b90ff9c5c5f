"""The collector as a process: the ways in, their journals, their /metrics and their health."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import structlog

from collector import Listener
from collector.journal import records_behind
from collector.national import NationalServer
from greenoffice.asking import ASK_S, RequestsOfFolder, Telling
from greenoffice.broker_promises import tell_promises
from greenoffice.clock import ShiftedClock
from greenoffice.connected import CONNECTIONS_S, MANY, tell_connections
from greenoffice.folder import DataFolder
from greenoffice.handles import raise_handles
from greenoffice.heartbeat import (
    CERTIFICATES,
    EVERY_S,
    HELD,
    SUBSCRIBED,
    TAKEN,
    TROUBLES,
    heard,
    hold,
    tell,
)
from greenoffice.logs import set_up_logs
from greenoffice.parent import end_with_parent
from greenoffice.patience import BUSY_PATIENCE_S
from greenoffice.private import keep_private
from greenoffice.receivers import WRITERS, WayIn, ways_in, writer_no
from greenoffice.refused import RefusalNews, payload_of
from greenoffice.threads import end_with_threads
from metering.errors import ConfigurationError, Unavailable
from metering.intake import GatewayConnection
from metering.shard import WHOLE, Shard

_log = structlog.get_logger()


def run_collector(data: Path, parent: int, shard: Shard = WHOLE) -> None:
    """Accept gateways, or take a share of what a broker has, until terminated; ConfigurationError
    where port, disk or settings are unusable."""
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    keep_private(folder)
    name = shard.named("collector")
    set_up_logs(name, folder.clock())
    end_with_threads()
    alive = hold(folder.heartbeat(name))
    ways = ways_in(folder, raise_handles(), shard)
    try:
        asyncio.run(_receive(ways, folder, name))
    finally:
        for way in ways:
            way.journal.close()
        if alive is not None:
            alive.close()


async def _receive(ways: Sequence[WayIn], folder: DataFolder, name: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    for way in ways:
        await _start(way)
    tasks = [
        stop.wait(),
        _tell(ways, folder.heartbeat(name)),
        _follow(ways, folder),
        _bring(ways, folder),
        _ask(ways, folder),
        tell_promises([way.receiver for way in ways]),
    ]
    if _connected_to(ways):
        tasks.append(_tell_connections(ways, folder))
    tasks += [way.receiver.crashed() for way in ways]
    running = [asyncio.ensure_future(task) for task in tasks]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in running:
            task.cancel()
        for way in ways:
            await way.receiver.close()


async def _start(way: WayIn) -> None:
    deadline = time.monotonic() + BUSY_PATIENCE_S
    while True:
        try:
            await way.receiver.start()
            return
        except ConfigurationError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)


async def _tell(ways: Sequence[WayIn], file: Path) -> None:
    """Tell the receivers' health again and again."""
    while True:
        tell(file, {way.part: _health(way) for way in ways if not way.gone})
        await asyncio.sleep(EVERY_S)


def _connected_to(ways: Sequence[WayIn]) -> list[tuple[Listener | NationalServer, str]]:
    """The receivers that gateways connect to, with their names."""
    return [
        (way.receiver, way.name)
        for way in ways
        if isinstance(way.receiver, Listener | NationalServer)
    ]


async def _tell_connections(ways: Sequence[WayIn], folder: DataFolder) -> None:
    """Tell again and again who is connected; less often where that is many."""
    while True:
        told: dict[str, list[GatewayConnection]] = {}
        for receiver, _ in _connected_to(ways):
            for user, own in receiver.connections().items():
                told.setdefault(user, []).extend(own)
        await asyncio.to_thread(tell_connections, folder, told, ShiftedClock().now_us())
        await asyncio.sleep(max(CONNECTIONS_S, len(told) * CONNECTIONS_S / MANY))


async def _follow(ways: Sequence[WayIn], folder: DataFolder) -> None:
    """Tell the listeners again and again how far the intake is behind them."""
    while True:
        for receiver, name in _connected_to(ways):
            receiver.follow(await asyncio.to_thread(records_waiting, folder, WRITERS[name]))
        await asyncio.sleep(EVERY_S)


async def _bring(ways: Sequence[WayIn], folder: DataFolder) -> None:
    """Tell gateways again and again what the intake refused of them."""
    listeners = [way.receiver for way in ways if isinstance(way.receiver, Listener)]
    news = RefusalNews(folder.heartbeat("intake"))
    while True:
        for notice in await asyncio.to_thread(news.take):
            for listener in listeners:
                listener.tell(notice.gateway, "errors", payload_of(notice))
        await asyncio.sleep(EVERY_S)


async def _ask(ways: Sequence[WayIn], folder: DataFolder) -> None:
    """Tell gateways again and again what they are asked to send again."""
    own = {writer_no(way.name): way.receiver for way in ways if not way.former}
    now_us = folder.clock().now_us
    telling, told = Telling(own, now_us, RequestsOfFolder(folder), now_us()), ""
    while True:
        try:
            telling.tell(await asyncio.to_thread(telling.news))
            told = ""
        except Exception as away:  # whatever the store raises, gateways go on sending
            if str(away) != told:
                _log.warning("gateways are not asked for what is missing now", error=str(away))
            told = str(away)
        await asyncio.sleep(ASK_S)


def records_waiting(folder: DataFolder, writer_no: int) -> int | None:
    """Records of a writer that wait for the intake; None where it does not work, or cannot say."""
    intake = heard(folder.heartbeat("intake"))["intake"]
    place = intake.get(TAKEN, {}).get(str(writer_no))
    if not intake["ok"] or place is None:
        return None
    try:
        return records_behind(folder.journal, writer_no, *place)
    except Unavailable:
        return None


def _health(way: WayIn) -> dict[str, object]:
    health, passwords = way.receiver.health(), way.passwords
    can_admit = passwords is None or passwords.can_admit
    return {
        "ok": health.ok and can_admit,
        "connections": health.connections,
        "waiting_records": health.waiting_records,
        "held_gateways": len(health.held),
        HELD: {gateway: asdict(held) for gateway, held in health.held.items()},
        SUBSCRIBED: dict(health.subscribed),
        TROUBLES: {user: asdict(trouble) for user, trouble in health.troubles.items()},
        CERTIFICATES: {address: asdict(one) for address, one in health.certificates.items()},
        "error": health.failure or ("" if passwords is None else passwords.trouble),
    }
