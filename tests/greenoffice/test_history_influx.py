"""`greenoffice history from influxdb1` and `influxdb2`, of real servers of both generations."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greenoffice.folder import DataFolder
from greenoffice.history.sources import influx_source
from greenoffice.history.sources.influx_http import InfluxPlace, InfluxQuestions
from greenoffice.history.sources.influx_source import InfluxSource
from greenoffice.history.sources.series import SourceRows, SourceSeries
from metering.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from proofs.servers.influx import OwnServer, found
from storage.influx import InfluxAddress, WantedBucket
from tests.history_office import load, office, stored

BEGIN = int(datetime(2023, 10, 28, 22, tzinfo=UTC).timestamp())
HOURS = 25
PAGED = 7
"""Rows of a page in these tests: pages end within chunks, and a last one is full."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(influx_source, "PAGE", PAGED)
    return office(tmp_path / "data")


def send(url: str, body: str, token: str = "", kind: str = "text/plain", **query: str) -> bytes:
    headers = {"Content-Type": kind} | ({"Authorization": f"Token {token}"} if token else {})
    target = f"{url}?{urlencode(query)}" if query else url
    answer = urllib3.request("POST", target, body=body.encode(), headers=headers, retries=False)
    assert answer.status < 300, answer.data
    return answer.data


def unmapped(server: OwnServer, address: InfluxAddress) -> str:
    """A new bucket of 2.x to which nobody has mapped a database."""
    headers = {"Authorization": f"Token {address.token}"}
    asked = urllib3.request("GET", f"{server.own_url}/api/v2/orgs", headers=headers)
    name = f"as it is, {secrets.token_hex(4)}"
    body = {"orgID": asked.json()["orgs"][0]["id"], "name": name, "retentionRules": []}
    send(f"{server.own_url}/api/v2/buckets", json.dumps(body), address.token, "application/json")
    return name


class Written:
    """A database of 1.x, or a bucket of 2.x."""

    def __init__(self, server: OwnServer, name: str, address: InfluxAddress) -> None:
        self.server, self.name, self.address = server, name, address

    def write(self, lines: str) -> None:
        if self.server.generation == 1:
            send(f"{self.server.own_url}/write", lines, db=self.name)
        else:
            send(
                f"{self.server.own_url}/api/v2/write",
                lines,
                self.address.token,
                bucket=self.name,
                org=self.address.org,
            )

    def place(self, **said: Any) -> InfluxPlace:
        place = InfluxPlace(self.server.own_url, self.name, token=self.address.token)
        return replace(place, **said)

    def source(self, **said: Any) -> InfluxSource:
        return InfluxSource(f"influxdb{self.server.generation}", self.place(**said))


@pytest.fixture(params=[1, 2])
def written(
    request: pytest.FixtureRequest,
    influx_server: Callable[[int], OwnServer],
    influx_bucket: Callable[[int], InfluxAddress],
) -> Written:
    if request.param == 2 and os.environ.get("GREENOFFICE_TEST_INFLUX_URL"):
        pytest.skip("the server has to be our own")
    address = influx_bucket(request.param)
    server = influx_server(request.param)
    if request.param == 1:
        return Written(server, address.bucket, address)
    address = replace(address, token=server.admin_token)
    return Written(server, unmapped(server, address), address)


def lines(hours: range = range(HOURS)) -> str:
    """Counters, one of them without a tag that the other has, and what is no number."""
    return "\n".join(
        line
        for hour in reversed(hours)
        for ns in [(BEGIN + 3600 * hour) * 1_000_000_000]
        for line in (
            f'meters,room=Raum\\ 1 energy={1000 + 2 * hour}i,note="x" {ns}',
            f"meters,room=Raum\\ 1,phase=b'1 energy={5000 + hour}i {ns}",
            f'"odd"\\ name power={hour / 8} {ns}',
            f"kWh,domain=sensor,entity_id=hall value={hour / 4} {ns}",
        )
    )


