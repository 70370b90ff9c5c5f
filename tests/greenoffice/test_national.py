"""Gateways of the national protocol against a data folder: registered, let in, reporting over
restarts and faults, and read as readings. Over real sockets, by a gateway with its own frames."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from collector import JournalReader, Record
from collector.national import NationalServer, ServerSettings
from greenoffice import commands
from greenoffice.assembly import Assembly
from greenoffice.cli import app
from greenoffice.collector_process import _health
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.receivers import WayIn, ways_in
from greenoffice.registering import ImportOptions, import_registry
from greenoffice.taking_in import IntakeWork
from metering.errors import Conflict, InvalidInput, NotFound
from proofs.steps import COMMAND
from simulators import Identity, NationalGateway, TurnedAway

BUILDING = "330302D110"
KEY = b"0123456789abcdef", b"fedcba9876543210"
REPORTS = 500
GATEWAYS = {"campus/a": "01", "campus/b": "02"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.setattr("greenoffice.receivers.serve_metrics", lambda *_, **__: None)
    mqtt = usable_port(0, {0})
    port = usable_port(0, {0, mqtt})
    metrics = usable_port(0, {0, mqtt, port})
    made = commands.init(tmp_path / "data", 18080, mqtt, metrics, "en")
    (made.secrets / "aes").write_text("\n".join(one.decode() for one in KEY))
    with made.settings_file.open("a") as file:
        file.write(f'\n[national]\nport = {port}\nkey_file = "secrets/aes"\n')
    (tmp_path / "tree.csv").write_text(
        "code,parent,type,zone\noffice,,institution,Asia/Shanghai\ncampus,office,site,\n"
    )
    (tmp_path / "gateways.csv").write_text("site,code\ncampus,a\ncampus,b\n")
    (tmp_path / "points.csv").write_text(
        "gateway,point,kind,unit\ncampus/a,1.1,register,kWh\ncampus/b,1.1,register,kWh\n"
    )
    import_registry(tmp_path, made.root, ImportOptions(yes=True))
    return made


def run(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["gateway", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def named(folder: DataFolder, user: str, number: str) -> str:
    data = str(folder.root)
    made = run("national", data, user, "--building", BUILDING, "--number", number, "--json")
    return str(made["secret"])


class Serving:
    """The national way in of a folder, on an event loop of its own."""

    def __init__(self, folder: DataFolder) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.ways = ways_in(folder, 1_000)
        self.way = next(way for way in self.ways if way.name == "national")
        assert isinstance(self.way.receiver, NationalServer)
        self.server = self.way.receiver
        self.run(self.server.start())

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def close(self) -> None:
        self.run(self.server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        for way in self.ways:
            way.journal.close()
            if way.passwords is not None:
                way.passwords.close()


@pytest.fixture
def serve(folder: DataFolder) -> Iterator[Any]:
    running: list[Serving] = []

    def begin() -> Serving:
        running.append(Serving(folder))
        return running[-1]

    yield begin
    for one in running:
        if not one._loop.is_closed():
            one.close()


def until(condition: Any) -> None:
    pause = threading.Event()
    for _ in range(1_500):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it never became so")


def identity(dialect: str, secret: str) -> Identity:
    return Identity(dialect, BUILDING, "01", secret, KEY[0] + KEY[1])


def moment(count: int) -> str:
    """The minute of that number, of the day before yesterday in Shanghai."""
    at = time.time() - 2 * 86_400 + count * 60 + 8 * 3_600
    return time.strftime("%Y%m%d%H%M00", time.gmtime(at))


@pytest.mark.parametrize("dialect", ["A", "B"])
def test_reports_over_two_restarts_are_readings_once_each(
    folder: DataFolder, serve: Any, dialect: str
) -> None:
    secret = named(folder, "campus/a", "01")
    port = folder.settings().national.port
    gateway = NationalGateway(identity(dialect, secret), reversed_marks=dialect == "A")
    for count in range(REPORTS):
        gateway.measure(moment(count), {("1", "1"): f"{1000 + count}.50"})
    lost: list[Serving] = []

    def crash(one: Serving) -> None:
        """In the middle of what the gateway sends."""
        until(lambda: len(gateway.acknowledged) >= 150 * (len(lost) + 1))
        lost.append(one)
        one.close()

    for turn in range(3):
        serving = serve()
        gateway.connect("127.0.0.1", port)
        assert gateway.heartbeat()[:2] == "20"
        ender = threading.Thread(target=crash, args=[serving])
        if turn < 2:
            ender.start()
            with pytest.raises(OSError, match=r"."):
                gateway.deliver(again=turn > 0)
            ender.join()
        else:
            assert serving.server.connections()["campus/a"][0].protocol == f"national {dialect}"
            gateway.deliver(again=True)
    gateway.disconnect()
    assert (gateway.waiting, len(gateway.acknowledged)) == ({}, REPORTS)
    serving.close()
    assert stored(folder) == [1000.5 + count for count in range(REPORTS)]


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["A", "B"])
def test_kill_9_in_the_middle_of_reports_loses_none_and_doubles_none(
    folder: DataFolder, dialect: str
) -> None:
    """The process that receives is killed three times, in the middle of what the gateway sends."""
    gateway = NationalGateway(identity(dialect, named(folder, "campus/a", "01")))
    for count in range(100):
        gateway.measure(moment(count), {("1", "1"): f"{1000 + count}.50"})
    for through in (25, 50, 75):
        with receiving(folder, gateway) as process:
            killer = threading.Thread(target=kill_at, args=[process, gateway, through])
            killer.start()
            with pytest.raises(OSError, match=r"."):
                gateway.deliver(again=through > 25)
            killer.join()
    with receiving(folder, gateway):
        gateway.deliver(again=True)
    assert sorted(gateway.acknowledged) == [*range(1, 101)]
    assert stored(folder) == [1000.5 + count for count in range(100)]


@contextmanager
def receiving(folder: DataFolder, gateway: NationalGateway) -> Iterator[subprocess.Popen[bytes]]:
    """A collector of its own process, and the gateway logged in; killed at the end."""
    with subprocess.Popen([*COMMAND, "collector", str(folder.root)]) as process:

        def let_in() -> bool:
            with suppress(ConnectionRefusedError):
                gateway.connect("127.0.0.1", folder.settings().national.port)
                return True
            return False

        try:
            until(let_in)
            yield process
        finally:
            process.kill()
            gateway.disconnect()


def kill_at(process: subprocess.Popen[bytes], gateway: NationalGateway, through: int) -> None:
    until(lambda: len(gateway.acknowledged) >= through)
    process.kill()


def stored(folder: DataFolder) -> list[float]:
    """All values of the gateway's readings, in order, once all that it sent is taken in."""
    with closing(Assembly.open(folder)) as parts:
        work = IntakeWork(parts)
        while work():
            pass
        point = next(
            one.id for one in parts.registry().points.values() if one.gateway == "campus/a"
        )
        found = parts.readings.scan([point], 0, 1 << 60)
    return sorted(float(one) for one in found.value)


