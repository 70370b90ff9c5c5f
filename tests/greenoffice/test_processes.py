"""Processes apart: who may run, and what one hears of another."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import hypothesis.strategies as st
import psutil
import pytest
from hypothesis import given, settings

from api import PartHealth
from collector import JournalReader, JournalWriter, Record
from greenoffice.client import ApiClient
from greenoffice.collector_process import records_waiting
from greenoffice.commands import init
from greenoffice.connected import (
    gateway_filters,
    gateway_troubles,
    held_gateways,
    refused_certificates,
)
from greenoffice.folder import DataFolder
from greenoffice.health import (
    BoundedHealth,
    platform_health,
    process_health,
    waiting_messages,
)
from greenoffice.heartbeat import (
    CERTIFICATES,
    HELD,
    SILENT_S,
    SUBSCRIBED,
    TAKEN,
    TROUBLES,
    gone,
    heard,
    hold,
    tell,
)
from greenoffice.influx_setup import InfluxOptions, influx_init, influx_lacks
from greenoffice.ports import usable_port
from greenoffice.receivers import open_journal
from greenoffice.replay.publisher import BrokerAddress, Publisher
from greenoffice.stores import (
    open_credentials,
    open_file,
    open_reader,
    open_readings,
    open_stores,
)
from metering.book import DirtyMark
from metering.errors import ConfigurationError, Conflict, Unavailable
from metering.intake import GatewayTrouble, HeldGateway, IntakeBatch
from metering.registry import Registry
from metering.registry.files import read_registry_texts
from proofs.servers.influx import OwnServer, found
from proofs.steps import COMMAND, run, started, wait_until


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return init(tmp_path / "data", 18080, 11883, 19464, "en")


def test_health_is_what_the_other_process_told(folder: DataFolder) -> None:
    tell(folder.heartbeat("ledger"), {"ledger": {"ok": False, "idle_us": 3, "error": "away"}})
    (name, part), *_ = process_health(folder, "ledger").items()
    assert (name, part.ready) == ("ledger", False)
    assert part.detail == {"idle_us": 3, "error": "away"}


@pytest.mark.parametrize("content", [None, "", "{not json", "old"])
@pytest.mark.parametrize(
    ("process", "parts"),
    [
        ("collector", ["collector"]),
        ("intake", ["intake", "readings"]),
        ("ledger", ["ledger", "analytics"]),
    ],
)
@pytest.mark.sampled(4)
def test_parts_of_a_process_that_does_not_tell_are_not_ready(
    folder: DataFolder, content: str | None, process: str, parts: list[str]
) -> None:
    file = folder.heartbeat(process)
    old = json.dumps({"at": time.time() - SILENT_S - 1, "parts": {"ledger": {"ok": True}}})
    if content is not None:
        file.write_text(old if content == "old" else content)
    health = process_health(folder, process)
    assert list(health) == parts
    for part in health.values():
        assert not part.ready
        assert process in str(part.detail["error"])


def test_health_counts_what_waits_at_this_moment(folder: DataFolder) -> None:
    """Also where the one who would take it in does not run."""
    stores, journal = open_stores(folder), JournalReader(folder.journal)
    told: dict[str, dict[str, object]] = {"ledger": {"ok": True, "idle_us": 5, "error": ""}}
    tell(folder.heartbeat("ledger"), told)
    stores.marks.mark([DirtyMark(1, 0, 1)], writer_no=1)
    with closing(open_journal(folder, "http")) as writer:
        writer.append([Record("message", 1, "s/g", "c", "", "t", b"", 1)] * 3)
    health = platform_health(folder, stores, journal)
    assert list(health) == ["collector", "intake", "readings", "ledger"]
    assert health["intake"].detail["waiting_messages"] == 3
    assert not health["intake"].ready
    assert health["ledger"].detail == {"waiting_marks": 1, "idle_us": 5, "error": ""}
    assert health["ledger"].ready


def test_what_is_behind_the_end_of_a_full_segment_does_not_wait(folder: DataFolder) -> None:
    """A new segment without a record, and a checkpoint at the end of the one before."""
    journal, stores = JournalReader(folder.journal), open_stores(folder)
    record = Record("message", 1, "s/g", "c", "", "t", b"", 1)
    with closing(
        JournalWriter(
            folder.journal / "http", 2, now_us=lambda: 1, segment_bytes=1, housekeep=False
        )
    ) as writer:
        for number in range(1, 4):
            last = writer.append([record])
            assert waiting_messages(journal, stores.intake) == number
    stores.intake.commit(IntakeBatch(2, 0, 0, last.segment, last.offset + 1, at_us=1))
    assert waiting_messages(journal, stores.intake) == 0


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.data())
@settings(max_examples=30, deadline=None)
def test_what_waits_is_counted_by_records_across_segments_and_writers(
    counts: list[int], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root, record = Path(temporary), Record("message", 1, "s/g", "c", "", "t", b"", 1)
        places = []
        for name, number in (("http", 2), ("listener", 1)):
            with closing(
                JournalWriter(root / name, number, now_us=lambda: 1, segment_bytes=1)
            ) as writer:
                for count in counts:
                    first = writer.append([record] * count)
                    if number == 1:
                        places += [(first.segment, first.offset + n) for n in range(count)]
                places += [writer.end] if number == 1 else []
                writer.compress_closed()
        at = data.draw(st.integers(0, len(places) - 1))
        store = SimpleNamespace(checkpoint=lambda writer: places[at] if writer == 1 else (0, 0))
        waiting = waiting_messages(JournalReader(root), store)  # type: ignore[arg-type]
        assert waiting == len(places) - 1 - at + sum(counts)


def test_who_was_turned_away_is_no_part_of_health(folder: DataFolder) -> None:
    why = {"at_us": 7, "reason": "malformed", "detail": "d", "address": "a", "times": 2}
    tell(folder.heartbeat("collector"), {"listener": {"ok": True, TROUBLES: {"s/g": why}}})
    assert process_health(folder, "collector")["listener"].detail == {}
    assert gateway_troubles(folder) == {"s/g": GatewayTrouble(7, "malformed", "d", "a", 2)}
    folder.heartbeat("collector").unlink()
    assert gateway_troubles(folder) == {}


def test_addresses_of_refused_certificates_are_no_part_of_health(folder: DataFolder) -> None:
    why = {"at_us": 7, "reason": "expired", "detail": "d", "address": "a", "times": 2}
    tell(folder.heartbeat("collector"), {"listener": {"ok": True, CERTIFICATES: {"a": why}}})
    assert process_health(folder, "collector")["listener"].detail == {}
    assert refused_certificates(folder) == {"a": GatewayTrouble(7, "expired", "d", "a", 2)}


def test_what_gateways_subscribed_to_is_no_part_of_health(folder: DataFolder) -> None:
    told = {"s/g": ["#", "a/+"]}
    tell(folder.heartbeat("collector"), {"listener": {"ok": True, SUBSCRIBED: told}})
    assert process_health(folder, "collector")["listener"].detail == {}
    assert gateway_filters(folder) == {"s/g": ("#", "a/+")}
    folder.heartbeat("collector").unlink()
    assert gateway_filters(folder) == {}


def test_who_is_held_back_is_no_part_of_health(folder: DataFolder) -> None:
    held = {"s/g": {"since_us": 7, "why": "rate"}}
    tell(folder.heartbeat("collector"), {"listener": {"ok": True, "held_gateways": 1, HELD: held}})
    assert process_health(folder, "collector")["listener"].detail == {"held_gateways": 1}
    assert held_gateways(folder) == {"s/g": HeldGateway(7, "rate")}
    folder.heartbeat("collector").unlink()
    assert held_gateways(folder) == {}


def test_health_names_a_database_that_is_away(folder: DataFolder) -> None:
    tell(folder.heartbeat("ledger"), {"ledger": {"ok": True}, "analytics": {"ok": True}})
    tell(folder.heartbeat("intake"), {"intake": {"ok": True}, "readings": {"ok": True}})
    marks = SimpleNamespace(waiting=_away)
    stores = replace(open_stores(folder), marks=marks)  # type: ignore[arg-type]
    health = platform_health(folder, stores, JournalReader(folder.journal))
    assert [name for name, part in health.items() if part.ready] == [
        "intake",
        "readings",
        "analytics",
    ]
    assert "no database" in str(health["ledger"].detail["error"])


def _away() -> int:
    raise Unavailable("no database", field="database", fix="wait")


OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item\nm,s,01000\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,E1,register,kWh,m\n",
}


@pytest.fixture
def reachable(tmp_path: Path) -> DataFolder:
    """A folder on free ports, for processes that really start."""
    taken: set[int] = set()
    for preferred in (18080, 11883, 19464):  # another test at the same time asks for others
        taken.add(usable_port(preferred + os.getpid() % 1000, taken))
    return init(tmp_path / "data", *sorted(taken), "en")


def test_the_order_of_the_start_does_not_matter(reachable: DataFolder) -> None:
    """The API first: it answers, says who is missing, and gives readings once their owner runs."""
    client = ApiClient.of_folder(reachable)
    readings = open_reader(reachable)
    with started(["api", str(reachable.root)]):
        wait_until("the API", lambda: bool(client.health()), 60, every_s=0.2)
        assert client.health()["readings"]["error"] == "the intake process does not run"
        command = [*COMMAND, "health", str(reachable.root)]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert told.returncode == 1
        assert "readings: the intake process does not run" in told.stderr
        client.post("/v1/registry/import", OFFICE)
        with pytest.raises(Unavailable, match="owns the readings"):
            client.get("/v1/readings/count")
        assert b"greenoffice_dirty_marks" in _metrics(reachable)
        assert b"greenoffice_intake_records" not in _metrics(reachable)
        with started(["ledger", str(reachable.root)]):
            wait_until("the ledger's error", lambda: _waits(client, "ledger"), 60, every_s=0.2)
            with started(["intake", str(reachable.root)]):
                wait_until("readings", lambda: readings.count() == 0, 60, every_s=0.2)
                for part in ("intake", "ledger"):
                    wait_until(part, lambda part=part: _ready(client, part), 60, every_s=0.2)  # type: ignore[misc]
                assert client.get("/v1/readings/count")["stored"] == 0
                assert b"greenoffice_intake_records" in _metrics(reachable)
                assert b"greenoffice_readings_stored 0.0" in _metrics(reachable)
    assert not reachable.readings_socket.exists()


def test_one_process_may_do_the_work_of_intake_and_ledger(reachable: DataFolder) -> None:
    client = ApiClient.of_folder(reachable)
    with started(["work", str(reachable.root)]), started(["api", str(reachable.root)]):
        wait_until(
            "all parts",
            lambda: all(
                _ready(client, part) for part in ("intake", "readings", "ledger", "analytics")
            ),
            60,
            every_s=0.2,
        )
        assert client.get("/v1/readings/count")["stored"] == 0
        kept = [path for path in reachable.root.rglob("*") if not path.is_symlink()]
        assert reachable.readings in kept
        assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_two_processes_do_not_own_the_readings(reachable: DataFolder) -> None:
    with closing(open_file(reachable)):
        refused = subprocess.run(
            [*COMMAND, "intake", str(reachable.root)], capture_output=True, text=True, check=False
        )
    assert refused.returncode == 78
    assert "stop the process that holds it" in refused.stderr


LOADS = {
    "intake": ("fastapi", "uvicorn", "plotly", "figures.figures", "analytics", "ledger", "alembic"),
    "ledger": ("fastapi", "uvicorn", "plotly", "duckdb", "api", "alembic", "collector.intake"),
    "api": ("duckdb", "alembic", "sklearn", "scipy"),
    "collector": ("fastapi", "duckdb", "alembic", "figures", "ledger"),
}


@pytest.mark.parametrize("process", LOADS)
@pytest.mark.sampled(2)
def test_a_process_loads_what_it_does(reachable: DataFolder, process: str) -> None:
    """The modules that a process holds two seconds after it told of itself, or answered; what
    others need it does without."""
    address = ("127.0.0.1", reachable.settings().http.port)
    script = (
        "import os, socket, sys, threading, time, greenoffice.cli as cli\n"
        "def look():\n"
        f"    while not os.path.exists({str(reachable.heartbeat(process))!r}) and (\n"
        f"        socket.socket().connect_ex({address!r})\n"
        "    ):\n"
        "        time.sleep(0.1)\n"
        "    time.sleep(2)\n"
        "    print(*sorted(sys.modules), flush=True)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=look).start()\n"
        f"sys.argv = ['greenoffice', {process!r}, {str(reachable.root)!r}]\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "greenoffice.folder" in loaded, done.stderr
    assert loaded.isdisjoint(LOADS[process])


def _ready(client: ApiClient, part: str) -> bool:
    return not client.health()[part]["error"]


def _waits(client: ApiClient, part: str) -> bool:
    return "owns the readings" in client.health()[part]["error"]


def _metrics(folder: DataFolder) -> bytes:
    http = folder.settings().http
    with urllib.request.urlopen(f"http://{http.host}:{http.port}/metrics") as answer:
        return bytes(answer.read())


@pytest.mark.parametrize("generation", [1, 2])
def test_influx_init_leaves_settings_and_tokens_that_work(
    folder: DataFolder, influx_server: Callable[[int], OwnServer], generation: int
) -> None:
    server = influx_server(generation)
    admin = folder.root / "admin"
    admin.write_text(server.admin_token)
    org = "greenoffice" if generation == 2 else ""
    told = InfluxOptions(
        server.url, "test-command", org, admin_token_file=admin if server.admin_token else None
    )
    influx_init(folder, told)
    assert folder.settings().influx.bucket == "test-command"
    for file in folder.secrets.glob("influx*"):
        assert file.stat().st_mode & 0o777 == 0o600
    readings = open_readings(folder)
    assert readings.count() == 0
    readings.close()
    again = InfluxOptions(admin_token_file=told.admin_token_file)
    influx_init(folder, again)
    assert folder.settings_file.read_text().count("[influx]") == 1


@pytest.mark.parametrize("generation", [1, 2])
def test_an_influxdb_is_set_up_anew_only_where_it_does_not_serve(
    folder: DataFolder, tmp_path: Path, generation: int
) -> None:
    """As after its data was lost. What serves keeps its tokens: processes work with them."""
    if found(generation) is None:
        pytest.skip(f"no influxd of generation {generation} on PATH")
    server_folder = tmp_path / "influx"
    server_folder.mkdir()
    server = OwnServer(server_folder, generation)
    try:
        org = "greenoffice" if generation == 2 else ""
        influx_init(folder, InfluxOptions(server.url, "greenoffice", org))
        tokens = influx_files(folder)
        run("influx", "init", str(folder.root), "--if-needed")
        assert influx_lacks(folder) is None
        assert influx_files(folder) == tokens
        server.kill()
        with pytest.raises(Unavailable):
            influx_lacks(folder)
        for path in server_folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.suffix != ".conf":
                path.unlink()
        server.start()
        assert influx_lacks(folder) is not None
        told = run("influx", "init", str(folder.root), "--if-needed")
        assert "set up anew" in told
        assert "greenoffice rebuild" not in told  # nothing was ever journalled
        assert influx_lacks(folder) is None
    finally:
        server.stop()


def influx_files(folder: DataFolder) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.secrets.glob("influx*")}


def test_influx_init_says_what_it_lacks(folder: DataFolder) -> None:
    with pytest.raises(ConfigurationError, match="--url"):
        influx_init(folder, InfluxOptions())
    with folder.settings_file.open("a") as file:
        file.write('\n[influx]\nurl = "http://127.0.0.1:1"\ntoken_file = "secrets/influx.token"\n')
    with pytest.raises(Conflict, match="leave the options out"):
        influx_init(folder, InfluxOptions(bucket="other"))


def test_the_collector_only_reads_the_database(reachable: DataFolder) -> None:
    """Every file of it that the process holds was opened for reading alone; its log beside it is
    SQLite's own, which readers share with writers."""
    folder = reachable
    with started(["collector", str(folder.root)]) as process:
        told = folder.heartbeat("collector")
        wait_until("the collector", lambda: heard(told)["listener"]["ok"], 60, every_s=0.2)
        held = Path(f"/proc/{process.pid}/fd")
        numbers = [fd.name for fd in held.iterdir() if fd.resolve() == folder.database]
        modes = {
            int(line.split()[1], 8) & os.O_ACCMODE
            for number in numbers
            for line in (held.parent / "fdinfo" / number).read_text().splitlines()
            if line.startswith("flags:")
        }
    assert modes == {os.O_RDONLY}