def test_fields_are_stored_once_by_what_a_mapping_says(
    folder: DataFolder, written: Written
) -> None:
    written.write(lines())
    names = {one.name: one for one in written.source().series()}
    assert sorted(names) == [
        '"odd" name/power',
        "kWh/domain=sensor,entity_id=hall/value",
        "meters/phase=b'1,room=Raum 1/energy",
        "meters/room=Raum 1/energy",
    ]
    assert {one.count for one in names.values()} == {HOURS}
    hall = names["kWh/domain=sensor,entity_id=hall/value"]
    last = BEGIN + 3600 * (HOURS - 1)
    assert (hall.unit, hall.first_us, hall.last_us) == ("kWh", BEGIN * 10**6, last * 10**6)
    mapping = (
        '"meters/room=Raum 1/energy" = { point = "hall", unit = "Wh" }\n'
        '"meters/phase=b\'1,room=Raum 1/energy" = "lab"\n'
        '"kWh/domain=sensor,entity_id=hall/value" = "shop"'
    )
    told = load(folder, written.source, mapping)
    assert told == {"read": 4 * HOURS, "stored": 3 * HOURS, "unknown": HOURS}
    times = [(BEGIN + 3600 * hour) * 10**6 for hour in range(HOURS)]
    assert stored(folder, "hall") == [(at, 1 + n / 500) for n, at in enumerate(times)]
    assert stored(folder, "lab") == [(at, 5000.0 + n) for n, at in enumerate(times)]
    assert stored(folder, "shop") == [(at, n / 4) for n, at in enumerate(times)]
    again = {"read": 4 * HOURS, "duplicates": 3 * HOURS, "unknown": HOURS}
    assert load(folder, written.source, mapping) == again
    # What came in meanwhile, and what was changed, by the next command.
    written.write(lines(range(HOURS, HOURS + 3)))
    written.write(f"kWh,domain=sensor,entity_id=hall value=99 {BEGIN * 10**9}")
    more = {"read": 4 * HOURS + 12, "stored": 9, "unknown": HOURS + 3}
    told = load(folder, written.source, mapping)
    assert told == {**more, "duplicates": 3 * HOURS - 1, "differing": 1}
    told = load(folder, written.source, mapping, correct=True)
    assert told["corrected"] == 1
    assert stored(folder, "shop")[0] == (times[0], 99.0)


def test_values_within_a_microsecond_are_counted_apart(
    folder: DataFolder, written: Written
) -> None:
    begin = BEGIN * 10**9
    written.write("\n".join(f"m v={n // 2} {begin + 400 * n}" for n in range(3 * PAGED)))
    told = load(folder, written.source, '"m/v" = "hall"')
    # 400 ns apart, 21 values fall into nine microseconds.
    assert told["read"] == 3 * PAGED
    assert told["stored"] == 9
    assert told["duplicates"] + told["differing"] == 12


class Dying(InfluxSource):
    """Its server is killed once so many pages of a series came."""

    server: OwnServer
    pages = 2

    def rows(self, series: SourceSeries) -> Iterator[SourceRows]:
        for count, page in enumerate(super().rows(series), 1):
            yield page
            if count == self.pages:
                self.server.kill()


@pytest.mark.parametrize("generation", [1, 2])
def test_a_server_that_goes_away_leaves_what_is_loaded(
    folder: DataFolder,
    tmp_path: Path,
    generation: int,
) -> None:
    if found(generation) is None:
        pytest.skip(f"no influxd of generation {generation} on PATH")
    (tmp_path / "server").mkdir()
    server = OwnServer(tmp_path / "server", generation)
    try:
        address, _ = server.bucket("away", WantedBucket(now_us=0, password="correct horse"))
        token = address.token and server.admin_token
        one = Written(server, "away", replace(address, token=token))
        one.write(lines())
        mapping = '"kWh/domain=sensor,entity_id=hall/value" = "shop"'
        dying = Dying("influxdb", one.place())
        dying.server = server
        with pytest.raises(Unavailable, match="does not answer"):
            load(folder, lambda: dying, mapping)
        assert len(stored(folder, "shop")) == 2 * PAGED
        server.start()
        told = load(folder, one.source, mapping)
        assert told["duplicates"] == 2 * PAGED
        assert told["stored"] == HOURS - 2 * PAGED
        assert len(stored(folder, "shop")) == HOURS
    finally:
        server.stop()


def test_a_wrong_token_or_bucket_is_named(
    influx_server: Callable[[int], OwnServer], influx_bucket: Callable[[int], InfluxAddress]
) -> None:
    address = influx_bucket(2)
    place = InfluxPlace(influx_server(2).own_url, address.bucket, token="wrong")
    with pytest.raises(NotAllowed) as refused:
        InfluxSource("influxdb2", place).series()
    assert (refused.value.field, refused.value.value) == ("token", None)
    assert "may read" in str(refused.value.fix)
    with pytest.raises(NotFound, match="does not have it"):
        InfluxSource(
            "influxdb2", replace(place, token=influx_server(2).admin_token, database="none")
        ).series()


