"""`python -m proofs shards`: work that several processes share is the work of one.

Gateways of several institutions push at QoS 1 through one Mosquitto. First one collector takes
what comes; then the broker is shared among two, one of which is killed amid the work and left dead
for a while. So is one of two ledgers that share the institutions, with their books in PostgreSQL.
Everything that the broker acknowledged is in a journal, every reading counts once, nobody books
for a ledger that is dead, and the books are those of one collector and one ledger.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from collector import JournalReader
from greenoffice.folder import DataFolder
from greenoffice.health import waiting_messages
from greenoffice.heartbeat import heard
from greenoffice.ports import usable_port
from greenoffice.sharing import arguments_of
from greenoffice.stores import open_readings, open_stores
from metering.bookhash import book_hash
from metering.localtime import MINUTE_US, iso, parse_instant
from metering.shard import all_shards, read_name
from proofs.servers.mosquitto import OwnMosquitto
from proofs.servers.postgres import OwnPostgres
from proofs.steps import COMMAND, finish, say, wait_until
from proofs.world_folder import platform_folder

NOW: Final = "2026-11-12T10:00:00+08:00"
_FIRST_US: Final = parse_instant("2026-11-04T00:00:00+08:00")
_INSTITUTIONS: Final = 6
_GATEWAYS: Final = ("g", "h")
_PACE_S: Final = 0.02
"""Between two messages while something happens [s]."""
_COLLECTORS: Final = 2
_LEDGERS: Final = 2


@dataclass(frozen=True)
class FedMessage:
    """One message and what it says: (point, time) of each reading."""

    topic: str
    payload: bytes
    readings: tuple[tuple[str, int], ...]


def run_shards_check(hours: int, seed: int) -> None:
    """The whole check; exit status 1 when anything is missing, counts twice, or books differ."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-shards-") as temporary:
        root, messages = Path(temporary), messages_of(hours, seed)
        with contextlib.ExitStack() as stack:
            broker = OwnMosquitto(root / "broker")
            stack.callback(broker.stop)
            say("one collector, one ledger")
            calm = _run_alone(root / "alone", broker, messages)
            say("shared among several, some of them killed")
            postgres = OwnPostgres()
            stack.callback(postgres.stop)
            shared = _run_shared(root / "shared", broker, postgres.database(), messages)
    result = {
        "messages": len(messages),
        "collectors": _COLLECTORS,
        "ledgers": _LEDGERS,
        **shared,
        "hashes_equal": shared["book_hash"] == calm["book_hash"],
    }
    passed = not shared["missing"] and not shared["readings_twice"] and result["hashes_equal"]
    passed = passed and not calm["missing"] and all(shared["by_collector"].values())
    passed = passed and shared["booked_while_dead"] > 0 == shared["booked_for_the_dead"]
    finish(result, passed=passed and shared["resumed"] > 0)


def messages_of(hours: int, seed: int) -> list[FedMessage]:
    """What all gateways push, in order: registers by the quarter, corrections and repetitions."""
    chance = random.Random(seed)  # noqa: S311 - readings, no secret
    levels = Counter[str]()
    made: list[FedMessage] = []
    numbers = Counter[str]()
    for hour in range(hours):
        for n in range(_INSTITUTIONS):
            for gateway in _GATEWAYS:
                user = f"s{n}/{gateway}"
                readings = []
                for quarter in range(4):
                    levels[user] += chance.randrange(1_000, 9_000)
                    at_us = _FIRST_US + (hour * 60 + quarter * 15) * MINUTE_US
                    readings.append({"time": iso(at_us), "value": levels[user] / 1000})
                made.append(_message(user, numbers, readings))
                if hour % 7 == 6:
                    value = readings[0]["value"] + 0.5  # type: ignore[operator]
                    made.append(_message(user, numbers, [{**readings[0], "value": value}]))
                if hour % 11 == 10:
                    made.append(made[-1])
    return made


def _message(user: str, numbers: Counter[str], readings: Sequence[dict[str, Any]]) -> FedMessage:
    numbers[user] += 1
    body = {"session": 1, "seq": numbers[user]}
    body["readings"] = [{"point": "E", **one} for one in readings]  # type: ignore[assignment]
    said = tuple((user, parse_instant(one["time"])) for one in readings)
    return FedMessage(f"greenoffice/v1/{user}/readings", msgspec.json.encode(body), said)


def _registry() -> dict[str, str]:
    tree, gateways = ["code,parent,type,zone"], ["site,code"]
    meters, points = ["code,node,item,total,step_min"], ["gateway,point,kind,unit,meter"]
    for n in range(_INSTITUTIONS):
        tree += [f"o{n},,institution,Asia/Shanghai", f"s{n},o{n},site,", f"b{n},s{n},building,"]
        for gateway, item, total in zip(_GATEWAYS, ("01000", "01B00"), ("yes", ""), strict=True):
            gateways.append(f"s{n},{gateway}")
            meters.append(f"m{n}{gateway},b{n},{item},{total},15")
            points.append(f"s{n}/{gateway},E,register,kWh,m{n}{gateway}")
    files = {"tree": tree, "gateways": gateways, "meters": meters, "points": points}
    return {f"{name}.csv": "\n".join(lines) + "\n" for name, lines in files.items()}