def test_passwords_are_checked_but_never_made_where_a_process_only_reads(
    folder: DataFolder,
) -> None:
    credentials = open_credentials(folder)
    assert not credentials.verify("campus/gw", b"wrong", 0)
    with pytest.raises(Unavailable, match=r"readonly database"):
        credentials.renew("campus/gw", actor="test", now_us=0)


def test_a_full_disk_does_not_silence_health(folder: DataFolder) -> None:
    """Where no new file can be made, the room of the one that is there is written over."""
    file = folder.heartbeat("ledger")
    tell(file, {"ledger": {"ok": True, "error": ""}})
    size = file.stat().st_size
    file.with_suffix(".partial").mkdir()
    tell(file, {"ledger": {"ok": False, "error": "the disk is full"}})
    assert heard(file)["ledger"]["error"] == "the disk is full"
    assert file.stat().st_size == size


def test_a_budget_does_not_bind_while_the_intake_follows(
    reachable: DataFolder, tmp_path: Path
) -> None:
    """The intake tells how far it is; a gateway that has no budget at all goes on all the same."""
    for name, rows in OFFICE.items():
        (tmp_path / name).write_text(rows)
    told = run("registry", "import", str(tmp_path), "--data", str(reachable.root), "--yes")
    password = told.split("password")[1].split()[0]
    port = reachable.settings().mqtt.port
    text = reachable.settings_file.read_text()
    budget = "[mqtt]\nrecords_per_s = 0.001\nburst_records = 1"
    reachable.settings_file.write_text(text.replace("[mqtt]", budget, 1))
    with started(["collector", str(reachable.root)]), started(["intake", str(reachable.root)]):
        intake = reachable.heartbeat("intake")
        listener = reachable.heartbeat("collector")
        wait_until("the intake", lambda: heard(intake)["intake"].get("ok", False), every_s=0.2)
        wait_until("the listener", lambda: heard(listener)["listener"]["ok"], every_s=0.2)
        publisher = Publisher(BrokerAddress("127.0.0.1", port, "s/g", password))
        for number in range(20):
            reading = {"point": "E1", "value": number, "time": f"2026-11-01T00:{number:02}:00Z"}
            message = json.dumps({"readings": [reading]}).encode()
            publisher.publish("greenoffice/v1/s/g/readings", message)
        publisher.close()
        stores = open_stores(reachable)
        journal = JournalReader(reachable.journal)
        wait_until("all to be taken in", lambda: waiting_messages(journal, stores.intake) == 0)
        place = heard(intake)["intake"][TAKEN]
        assert "1" in place
        assert TAKEN not in process_health(reachable, "intake")["intake"].detail


