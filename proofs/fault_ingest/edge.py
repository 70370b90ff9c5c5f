"""An edge that polls simulated meters, whose counters show a number until the edge has it on disk.

    ticket ─▶ shown at a register ─▶ in the edge's spool ─▶ acknowledged by the platform

A meter knows no acknowledgement: what an edge read and did not keep stands there at the next poll
too, so here the next number is shown once the last one lies in the spool. Each number is read
by one poll alone; found in two readings, it was taken twice.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.spool import FILE, spool_state
from greenoffice.client import ApiClient
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from metering.localtime import iso
from proofs.fault_ingest.messages import NumberedMessage, WayWording
from proofs.fault_ingest.senders import NumberSender, take_over
from proofs.steps import wait_until
from simulators import ModbusMeter, serve_meters

GOOD, UNKNOWN, OTHER_KIND = "E", "X", "K"
"""Meters by what becomes of their counters' readings: stored, of no point, of a wrong kind."""
METERS: Final = (*(f"{GOOD}{n}" for n in range(1, 9)), f"{UNKNOWN}1", f"{OTHER_KIND}1")
COUNTERS: Final = ("c1", "c2", "c3", "c4")
_ALIVE: Final = "alive"
"""A register that always has a value: a meter without any counts as one that does not answer."""
_NONE: Final = 0xFFFF_FFFF
"""What a register shows that has nothing to tell."""
_NUMBERS: Final = re.compile(rb'"point":"\w+\.c\d"[^}]*"value":(\d+)\.0')
_STOPS_S: Final = 30.0
_ASKED_S: Final = 300.0


def reading(seq: int, _time_us: int) -> NumberedMessage:
    """A number at a counter whose point is registered."""
    return NumberedMessage(seq, GOOD.encode(), untimed=True)


def _unknown_point(seq: int, _time_us: int) -> NumberedMessage:
    return NumberedMessage(seq, UNKNOWN.encode(), refused=True)


def _another_kind(seq: int, _time_us: int) -> NumberedMessage:
    return NumberedMessage(seq, OTHER_KIND.encode(), refused=True)


def _points(group: str, registers: Sequence[str]) -> frozenset[str]:
    return frozenset(f"{one}.{name}" for one in METERS if one[0] == group for name in registers)


POLLED: Final = WayWording(
    reading,
    reading,
    _unknown_point,
    {"unknown-point": _unknown_point, "another-kind": _another_kind},
    number=_NUMBERS,
    value=re.compile(rb'"value":(\d+)\.0}'),
    untimed=_points(GOOD, COUNTERS),
    idle=frozenset(f"{one}.{_ALIVE}" for one in METERS) | _points(OTHER_KIND, COUNTERS),
)


class Tickets:
    """Numbers on their way from registers into a spool, and out of it; of any thread."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._lock = threading.Lock()
        self._queued: dict[str, deque[int]] = {one[0]: deque() for one in METERS}
        self._slots: dict[str, list[int]] = {one: [_NONE] * len(COUNTERS) for one in METERS}
        self._times_us: dict[int, int] = {}
        """When each number that is in the spool was read."""
        self._rows: dict[int, list[int]] = {}
        """Numbers of the messages in a row of the spool."""
        self._waiting: set[int] = set()
        """Rows that wait to be pushed."""
        self._seen = 0
        self._done: set[int] = set()
        self._db: sqlite3.Connection | None = None

    def put(self, group: str, seq: int) -> None:
        """Let a meter of a group show it."""
        with self._lock:
            self._queued[group].append(seq)

    def shown(self, meter: str) -> list[int]:
        """What a meter's counters show now."""
        with self._lock:
            self._look()
            slots, queued = self._slots[meter], self._queued[meter[0]]
            for place, seq in enumerate(slots):
                if seq == _NONE or seq in self._times_us:
                    slots[place] = queued.popleft() if queued else _NONE
            return list(slots)

    def acknowledged(self) -> set[int]:
        """Those that the platform acknowledged to the edge, at any time."""
        with self._lock:
            self._look()
            return set(self._done)

    def under_way(self) -> int:
        """Those that wait for their poll, and for the platform, also to be sent again."""
        with self._lock:
            self._look()
            shown = {seq for slots in self._slots.values() for seq in slots} - {_NONE}
            return (
                sum(map(len, self._queued.values()))
                + len(shown - self._times_us.keys())
                + len(self._waiting & self._rows.keys())
            )

    def read_between(self, seqs: Sequence[int]) -> tuple[int, int]:
        """The times [us] from the first to behind the last of these, as far as they were read."""
        with self._lock:
            self._look()
            times = [self._times_us[one] for one in seqs if one in self._times_us]
        return (min(times), max(times) + 1_000_000) if times else (0, 0)

    def close(self) -> None:
        """Let the spool go."""
        with self._lock:
            if self._db is not None:
                self._db.close()

    def _look(self) -> None:
        """Read what is new in the spool, and what waits there."""
        with suppress(sqlite3.OperationalError):  # not there yet, or just written
            if self._db is None:
                address = f"file:{self._spool / FILE}?mode=ro"
                self._db = sqlite3.connect(address, uri=True, check_same_thread=False)
            new = self._db.execute(
                "SELECT number, time_us, readings FROM message WHERE number > ? ORDER BY number",
                (self._seen,),
            ).fetchall()
            for number, time_us, readings in new:
                self._seen = number
                if seqs := [int(one) for one in _NUMBERS.findall(readings)]:
                    self._rows[number] = seqs
                    self._times_us.update(dict.fromkeys(seqs, time_us))
            rows = self._db.execute("SELECT number FROM message WHERE waiting").fetchall()
            self._waiting = {row[0] for row in rows}
            pushed = self._rows.keys() - self._waiting
            self._done.update(seq for number in pushed for seq in self._rows[number])