@dataclass
class BrokerFeed:
    """Pushes messages in order at a pace, each until the broker has acknowledged it."""

    broker: OwnMosquitto
    messages: Sequence[FedMessage]
    pace_s: float = 0.0
    _sent: list[mqtt.MQTTMessageInfo] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _allowed: int = 0

    def __enter__(self) -> Self:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.max_inflight_messages_set(100)
        self._client.connect("127.0.0.1", self.broker.port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.allow(-1)
        self._thread.join(60)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def acknowledged(self) -> int:
        """How many messages the broker has acknowledged."""
        return sum(one.is_published() for one in list(self._sent))

    def allow(self, number: int) -> None:
        """Push up to so many; below 0: no more."""
        with self._changed:
            self._allowed = number
            self._changed.notify_all()

    def until(self, share: float) -> None:
        """Push this share of all, and wait until it is acknowledged."""
        number = int(share * len(self.messages))
        self.allow(max(number, self._allowed))

        def acknowledged() -> bool:
            return self.acknowledged >= number

        wait_until("acknowledgements", acknowledged, every_s=0.05, of=self.broker.process)

    def _run(self) -> None:
        for index, message in enumerate(self.messages):
            with self._changed:
                self._changed.wait_for(lambda at=index: not 0 <= self._allowed <= at)  # type: ignore[misc]
                if self._allowed < 0:
                    return
            self._sent.append(self._client.publish(message.topic, message.payload, 1))
            threading.Event().wait(self.pace_s)


@dataclass
class SharingPlatform:
    """The processes over one data folder."""

    folder: DataFolder
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start processes by their names, `collector-1of2`."""
        for name in names:
            with (self.folder.logs / f"{name}.out").open("ab") as log:
                self._running[name] = subprocess.Popen(
                    [*COMMAND, *arguments_of(name, self.folder)],
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "LC_ALL": "C.UTF-8"},
                )

    def end(self, *names: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End processes and wait for it."""
        for name in names:
            process = self._running.pop(name)
            process.send_signal(how)
            process.wait(60)

    def close(self) -> None:
        """End all of them, and wait for that."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(60)
        self._running.clear()

    def wait_well(self, name: str, part: str) -> None:
        """Wait until a process says that its part is well."""

        def well() -> bool:
            self.require_alive()
            return bool(heard(self.folder.heartbeat(name)).get(part, {}).get("ok", False))

        wait_until(f"{part} of {name}", well, every_s=0.1)

    def require_alive(self) -> None:
        """End the proof where a process ended that nobody ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                log = (self.folder.logs / f"{name}.out").read_text(encoding="utf-8")
                finish({"ended": name, "status": process.returncode, "log": log[-500:]}, False)


@contextlib.contextmanager
def _platform(root: Path, port: int) -> Iterator[SharingPlatform]:
    root.mkdir()
    folder, _ = platform_folder(root, NOW, _registry())
    _set(folder, f'\n[broker]\nurl = "mqtt://127.0.0.1:{port}"\nclient_id = "{root.name}"')
    _set(folder, f"shards = 1\nmetrics_port = {_two_free_ports()}")
    _set(folder, "\n[analytics]\ninterval_s = 86400")
    platform = SharingPlatform(folder)
    with contextlib.closing(platform):
        yield platform


def _two_free_ports() -> int:
    """The first of two ports side by side."""
    first = usable_port(0, {0})
    while usable_port(first + 1, set()) != first + 1:
        first = usable_port(0, {0})
    return first


def _set(folder: DataFolder, text: str, instead: str = "") -> None:
    known = folder.settings_file.read_text(encoding="utf-8")
    told = known.replace(instead, text) if instead else f"{known}{text}\n"
    folder.settings_file.write_text(told, encoding="utf-8")


def _run_alone(root: Path, broker: OwnMosquitto, messages: Sequence[FedMessage]) -> dict[str, Any]:
    with _platform(root, broker.port) as platform, BrokerFeed(broker, messages) as field_gateways:
        platform.start("collector", "intake", "ledger")
        platform.wait_well("collector", "broker")
        field_gateways.until(1.0)
        _settle(platform, messages)
        platform.close()
        return _outcome(platform.folder, messages)


def _run_shared(
    root: Path, broker: OwnMosquitto, database: str, messages: Sequence[FedMessage]
) -> dict[str, Any]:
    names = [shard.named("collector") for shard in all_shards(_COLLECTORS)]
    ledgers = [shard.named("ledger") for shard in all_shards(_LEDGERS)]
    with (
        _platform(root, broker.port) as platform,
        BrokerFeed(broker, messages, _PACE_S) as field_gateways,
    ):
        folder = platform.folder
        _keep_books_in(folder, database)
        platform.start("collector", "intake", *ledgers)
        platform.wait_well("collector", "broker")
        for name in ledgers:
            platform.wait_well(name, "ledger")
        field_gateways.until(0.2)
        field_gateways.allow(len(messages))
        say("the broker is shared")
        platform.end("collector")
        _set(folder, f"shards = {_COLLECTORS}", instead="shards = 1")
        platform.start("collector", *names)
        for name in names:
            platform.wait_well(name, "broker")
        field_gateways.until(max(0.4, _share(field_gateways) + 0.05))
        say(f"kill -9 of {names[-1]}")
        platform.end(names[-1], how=signal.SIGKILL)
        before = _records(folder)
        field_gateways.until(max(0.6, _share(field_gateways) + 0.1))
        platform.start(names[-1])
        say(f"kill -9 of {ledgers[0]}")
        platform.end(ledgers[0], how=signal.SIGKILL)
        revisions = _revisions(folder)
        field_gateways.until(max(0.8, _share(field_gateways) + 0.1))
        wait_until("the other ledger", lambda: _revisions(folder) != revisions, every_s=0.2)
        booked = [one for one, now in _revisions(folder).items() if now > revisions[one]]
        dead = read_name(ledgers[0])[1]
        platform.start(ledgers[0])
        field_gateways.until(1.0)
        _settle(platform, messages)
        wait_until("the former session to end", (folder.journal / "broker" / "left").exists)
        platform.close()
        after = _records(folder)
        resumed = "broker-" + names[-1].partition("-")[2]
        return {
            **_outcome(folder, messages),
            "killed": 2,
            "booked_while_dead": len(booked),
            "booked_for_the_dead": sum(dead.keeps(one) for one in booked),
            "resumed": after[resumed] - before[resumed],
            "by_collector": {name: after[name] for name in after if "of" in name},
        }


def _keep_books_in(folder: DataFolder, database: str) -> None:
    """The registry is that of the folder's own database."""
    own = open_stores(folder)
    known = own.registry.load()
    own.close()
    _set(folder, f'\n[database]\nurl = "{database}"\n\n[ledger]\nshards = {_LEDGERS}')
    with contextlib.closing(open_stores(folder)) as stores:
        wanted = dataclasses.replace(known, version=0)
        stores.registry.apply(wanted, actor="proof", now_us=1)


def _revisions(folder: DataFolder) -> dict[str, int]:
    with contextlib.closing(open_stores(folder)) as stores:
        return {f"o{n}": stores.books.revision(f"o{n}") for n in range(_INSTITUTIONS)}


def _share(gateways: BrokerFeed) -> float:
    return gateways.acknowledged / len(gateways.messages)


def _settle(platform: SharingPlatform, messages: Sequence[FedMessage]) -> None:
    """Wait until all is journalled, taken in and booked; what is missing for good is told by the
    outcome, so that no number is waited for that does not come."""
    folder, wanted = platform.folder, {(one.topic, one.payload) for one in messages}
    last, still = -1, 0

    def journalled() -> bool:
        nonlocal last, still
        platform.require_alive()
        count = len(wanted & set(_journalled(folder)))
        still, last = (still + 1 if count == last else 0), count
        return count == len(wanted) or still > 60

    wait_until("the journals", journalled, every_s=0.5)
    with contextlib.closing(open_stores(folder)) as stores:
        journal = JournalReader(folder.journal)

        def settled() -> bool:
            platform.require_alive()
            return waiting_messages(journal, stores.intake) == stores.marks.waiting() == 0

        with contextlib.closing(journal):
            wait_until("the books", settled, every_s=0.3)


def _outcome(folder: DataFolder, messages: Sequence[FedMessage]) -> dict[str, Any]:
    """Of a platform that is stopped."""
    wanted = Counter({(one.topic, one.payload) for one in messages})
    said = {reading for one in messages for reading in one.readings}
    missing = (wanted - _journalled(folder)).total()
    with contextlib.closing(open_readings(folder)) as readings:
        missing += max(0, len(said) - readings.count())
        twice = max(0, readings.count() - len(said))
    with contextlib.closing(open_stores(folder)) as stores:
        counted = sum(one.counts.new for one in stores.intake.gateways())
        missing += max(0, len(said) - counted)
        return {
            "missing": missing,
            "readings_twice": twice + max(0, counted - len(said)),
            "book_hash": book_hash(stores.books),
        }


def _journalled(folder: DataFolder) -> Counter[tuple[str, bytes]]:
    found = Counter[tuple[str, bytes]]()
    with contextlib.closing(JournalReader(folder.journal)) as journal:
        for writer in journal.writers():
            place = (0, 0)
            while read := journal.read(writer, *place, 5_000):
                found.update((r.route, r.payload) for *_, r in read if r.kind == "message")
                place = read[-1].segment, read[-1].offset + 1
    return found


def _records(folder: DataFolder) -> dict[str, int]:
    """How many records each journal has, by its folder."""
    with contextlib.closing(JournalReader(folder.journal)) as journal:
        numbers = {
            path.parent.name: int(path.read_text()) for path in folder.journal.glob("*/writer")
        }
        return {name: journal.end(number).offset for name, number in numbers.items()}