def test_how_far_the_intake_is_behind_is_known_while_it_works(folder: DataFolder) -> None:
    with closing(open_journal(folder, "listener")) as writer:
        first = writer.append([Record("message", 1, "s/g", "c", "", "t", b"", 1)] * 3)
    place = {"1": [first.segment, first.offset + 1]}
    told: dict[str, object]
    for told, behind in (
        ({"ok": True, TAKEN: place}, 2),
        ({"ok": False, TAKEN: place}, None),
        ({"ok": True, TAKEN: {}}, None),
        ({"ok": True}, None),
    ):
        tell(folder.heartbeat("intake"), {"intake": told})
        assert records_waiting(folder, 1) == behind
    folder.heartbeat("intake").unlink()
    assert records_waiting(folder, 1) is None


def test_counters_that_need_no_key_stay_on_this_machine(reachable: DataFolder) -> None:
    """Also where gateways of other machines may connect."""
    mqtt = reachable.settings().mqtt
    text = reachable.settings_file.read_text()
    reachable.settings_file.write_text(text.replace("[mqtt]", '[mqtt]\nhost = "0.0.0.0"', 1))
    with started(["collector", str(reachable.root)]) as process:
        told = reachable.heartbeat("collector")
        wait_until("the collector", lambda: heard(told)["listener"]["ok"], every_s=0.2, of=process)
        listening = [
            one.laddr
            for one in psutil.Process(process.pid).net_connections("tcp")
            if one.status == psutil.CONN_LISTEN
        ]
    places = {place.port: place.ip for place in listening}
    assert places == {mqtt.port: "0.0.0.0", mqtt.metrics_port: "127.0.0.1"}