def test_a_server_of_1_that_asks_for_a_password(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if found(1) is None:
        pytest.skip("no influxd of generation 1 on PATH")
    monkeypatch.setenv("INFLUXDB_HTTP_AUTH_ENABLED", "true")
    (tmp_path / "server").mkdir()
    server = OwnServer(tmp_path / "server", 1)
    try:
        query, form = f"{server.own_url}/query", "application/x-www-form-urlencoded"
        admin = "CREATE USER a WITH PASSWORD '密:ss' WITH ALL PRIVILEGES"
        send(query, urlencode({"q": admin}), kind=form)
        secret = {"u": "a", "p": "密:ss"}
        for statement in (
            "CREATE DATABASE d",
            'CREATE RETENTION POLICY "other" ON d DURATION INF REPLICATION 1',
            "CREATE USER b WITH PASSWORD 'b'",
        ):
            send(query, urlencode({"q": statement}), kind=form, **secret)
        line = f"m v=1 {BEGIN * 10**9}"
        send(f"{server.own_url}/write", line, db="d", rp="other", **secret)
        place = InfluxPlace(server.own_url, "d", "other", "a", "密:ss")
        told = load(folder, lambda: InfluxSource("influxdb1", place), '"m/v" = "hall"')
        assert told == {"read": 1, "stored": 1}
        for wrong in (
            replace(place, password="no"),
            replace(place, user="b", password="b"),
            replace(place, user=""),
        ):
            with pytest.raises(NotAllowed) as refused:
                InfluxSource("influxdb1", wrong).series()
            assert refused.value.field == "user"
    finally:
        server.stop()


class Answering:
    """An HTTP server on a free port that answers every request alike, and keeps their headers."""

    def __init__(self, status: int, body: bytes, location: str = "") -> None:
        seen: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                seen.append(dict(self.headers))
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.seen = seen
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Answering:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_a_redirect_is_not_followed_with_a_secret() -> None:
    with Answering(200, b'{"results":[]}') as other, Answering(307, b"", other.url) as first:
        with pytest.raises(InvalidInput, match="sends elsewhere") as refused:
            InfluxSource("influxdb2", InfluxPlace(first.url, "b", token="secret")).series()
        assert other.url in str(refused.value.fix)
        assert "secret" not in str(refused.value)
        assert (len(first.seen), other.seen) == (1, [])


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html>a page</html>", InvalidInput),
        (200, b'{"results":[{"series":[{"name":"m"}]}]}', InvalidInput),
        (200, b'{"results":[{"error":"timeout"}]}', InvalidInput),
        (404, b"not there", InvalidInput),
        (503, b'{"error":"shutting down"}', Unavailable),
        (401, b'{"code":"unauthorized","message":"unauthorized access"}', NotAllowed),
    ],
)
def test_what_is_no_answer_is_named(status: int, body: bytes, error: type[Exception]) -> None:
    with Answering(status, body) as server, pytest.raises(error) as refused:
        InfluxSource("influxdb1", InfluxPlace(server.url, "b")).series()
    assert server.url in str(refused.value) or error is NotAllowed


def test_an_answer_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenoffice.history.sources.influx_http.MOST_BYTES", 1000)
    with Answering(200, b" " * 2000) as server, pytest.raises(InvalidInput, match="does not end"):
        list(InfluxQuestions(InfluxPlace(server.url, "b")).ask("SHOW DATABASES"))


def certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "influx")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    with Answering(200, b'{"results":[]}') as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
        place = InfluxPlace(server.url.replace("http", "https"), "b", authority=chain)
        assert InfluxSource("influxdb1", place).series() == []
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            InfluxSource("influxdb1", replace(place, authority=None)).series()
        named = replace(place, url=place.url.replace("127.0.0.1", "localhost"))
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            InfluxSource("influxdb1", named).series()
        assert len(server.seen) == 1
    with pytest.raises(NotFound, match="certificates cannot be read"):
        InfluxSource("influxdb1", replace(place, authority=key.with_name("none")))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"url": "file:///etc/passwd"}, "not the address"),
        ({"url": "http://user:secret@host:8086"}, "does not belong"),
        ({"url": "http://host", "token": "a\nb"}, "no token has"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(said: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refused:
        InfluxPlace(database="b", **said)
    assert "secret" not in str(refused.value)


def test_the_command_takes_the_token_from_a_file_or_the_environment(
    folder: DataFolder, tmp_path: Path
) -> None:
    def run(*said: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "greenoffice", "history", "from", *said, "--data", "data"]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {"LC_ALL": "C"} | variables,
            check=False,
        )

    (tmp_path / "token").write_text("of-the-file\n", "utf-8")
    with Answering(200, b'{"results":[]}') as server:
        asked = ("influxdb2", server.url, "--bucket", "b")
        ran = run(*asked, "--token-file", "token", "--list", "--json")
        assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr
        run(*asked, "--list", GREENOFFICE_SOURCE_TOKEN="of-the-environment")
        told = [one["Authorization"] for one in server.seen]
        assert told == ["Token of-the-file", "Token of-the-environment"]
        ran = run(*asked, "--token-file", "none")
        assert ran.returncode != 0
        assert "a secret cannot be read" in ran.stderr
        one = run(
            "influxdb1",
            server.url,
            "--database",
            "d",
            "--user",
            "u",
            "--list",
            GREENOFFICE_SOURCE_PASSWORD="p",
        )
        assert one.returncode == 0
        assert server.seen[-1]["Authorization"] == "Basic dTpw"