class _CountingMeter(ModbusMeter):
    """Shows numbers in place of a meter's values."""

    def __init__(self, name: str, tickets: Tickets) -> None:
        super().__init__(0, 0.0, 0.0)
        self._name, self._tickets = name, tickets

    def words(self, now_us: int) -> dict[int, tuple[int, int]]:  # noqa: ARG002 - no time in it
        shown = [*self._tickets.shown(self._name), 1]
        return {2 * place: divmod(number, 1 << 16) for place, number in enumerate(shown)}


@dataclass(frozen=True)
class EdgePlace:
    """Where an edge pushes to, as whom, and the folder that it works in."""

    port: int
    user: str
    password: str
    platform: DataFolder
    folder: Path


class EdgeNumbers(NumberSender):
    """Meters on a port of their own, and an edge beside them that can be hurt."""

    def __init__(self, place: EdgePlace) -> None:
        self._place = place
        self._tickets = Tickets(place.folder / "edge-spool")
        self._stop = threading.Event()
        self._log = place.folder / "edge.log"
        self._config = _configured(place, port := usable_port(0, {0, place.port}))
        meters: dict[int, ModbusMeter] = {
            id: _CountingMeter(name, self._tickets) for id, name in enumerate(METERS, 1)
        }
        told = (meters, "127.0.0.1", port, ShiftedClock().now_us, self._stop)
        self._meters = threading.Thread(target=serve_meters, args=told, daemon=True)
        self._meters.start()
        self._process = self._started()

    @property
    def interruptions(self) -> int:  # type: ignore[override]
        """How often the edge lost its connection, as it says."""
        return self._log.read_bytes().count(b'"disconnected"')

    def put(self, message: NumberedMessage) -> None:
        self._tickets.put(message.payload.decode(), message.seq)

    def again(self, messages: Sequence[NumberedMessage]) -> None:
        """Have the platform ask the edge for the times in which these were read."""
        start_us, until_us = self._tickets.read_between([one.seq for one in messages])
        if not until_us:
            return
        # the edge has the machine's clock, that of the platform is a little behind it
        clock = self._place.platform.clock()
        wait_until("those times", lambda: clock.now_us() > until_us, _ASKED_S, 0.2)
        path = f"/v1/gateways/{self._place.user}"
        times = {"from": iso(start_us), "until": iso(until_us)}
        asked = ApiClient.of_folder(self._place.platform).post(f"{path}/resend", times)

        def answered() -> bool:
            gaps = ApiClient.of_folder(self._place.platform).pages(f"{path}/gaps")
            return any(one["id"] == asked["id"] and one["state"] != "open" for one in gaps)

        wait_until("the edge to send again", answered, _ASKED_S, 0.2)

    def push_alone(self, message: NumberedMessage) -> bool:
        raise NotImplementedError(f"an edge words its messages itself: {message.seq}")

    def acknowledged(self) -> set[int]:
        return self._tickets.acknowledged()

    @property
    def under_way(self) -> int:
        return self._tickets.under_way()

    def take_over(self) -> None:
        """Let another connection of the edge's client id come, and go."""
        user = self._place.user
        take_over(self._place.port, f"edge-{user.replace('/', '-')}", user, self._place.password)

    def kill(self) -> None:
        """End the edge by force, as kill -9 does."""
        self._process.kill()
        self._process.wait()

    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    def restart(self) -> None:
        """Start it anew, as whatever supervises it does."""
        self._process = self._started()

    def lost(self) -> int:
        """Messages that it had to drop for want of room."""
        return spool_state(self._place.folder / "edge-spool").told.get("lost", 0)

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOPS_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._stop.set()
        self._meters.join(_STOPS_S)
        self._tickets.close()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "proofs.fault_ingest.hurt", "edge", str(self._config)]
            return subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, "LC_ALL": "C.UTF-8"}
            )


def _configured(place: EdgePlace, port: int) -> Path:
    """Write the configuration of an edge that reads all meters each second."""
    place.folder.mkdir()
    (place.folder / "edge.password").write_text(place.password, encoding="utf-8")
    for name, kind in (("counters", "instant"), ("other", "register")):
        rows = "".join(
            f'    {{ name = "{one}", address = {2 * at}, type = "u32", unit = "C", '
            f'kind = "{"instant" if one == _ALIVE else kind}" }},\n'
            for at, one in enumerate((*COUNTERS, _ALIVE))
        )
        head = 'source = "this proof"\nfunction = 4\norder = "big"\n'
        profile = f"{head}registers = [\n{rows}]\n"
        (place.folder / f"{name}.toml").write_text(profile, encoding="utf-8")
    text = (
        f'[gateway]\nname = "{place.user}"\nhost = "127.0.0.1"\nport = {place.port}\n'
        'password_file = "edge.password"\n'
    )
    for device, name in enumerate(METERS, 1):
        profile = "other" if name.startswith(OTHER_KIND) else "counters"
        text += (
            f'[[meters]]\nname = "{name}"\nprofile = "{profile}.toml"\nhost = "127.0.0.1"\n'
            f"port = {port}\ndevice = {device}\ninterval_s = 1\n"
        )
    file = place.folder / "edge.toml"
    file.write_text(text, encoding="utf-8")
    return file
