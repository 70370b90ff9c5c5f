"""The faults: each is done, seen, undone or mended, and tells what health said of it."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import socket
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.journal.segment import segment_files
from metering.errors import Unavailable
from proofs.recovery.scene import Fault, RecoveryScene, fill_disk
from proofs.steps import last_json, run, wait_until

HOLD_S = 60.0
"""How long a fault that passes by itself is kept up [s]."""
_COMMAND = re.compile(r"greenoffice ((?:rebuild|restore|journal repair)[^;.\n]*)")
_VALUE = re.compile(rb'"value": ([0-9.]+)}')
Told = dict[str, Any]


def full_disk(scene: RecoveryScene) -> Told:
    """The disk of journal, databases and logs has no byte left for a minute."""
    if not scene.small_disk:
        raise NotImplementedError("no disk of our own can be mounted on this machine")
    ballast = scene.folder.root.parent / "ballast"
    fill_disk(ballast)
    told = scene.wait_told("full")
    time.sleep(HOLD_S)
    before = sum(one.count for one in scene.gateways)
    time.sleep(3)
    still = sum(one.count for one in scene.gateways) == before
    ballast.unlink()
    return {"told": told, "refused_meanwhile": still, "recovered_after_s": scene.wait_ready()}


def handles(scene: RecoveryScene) -> Told:
    """Twice as many gateways as there are handles connect, each with a right password."""
    port, one = scene.folder.settings().mqtt.port, scene.gateways[-1]
    words = [_connect(one.user, one.password, f"flood-{n}") for n in range(2_000)]
    with _held_open(port, words) as tried:
        told = scene.wait_told("room")
        time.sleep(HOLD_S)
    return {"told": told, "tried": tried, "recovered_after_s": scene.wait_ready()}


def half_open(scene: RecoveryScene) -> Told:
    """HTTP connections that never finish their request; health answers all the time."""
    port = scene.folder.settings().http.port
    worst = 0.0
    with _held_open(port, [b"GET /health HTTP/1.1\r\nHost: x\r\n"] * 1_500) as tried:
        deadline = time.monotonic() + HOLD_S
        while time.monotonic() < deadline:
            began = time.monotonic()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as got:
                got.read()
            worst = max(worst, time.monotonic() - began)
            time.sleep(0.5)
    _, told = scene.health()
    return {
        "told": told,
        "tried": tried,
        "slowest_health_s": round(worst, 2),
        "recovered_after_s": scene.wait_ready(),
    }


def failing_site(scene: RecoveryScene) -> Told:
    """A fact of one site that no look for waste gets over; the other site is looked at."""
    with contextlib.closing(sqlite3.connect(scene.folder.database, timeout=30)) as con:
        (number,) = con.execute(
            "SELECT coalesce(max(number), 0) + 1 FROM baseline WHERE meter = 'm3'"
        ).fetchone()
        names = [row[1] for row in con.execute("PRAGMA table_info(baseline)")]
        values = dict.fromkeys(names, 0) | {
            "meter": "m3",
            "number": number,
            "institution": "o",
            "id": "x",
            "settings": "no settings",
            "reason": "",
            "actor": "",
        }
        marks = ", ".join("?" * len(names))
        con.execute(f"INSERT INTO baseline VALUES ({marks})", [values[n] for n in names])  # noqa: S608
        con.commit()
        told = scene.wait_told("cannot be looked at", timeout_s=180)
        time.sleep(HOLD_S)
        con.execute("DELETE FROM baseline WHERE meter = 'm3' AND number = ?", (number,))
        con.commit()
    return {"told": told, "recovered_after_s": scene.wait_ready()}


def flipped_digit(scene: RecoveryScene) -> Told:
    """One digit of records that were not read yet."""
    with scene.frozen("intake"):
        for _ in range(8):
            _more(scene)
        folder = scene.folder.journal / "listener"
        flip_recent(sorted(folder.glob(f"{segment_files(folder)[-1]:08d}.sqlite*")))
    return _mended(scene, scene.wait_told("journal segment"))


def cut_segment(scene: RecoveryScene) -> Told:
    """The last part of a closed segment is gone, before it was read."""
    with scene.frozen("intake"):
        _more(scene)
        folder = scene.folder.journal / "listener"
        number = segment_files(folder)[-1]
        scene.restart("collector")
        wait_until("a new segment", lambda: segment_files(folder)[-1] > number, 30)
        _more(scene)
        path = next(iter(sorted(folder.glob(f"{number:08d}*.sqlite"))))
        with path.open("r+b") as file:
            file.truncate(max(path.stat().st_size - 8_192, 4_096))
    return _mended(scene, scene.wait_told("journal segment"))


def half_readings(scene: RecoveryScene) -> Told:
    """Half of the readings file is gone."""
    scene.settle()
    scene.stop()  # a clean end puts all of them into the file
    scene.start()
    scene.wait_ready()
    with scene.folder.readings.open("r+b") as file:
        file.truncate(scene.folder.readings.stat().st_size // 2)
    return _mended(scene, scene.wait_told("readings file is damaged"))


def bad_wal(scene: RecoveryScene) -> Told:
    """After a power cut the readings' write-ahead log is something else."""
    scene.settle()
    wal = scene.folder.readings.with_name(scene.folder.readings.name + ".wal")
    length = 0
    while not length:  # the file may take its log in just before the cut
        wait_until("readings in the log", lambda: wal.exists() and wal.stat().st_size > 2_000, 60)
        scene.kill_all()
        length = wal.stat().st_size if wal.exists() else 0
        if not length:
            scene.start()
            scene.wait_ready()
    wal.write_bytes(b"no log " * (length // 7 + 1))
    scene.start()
    return _mended(scene, scene.wait_told("readings file is damaged")) | {"wal_bytes": length}


def malformed_database(scene: RecoveryScene) -> Told:
    """Half of the database is gone; there is a backup of before."""
    backup = scene.folder.root.parent / "backup"
    shutil.rmtree(backup, ignore_errors=True)
    run("backup", str(backup), "--data", str(scene.folder.root))
    _more(scene)
    with scene.folder.database.open("r+b") as file:
        file.truncate(scene.folder.database.stat().st_size // 2)
    return _mended(scene, scene.wait_told("database is damaged"), backup)


def lost_key(scene: RecoveryScene) -> Told:
    """The administrator's key is gone, and was the only one."""
    scene.folder.admin_key.unlink()
    with contextlib.closing(sqlite3.connect(scene.folder.database, timeout=30)) as con:
        con.execute("DELETE FROM api_key")
        con.commit()
    run("key", "rotate", str(scene.folder.root))
    scene.client().get("/v1/readings/count")
    return {"told": "", "command": "key rotate DATA", "recovered_after_s": scene.wait_ready()}


FAULTS: tuple[Fault, ...] = (
    full_disk,
    handles,
    half_open,
    failing_site,
    flipped_digit,
    cut_segment,
    half_readings,
    bad_wal,
    malformed_database,
    lost_key,
)


def _mended(scene: RecoveryScene, told: str, backup: Path | None = None) -> Told:
    """Stop, do what health says, start: nothing else."""
    found = _COMMAND.search(told)
    if found is None:
        raise Unavailable("health names no command", field="health", value=told, fix="name one")
    words = shlex.split(found[1].strip())
    places = {"DATA": str(scene.folder.root), "BACKUP": str(backup)}
    scene.stop()
    output = run(*[places.get(word, word) for word in words])
    scene.start()
    lost = sum(fault["lost"] or 0 for fault in last_json(output).get("faults", []))
    after_s = scene.wait_ready()
    return {"told": told, "command": found[1].strip(), "lost": lost, "recovered_after_s": after_s}


def _more(scene: RecoveryScene) -> None:
    """Until each gateway was acknowledged some more readings."""
    before = [one.count + 4 for one in scene.gateways]
    wait_until(
        "acknowledgements",
        lambda: all(one.count > was for one, was in zip(scene.gateways, before, strict=True)),
        60,
        0.2,
    )


def flip_recent(paths: list[Path], value: re.Pattern[bytes] = _VALUE) -> None:
    """Change the last digit of a high value wherever these files have it; not of the highest, whose
    page is written again with the next one. `value` finds the digits of values."""
    found = {digits for path in paths for digits in value.findall(path.read_bytes())}
    recent = sorted(found, key=float)[-16]
    other = b"7" if recent[-1:] != b"7" else b"3"
    for path in paths:
        data = path.read_bytes()
        with path.open("r+b") as file:
            for match in value.finditer(data):
                if match[1] == recent:
                    file.seek(match.end(1) - 1)
                    file.write(other)


def _connect(user: str, password: str, client: str) -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session and a keep alive of ten minutes."""
    texts = b"".join(
        len(text.encode()).to_bytes(2) + text.encode() for text in (client, user, password)
    )
    body = b"\x00\x04MQTT\x04\xc2" + (600).to_bytes(2) + texts
    assert len(body) < 128
    return bytes((0x10, len(body))) + body


@contextlib.contextmanager
def _held_open(port: int, words: list[bytes]) -> Iterator[int]:
    """A connection for each of `words` that says no more than that; how many could be made."""
    held: list[socket.socket] = []
    try:
        for said in words:
            with contextlib.suppress(OSError):
                one = socket.create_connection(("127.0.0.1", port), timeout=2)
                one.sendall(said)
                held.append(one)
        yield len(held)
    finally:
        for one in held:
            one.close()