def test_a_process_that_was_killed_is_missed_at_once(folder: DataFolder) -> None:
    """Not only when it has been silent for long: its last word is not a second old."""
    file = folder.heartbeat("ledger")
    script = (
        "import sys, time; from pathlib import Path; from greenoffice.heartbeat import hold, tell\n"
        f"file = Path({str(file)!r}); held = hold(file)\n"
        "tell(file, {'ledger': {'ok': True}}); print('told', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"told\n"
        assert heard(file)["ledger"]["ok"]
        process.kill()
        process.wait()
        assert heard(file)["ledger"] == {"ok": False, "error": "the ledger process does not run"}


def test_one_of_two_that_tell_may_die(folder: DataFolder) -> None:
    file = folder.heartbeat("ledger")
    tell(file, {"ledger": {"ok": True}})
    first, second = hold(file), hold(file)
    assert first is not None
    assert second is not None
    first.close()
    assert not gone(file)
    second.close()
    assert gone(file)


def held(file: Path) -> IO[bytes]:
    found = hold(file)
    assert found is not None
    return found


def test_what_one_told_that_died_is_said_of_no_other(folder: DataFolder) -> None:
    """Else a repair seems to have mended nothing, and is made again."""
    file = folder.heartbeat("intake")
    with held(file):
        tell(file, {"intake": {"ok": False, "error": "damaged"}, "readings": {"ok": True}})
        with held(file):
            assert heard(file)["intake"]["error"] == "damaged"  # it lives
    with held(file):
        begun = {"ok": False, "error": "the intake process has just begun"}
        assert heard(file) == {"intake": begun, "readings": begun}


def test_health_of_the_api_is_what_it_answers(reachable: DataFolder) -> None:
    """It says 503 without the others, and that is not 0; the API alone is well."""
    with started(["api", str(reachable.root)]):
        client = ApiClient.of_folder(reachable)
        wait_until("the API", lambda: bool(client.health()), 60, every_s=0.2)
        told = _health(reachable, "api")
        assert told.returncode == 1
        assert "intake: the intake process does not run" in told.stderr
        assert _health(reachable, "http").returncode == 0


def _health(folder: DataFolder, process: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "health", str(folder.root), process]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_health_does_not_wait_for_a_database_that_hangs() -> None:
    gate, parts = threading.Event(), {"ledger": PartHealth(True)}
    health = BoundedHealth(lambda: parts if gate.wait(60) else {}, patience_s=0.05)
    assert health().keys() == {"database"}
    assert not health()["database"].ready
    assert "does not answer" in str(health()["database"].detail["error"])
    gate.set()
    wait_until("an answer", lambda: health() == parts, 60, every_s=0.01)


@pytest.mark.long
def test_a_process_that_waits_for_its_server_ends_when_it_is_told_to(
    reachable: DataFolder,
) -> None:
    """The InfluxDB takes questions and never answers: the intake hangs in one about a reading that
    it could wait for longer than it is given to end."""
    texts = read_registry_texts(OFFICE, Registry())
    open_stores(reachable).registry.apply(texts, actor="test", now_us=1)
    payload = b'{"readings": [{"point": "E1", "value": 1, "unit": "kWh", "kind": "register"}]}'
    route, now_us = "greenoffice/v1/s/g/readings", reachable.clock().now_us()
    with closing(open_journal(reachable, "http")) as writer:
        writer.append([Record("message", now_us, "s/g", "c", "", route, payload, 1)])
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        with reachable.settings_file.open("a") as file:
            file.write(f'\n[influx]\nurl = "http://127.0.0.1:{silent.getsockname()[1]}"\n')
        with (
            subprocess.Popen([*COMMAND, "work", str(reachable.root)]) as process,
            ExitStack() as held,
        ):
            while b"value%2Cflag" not in _request(held.enter_context(closing(silent.accept()[0]))):
                pass
            process.terminate()
            assert process.wait(25) == 0


def _request(connection: socket.socket) -> bytes:
    """What was sent before nothing more came."""
    connection.settimeout(2)
    found = b""
    with suppress(TimeoutError):
        while more := connection.recv(65_536):
            found += more
    return found


def test_intake_and_ledger_serve_their_counters_where_the_settings_say_so(
    reachable: DataFolder,
) -> None:
    first = usable_port(21466 + os.getpid() % 1000, set())
    ports = [first, usable_port(first + 1, {first})]
    with reachable.settings_file.open("a") as file:
        for name, port in zip(("intake", "ledger"), ports, strict=True):
            file.write(f"\n[{name}]\nmetrics_port = {port}\n")
    root = str(reachable.root)
    with started(["intake", root]), started(["ledger", root]):
        for name, port in zip(("intake", "ledger"), ports, strict=True):
            wait_until(name, lambda port=port, name=name: _loops(port, name), 60, every_s=0.2)  # type: ignore[misc]


def _loops(port: int, name: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return f'greenoffice_{name}_loop_ok{{loop="{name}"}} 1.0'.encode() in answer.read()
    except OSError:
        return False
