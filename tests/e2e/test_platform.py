"""The whole platform over real MQTT and HTTP: what comes in shows, what is bad says why."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from greenoffice.client import ApiClient
from greenoffice.ports import usable_port
from metering.errors import NotAllowed, NotFound

NOW = datetime.now(UTC)


def reading(point: str, value: object, **more: object) -> dict[str, object]:
    return {"point": point, "value": value, **more}


def test_a_reading_shows_and_leads_back_to_its_message(platform: Any, eventually: Any) -> None:
    platform.send(
        {
            "session": 1,
            "seq": 1,
            "readings": [reading("T1", 21.5, unit="C", time="2026-11-20T08:00:00Z")],
        }
    )
    (row,) = eventually(lambda: platform.readings("T1"))
    assert (row["value"], row["time"]) == (21.5, "2026-11-20T08:00:00Z")
    message = platform.api.get(row["message"])
    assert '"value": 21.5' in message["text"]
    assert message["gateway"] == "house/gw"


def test_registers_become_energy_with_lineage(platform: Any, eventually: Any) -> None:
    start = (NOW - timedelta(days=3)).replace(hour=0, minute=0, second=0, microsecond=0)
    platform.send(
        {
            "session": 1,
            "seq": 2,
            "readings": [
                reading(
                    "E1",
                    1000 + n * 2.5,
                    kind="register",
                    unit="kWh",
                    time=(start + timedelta(minutes=15 * n)).isoformat(),
                )
                for n in range(9)
            ],
        }
    )
    day = start.astimezone().date()
    query = {
        "node": "west",
        "item": "01000",
        "step": "hour",
        "start": (day - timedelta(days=1)).isoformat(),
        "end": (day + timedelta(days=2)).isoformat(),
    }

    def known() -> list[dict[str, Any]]:
        values = platform.api.get("/v1/energy", **query)["data"]
        return [value for value in values if value["amount"] is not None]

    hours = eventually(lambda: len(known()) == 2 and known())
    assert [hour["amount"] for hour in hours] == [10_000_000, 10_000_000]
    assert hours[0]["shares"]["measured"] == 1
    lineage = platform.api.get(
        "/v1/energy/lineage", meter="main", item="01000", time=hours[0]["start"]
    )
    assert "/v1/messages/" in str(lineage)


@pytest.mark.parametrize(
    ("payload", "reason", "field"),
    [
        (b"{not json", "bad_json", "payload"),
        (b'{"readings": [{"point": "T1", "value": NaN}]}', "bad_value", "value"),
        ({"readings": [reading("NOBODY", 1)]}, "unknown_point", "point"),
        ({"readings": [reading("T1", 1, unit="furlong")]}, "bad_unit", "unit"),
        ({"readings": [reading("T1", 1, unit="kWh")]}, "bad_unit", "unit"),
        ({"readings": [reading("T1", 1, time="2099-01-01T00:00:00Z")]}, "future_time", "time"),
        ({"readings": [reading("T1", 1, time="1970-01-02T00:00:00Z")]}, "old_time", "time"),
        ({"readings": [reading("T1", 1, kind="register")]}, "bad_kind", "kind"),
    ],
)
def test_bad_input_names_field_value_and_fix(
    platform: Any, eventually: Any, payload: object, reason: str, field: str
) -> None:
    before = len(platform.letters(reason))
    platform.send(payload)
    letters = eventually(
        lambda: len(platform.letters(reason)) > before and platform.letters(reason)
    )
    newest = max(letters, key=lambda letter: letter["id"])
    assert newest["field"] == field
    assert newest["fix"]
    whole = platform.api.get(f"/v1/dead-letters/{newest['id']}")
    assert whole["preview_text"]


def test_good_readings_beside_a_bad_one_are_stored(platform: Any, eventually: Any) -> None:
    platform.send(
        {
            "session": 1,
            "seq": 30,
            "readings": [
                reading("T1", 19.0, time="2026-11-20T09:00:00Z"),
                reading("T1", None, time="2026-11-20T09:15:00Z"),
                reading("T1", 19.5, time="2026-11-20T09:30:00Z"),
            ],
        }
    )
    stored = eventually(lambda: {19.0, 19.5} <= {r["value"] for r in platform.readings("T1")})
    assert stored


def test_an_unknown_point_replays_once_registered(platform: Any, eventually: Any) -> None:
    platform.send(
        {
            "session": 1,
            "seq": 40,
            "readings": [reading("LATE1", 640, unit="ppm", time="2026-11-20T10:00:00Z")],
        }
    )
    eventually(lambda: any(x["point"] == "LATE1" for x in platform.letters("unknown_point")))
    platform.api.post(
        "/v1/registry/import",
        {"points.csv": "gateway,point,kind,unit,role,node\nhouse/gw,LATE1,instant,ppm,co2,west\n"},
    )
    (row,) = eventually(lambda: platform.readings("LATE1"))
    assert row["value"] == 640

    def letters() -> list[dict[str, Any]]:
        return [x for x in platform.letters("unknown_point") if x["point"] == "LATE1"]

    # The reading is stored before its letter is settled: a crash between them tells it again.
    eventually(lambda: all(one["state"] == "replayed" for one in letters()))


def test_a_wrong_password_is_refused(platform: Any) -> None:
    with pytest.raises(Exception, match=r"(?i)not authori[sz]ed|bad user"):
        platform.send({"readings": []}, password="wrong")


def test_unknown_key_and_foreign_scope(platform: Any) -> None:
    with pytest.raises(NotAllowed):
        ApiClient(platform.api.base_url, "go_nobody_nothing").get("/v1/nodes")
    made = platform.api.post("/v1/keys", {"name": "west only", "node": "west", "role": "read"})
    narrow = ApiClient(platform.api.base_url, made["secret"])
    assert [node["code"] for node in narrow.pages("/v1/nodes")] == ["west"]
    with pytest.raises(NotFound, match="scope"):
        narrow.get("/v1/nodes/body")
    with pytest.raises(NotAllowed):
        narrow.post("/v1/keys", {"name": "more", "node": "west", "role": "admin"})


def test_a_reading_over_http_is_journalled_first(platform: Any, eventually: Any) -> None:
    answer = platform.api.post(
        "/v1/ingest",
        {"readings": [reading("T1", 23.25, time="2026-11-20T11:00:00Z")]},
        gateway="house/gw",
    )
    assert answer["segment"] >> 24 == 2
    assert eventually(lambda: 23.25 in {r["value"] for r in platform.readings("T1")})


def test_a_second_supervisor_and_a_broken_import_change_nothing(
    platform: Any, command: Any, tmp_path: Path
) -> None:
    again = command("up", str(platform.folder.root))
    assert again.returncode == 2
    assert "in use by a running platform" in again.stderr
    (tmp_path / "meters.csv").write_text("code,node,item,total,step_min\nx,nowhere,01000,yes,15\n")
    refused = command("registry", "import", str(tmp_path), "--data", str(platform.folder.root))
    assert refused.returncode == 2
    assert "meters.csv:2: node = 'nowhere'" in refused.stderr
    assert "x" not in [meter["code"] for meter in platform.api.pages("/v1/meters")]


@pytest.mark.long
def test_a_port_in_use_is_named(command: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        free = usable_port(0, {0, port})
        command(
            "init",
            str(tmp_path / "data"),
            "--http-port",
            str(free),
            "--mqtt-port",
            str(port),
            "--metrics-port",
            str(usable_port(0, {0, port, free})),
        )
        refused = command("up", str(tmp_path / "data"))
    assert refused.returncode == 78
    assert str(port) in refused.stderr
    assert "mqtt.port" in refused.stderr or "port" in refused.stderr


def test_rebuild_gives_the_same_books_and_stopping_is_clean(
    platform: Any, eventually: Any, command: Any
) -> None:
    eventually(lambda: platform.api.health()["ledger"]["waiting_marks"] == 0)
    time.sleep(1.0)
    before = platform.api.get("/v1/books/hash")["book_hash"]
    assert platform.stop() == 0
    rebuilt = command("rebuild", str(platform.folder.root))
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert f'"book_hash": "{before}"' in rebuilt.stdout