@pytest.mark.parametrize("dialect", ["A", "B"])
def test_reports_that_are_read_at_once_arrive_one_after_another(
    folder: DataFolder, serve: Any, dialect: str
) -> None:
    """What has no time of its own is known by its arrival: of two at once one would be lost."""
    gateway = NationalGateway(identity(dialect, named(folder, "campus/a", "01")))
    serving, port = serve(), folder.settings().national.port
    gateway.connect("127.0.0.1", port)
    gateway.send_raw(b"".join(gateway.frame(report(count), 3) for count in range(10)))
    until(lambda: len(messages(serving)) == 10)
    arrived_us = [one.arrived_us for one in messages(serving)]
    assert arrived_us == sorted(set(arrived_us))


def report(count: int) -> str:
    return (
        f"<root><common><building_id>{BUILDING}</building_id><gateway_id>01</gateway_id>"
        "<type>report</type></common><data operation='report'>"
        f"<sequence>{count}</sequence><parser>yes</parser><time>{moment(count)}</time>"
        "</data></root>"
    )


def messages(serving: Serving) -> list[Record]:
    journal = serving.way.journal
    with closing(JournalReader(journal.folder.parent)) as reader:
        found = [one.record for one in reader.read(journal.writer_no, 0, 0, 1_000)]
    return [one for one in found if one.kind == "message"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
@pytest.mark.parametrize("dialect", ["A", "B"])
def test_with_a_certificate_the_port_speaks_tls_and_nothing_else(
    folder: DataFolder, serve: Any, dialect: str
) -> None:
    chain, key = folder.secrets / "chain.pem", folder.secrets / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    made = [*command.split(), "-keyout", str(key), "-out", str(chain)]
    subprocess.run(made, check=True, capture_output=True)
    with folder.settings_file.open("a") as file:
        file.write(f'certificate = "{chain}"\nprivate_key = "{key}"\n')
    gateway = NationalGateway(identity(dialect, named(folder, "campus/a", "01")))
    serving, port = serve(), folder.settings().national.port
    believing = ssl.create_default_context(cafile=chain)
    believing.check_hostname = False
    gateway.connect("127.0.0.1", port, believing)
    for count in range(3):
        gateway.measure(moment(count), {("1", "1"): f"{1000 + count}.50"})
    assert gateway.heartbeat()[:2] == "20"
    gateway.deliver()
    assert gateway.acknowledged == [1, 2, 3]
    with pytest.raises(OSError, match="hung up"):
        NationalGateway(gateway.identity).connect("127.0.0.1", port)
    gateway.disconnect()
    serving.close()
    assert stored(folder) == [1000.5, 1001.5, 1002.5]


def test_a_wrong_secret_is_refused_and_told(folder: DataFolder, serve: Any) -> None:
    secret = named(folder, "campus/a", "01")
    serving, port = serve(), folder.settings().national.port
    for wrong in ("", "other"):
        with pytest.raises(TurnedAway):
            NationalGateway(identity("A", wrong)).connect("127.0.0.1", port)
    trouble = serving.server.health().troubles["campus/a"]
    assert (trouble.reason, trouble.times) == ("bad_user_or_password", 2)
    assert _health(serving.way)["ok"]
    stranger = Identity("B", "999999Z999", "01", secret, KEY[0] + KEY[1])
    with pytest.raises(TurnedAway):
        NationalGateway(stranger).connect("127.0.0.1", port)
    tried = run("try-national", str(folder.root), "campus/a", "--dialect", "B", "--reports", "2")
    assert (tried["let_in"], tried["acknowledged"]) == (True, 2)
    CliRunner().invoke(app, ["gateway", "revoke", str(folder.root), "campus/a"])
    with pytest.raises(TurnedAway):
        NationalGateway(identity("A", secret)).connect("127.0.0.1", port)
    assert serving.server.health().troubles["campus/a"].reason in ("banned", "not_authorized")


def test_after_five_wrong_secrets_the_right_one_waits_too(folder: DataFolder, serve: Any) -> None:
    secret = named(folder, "campus/a", "01")
    serving, port = serve(), folder.settings().national.port
    for given in ("wrong",) * 5 + (secret,):
        with pytest.raises(TurnedAway):
            NationalGateway(identity("A", given)).connect("127.0.0.1", port)
    trouble = serving.server.health().troubles["campus/a"]
    assert (trouble.reason, trouble.times) == ("connection_rate_exceeded", 1)


def test_a_newer_connection_of_a_gateway_ends_the_older(folder: DataFolder, serve: Any) -> None:
    one = identity("A", named(folder, "campus/a", "01"))
    _, port = serve(), folder.settings().national.port
    older, newer = NationalGateway(one), NationalGateway(one)
    for gateway in (older, newer):
        gateway.connect("127.0.0.1", port)
    with pytest.raises(OSError, match="hung up"):
        older.heartbeat()
    assert newer.heartbeat()


@pytest.mark.parametrize("change", ["revoked", "another secret"])
def test_who_may_no_longer_come_in_is_cut_off(
    folder: DataFolder, serve: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """And nobody else is."""
    for name in ("LOOK_S", "KEYS_S"):
        monkeypatch.setattr(f"collector.national.server.{name}", 0.05)
    secrets = {user: named(folder, user, number) for user, number in GATEWAYS.items()}
    serving, port = serve(), folder.settings().national.port
    gone, stays = (
        NationalGateway(Identity("A", BUILDING, number, secrets[user], KEY[0] + KEY[1]))
        for user, number in GATEWAYS.items()
    )
    for gateway in (gone, stays):
        gateway.connect("127.0.0.1", port)
    arguments = {
        "revoked": ["revoke", str(folder.root), "campus/a"],
        "another secret": [
            *("national", str(folder.root), "campus/a"),
            *("--building", BUILDING, "--number", "01"),
        ],
    }
    CliRunner().invoke(app, ["gateway", *arguments[change]], catch_exceptions=False)
    until(lambda: list(serving.server.connections()) == ["campus/b"])
    with pytest.raises(OSError, match="hung up"):
        gone.heartbeat()
    assert stays.heartbeat()


def test_a_heartbeat_is_told_the_time_of_the_site(folder: DataFolder, serve: Any) -> None:
    gateway = NationalGateway(identity("A", named(folder, "campus/a", "01")))
    _, port = serve(), folder.settings().national.port
    gateway.connect("127.0.0.1", port)

    def in_shanghai() -> str:
        return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + 8 * 3_600))

    before = in_shanghai()
    assert before <= gateway.heartbeat() <= in_shanghai()


def test_garbage_and_silence_end_and_others_go_on(folder: DataFolder, serve: Any) -> None:
    secret = named(folder, "campus/a", "01")
    serving, port = serve(), folder.settings().national.port
    good = NationalGateway(identity("A", secret))
    good.connect("127.0.0.1", port)
    for data in (b"GET / HTTP/1.1\r\n\r\n", bytes.fromhex("68681616ffffffff")):
        with socket.create_connection(("127.0.0.1", port), 20) as one:
            one.sendall(data)
            assert one.recv(100) == b""
    frame = good.frame("<root><data/></root>", 3)
    good.send_raw(frame[:-8] + b"\0\0" + frame[-6:])
    with pytest.raises(OSError, match="hung up"):
        good.heartbeat()
    trouble = serving.server.health().troubles["campus/a"]
    assert (trouble.reason, trouble.detail[:9]) == ("malformed", "the check")
    good.connect("127.0.0.1", port)
    assert good.heartbeat()


def test_a_login_or_a_frame_that_does_not_end_is_cut_off(
    folder: DataFolder, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While others come in; with the times of a setting that a test can wait for."""
    secret = named(folder, "campus/a", "01")
    quick = {"connect_timeout_s": 0.3, "frame_s": 0.3, "max_connections": 3}
    monkeypatch.setattr(
        "greenoffice.receivers.ServerSettings", lambda **told: ServerSettings(**{**told, **quick})
    )
    monkeypatch.setattr("greenoffice.receivers._most_national", lambda _: 3)
    serving, port = serve(), folder.settings().national.port
    silent = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(4)]
    good = NationalGateway(identity("A", secret))
    good.connect("127.0.0.1", port)
    for one in silent:
        assert one.recv(100) == b""
        one.close()
    good.send_raw(good.frame("<root/>", 3)[:9])
    with pytest.raises(OSError, match="hung up"):
        good._receive()
    trouble = serving.server.health().troubles["campus/a"]
    assert (trouble.reason, trouble.detail) == ("keep_alive_timeout", "a frame without its end")


def test_that_there_was_no_room_is_told_for_a_while(
    folder: DataFolder, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenoffice.receivers._most_national", lambda _: 1)
    serving, port = serve(), folder.settings().national.port
    assert serving.server.health().ok
    told = "there is no room for another gateway"
    with socket.create_connection(("127.0.0.1", port), 20):
        until(lambda: told in str(serving.server.health().failure))
    until(lambda: not serving.server._open)
    assert told in str(serving.server.health().failure)


def test_a_secret_is_for_its_owner_alone_and_a_name_for_one_gateway(
    folder: DataFolder, tmp_path: Path
) -> None:
    data = str(folder.root)
    (tmp_path / "mine").write_text("factory-set\n")
    more = ["--secret-file", str(tmp_path / "mine"), "--json"]
    made = run("national", data, "campus/a", "--building", BUILDING, *more)
    assert made["secret"] == "factory-set"
    assert stat.S_IMODE(folder.national_keys.stat().st_mode) == 0o600
    for arguments, error in (
        (["national", data, "campus/b", "--building", BUILDING], Conflict),
        (["national", data, "campus/none", "--building", "x"], NotFound),
        (["national", data, "campus/b", "--building", " x"], InvalidInput),
        (["try-national", data, "campus/b"], NotFound),
        (["try-national", data, "campus/a", "--dialect", "C"], InvalidInput),
    ):
        with pytest.raises(error):
            CliRunner().invoke(app, ["gateway", *arguments], catch_exceptions=False)


def test_a_secret_of_before_a_gateway_was_revoked_lets_nobody_in(
    folder: DataFolder, serve: Any
) -> None:
    data = str(folder.root)
    secrets = {user: named(folder, user, number) for user, number in GATEWAYS.items()}
    CliRunner().invoke(app, ["gateway", "revoke", data, "campus/a"], catch_exceptions=False)
    with pytest.raises(Conflict, match="revoked"):
        named(folder, "campus/a", "01")
    CliRunner().invoke(app, ["gateway", "add", data, "campus/a"], catch_exceptions=False)
    serve()
    port = folder.settings().national.port
    with pytest.raises(TurnedAway):
        NationalGateway(identity("A", secrets["campus/a"])).connect("127.0.0.1", port)
    new = NationalGateway(identity("A", named(folder, "campus/a", "01")))
    other = NationalGateway(Identity("A", BUILDING, "02", secrets["campus/b"], KEY[0] + KEY[1]))
    for gateway in (new, other):
        gateway.connect("127.0.0.1", port)
        assert gateway.heartbeat()


def test_without_a_port_nothing_listens(folder: DataFolder) -> None:
    text = folder.settings_file.read_text().partition("[national]")[0]
    folder.settings_file.write_text(text)
    ways: list[WayIn] = ways_in(folder, 1_000)
    for way in ways:
        way.journal.close()
    assert [way.name for way in ways] == ["listener"]
