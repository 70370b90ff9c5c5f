"""What people enter on a running platform: kept over kill -9, booked, taken back, rebuilt."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metering.errors import InvalidInput
from tests.e2e.conftest import FILES, RunningPlatform, made_platform

TODAY = datetime.now(UTC).date()
AFTER = TODAY.replace(day=1)
FIRST = (AFTER - timedelta(days=1)).replace(day=1)
MONTH = f"{FIRST:%Y-%m}"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"a meter" * 100
BILL = {
    **{"account": "22-1", "number": "2026-118", "total": "371.70", "currency": "CNY"},
    **{"start": FIRST.isoformat(), "end": AFTER.isoformat(), "quantity": "90.5"},
    "lines": [{"name": "water", "quantity": "90.5", "price": "4.1", "amount": "371.05"}],
}
BY_HAND = FILES | {
    "accounts.csv": "account,meter,supplier\n22-1,water,Water company\n33-1,main,Grid\n",
    "gateways.csv": "site,code\nhouse,gw\nhouse,by-hand\n",
    "meters.csv": "code,node,item,total,step_min\n"
    "main,west,01000,yes,15\nwater,west,02000,yes,1440\nheat,west,04000,yes,1440\n",
    "points.csv": "gateway,point,kind,unit,meter\n"
    "house/gw,E1,register,kWh,main\nhouse/by-hand,water,interval,m3,water\n"
    "house/by-hand,heat,register,GJ,heat\n",
}


@pytest.fixture(scope="module")
def entered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    running = made_platform(tmp_path_factory.mktemp("entered"), BY_HAND)
    running.start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def call(
    platform: RunningPlatform, path: str, body: bytes, kind: str = "application/json", key: str = ""
) -> Any:
    """A POST with headers of its own; the answer as JSON."""
    secret = platform.folder.admin_key.read_text().strip()
    headers = {"X-API-Key": secret, "Content-Type": kind}
    headers |= {"Idempotency-Key": key} if key else {}
    request = urllib.request.Request(platform.api.base_url + path, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def enter(platform: RunningPlatform, key: str = "", **said: object) -> Any:
    return call(platform, "/v1/entries", json.dumps(said).encode(), key=key)


def processes(platform: RunningPlatform) -> dict[str, int]:
    told = json.loads((platform.folder.run / "processes.json").read_text())
    return {name: int(number) for name, number in told.items()}


def month_of(platform: RunningPlatform, meter: str) -> Any:
    query = {"step": "month", "start": FIRST.isoformat(), "end": AFTER.isoformat()}
    return platform.api.get("/v1/energy", meter=meter, **query)["data"][0]


def test_an_acknowledged_entry_outlives_kill_9_before_it_is_taken_in(
    entered: RunningPlatform, eventually: Callable[..., Any]
) -> None:
    file = call(entered, "/v1/evidence", PICTURE, "image/png")
    assert file == {
        "sha256": hashlib.sha256(PICTURE).hexdigest(),
        "media": "image/png",
        "size": len(PICTURE),
    }
    intake = processes(entered)["intake"]
    os.kill(intake, signal.SIGSTOP)
    said = {
        **{"meter": "water", "value": "412.123457", "month": MONTH},
        **{"read_by": "王工", "evidence": [file["sha256"]]},
    }
    told = enter(entered, "w-1", **said)
    assert (told["state"], told["taken_in"], told["kind"]) == ("stands", False, "quantity")
    os.kill(processes(entered)["api"], signal.SIGKILL)
    os.kill(intake, signal.SIGKILL)
    again = eventually(lambda: enter(entered, "w-1", **said), 60)
    assert again["id"] == told["id"]
    eventually(lambda: entered.api.get(f"/v1/entries/{told['id']}")["taken_in"], 60)
    assert enter(entered, "w-1", **said)["message"] == told["message"]
    found = eventually(lambda: (m := month_of(entered, "water"))["amount"] is not None and m, 60)
    assert found["amount"] == 412_123_457
    assert found["shares"] == {"measured": 0, "apportioned": 0, "estimated": 1, "missing": 0}
    with pytest.raises(Exception, match="409"):
        enter(entered, "w-1", **{**said, "value": "1"})
    (listed,) = entered.api.get("/v1/entries", meter="water")["data"]
    assert (listed["id"], listed["read_by"], listed["state"]) == (told["id"], "王工", "stands")
    assert listed["entered_by"].startswith("admin (")


def test_two_readings_of_a_register_make_a_month_of_heat(
    entered: RunningPlatform, eventually: Callable[..., Any]
) -> None:
    enter(entered, meter="heat", value="100.5", day=FIRST.isoformat())
    enter(entered, meter="heat", value="130.75", day=AFTER.isoformat())
    found = eventually(lambda: (m := month_of(entered, "heat"))["amount"] == 30_250_000 and m, 60)
    assert found["shares"]["estimated"] == 0
    days = entered.api.get(
        "/v1/energy", meter="heat", step="day", start=FIRST.isoformat(), end=AFTER.isoformat()
    )["data"]
    assert {day["shares"]["apportioned"] for day in days} == {1}


def test_what_is_taken_back_is_used_no_more(
    entered: RunningPlatform, eventually: Callable[..., Any]
) -> None:
    (first,) = entered.api.get("/v1/entries", meter="water")["data"]
    later = enter(entered, meter="water", value=400, month=MONTH)
    eventually(lambda: month_of(entered, "water")["amount"] == 400_000_000, 60)
    assert entered.api.get(f"/v1/entries/{first['id']}")["state"] == "corrected"
    with pytest.raises(InvalidInput, match="a later entry has replaced it"):
        entered.api.post(f"/v1/entries/{first['id']}/withdrawal", {"reason": "x"})
    taken = entered.api.post(f"/v1/entries/{later['id']}/withdrawal", {"reason": "wrong meter"})
    assert taken["state"] == "withdrawn"
    eventually(lambda: month_of(entered, "water")["amount"] is None, 60)


def test_an_acknowledged_bill_outlives_kill_9_and_stands_beside_the_meter_or_for_it(
    entered: RunningPlatform, eventually: Callable[..., Any]
) -> None:
    intake = processes(entered)["intake"]
    os.kill(intake, signal.SIGSTOP)
    told = call(entered, "/v1/bills", json.dumps(BILL).encode(), key="b-1")
    assert (told["taken_in"], told["books"]["source"]) == (False, "bill")
    os.kill(processes(entered)["api"], signal.SIGKILL)
    os.kill(intake, signal.SIGKILL)
    again = eventually(lambda: call(entered, "/v1/bills", json.dumps(BILL).encode(), key="b-1"), 60)
    assert again["id"] == told["id"]
    eventually(lambda: month_of(entered, "water")["amount"] == 90_500_000, 60)
    (listed,) = entered.api.get("/v1/bills")["data"]
    assert (listed["id"], listed["supplier"], listed["taken_in"]) == (
        told["id"],
        "Water company",
        True,
    )
    beside = call(
        entered, "/v1/bills", json.dumps({**BILL, "account": "33-1", "number": "5"}).encode()
    )
    assert (beside["books"]["source"], beside["books"]["difference"]) == ("meter", None)
    eventually(lambda: len(entered.api.get("/v1/bills")["data"]) == 2, 60)
    entered.api.post(f"/v1/bills/{told['id']}/withdrawal", {"reason": "paid twice"})
    eventually(lambda: month_of(entered, "water")["amount"] is None, 60)


@pytest.mark.timeout(300)
def test_the_command_line_enters_too_and_a_rebuild_has_all_of_it(
    entered: RunningPlatform,
    command: Callable[..., Any],
    eventually: Callable[..., Any],
    tmp_path: Path,
) -> None:
    data = str(entered.folder.root)
    (tmp_path / "slip.pdf").write_bytes(b"%PDF-1.4 a slip")
    given = ("--month", MONTH, "--read-by", "Li", "--evidence", str(tmp_path / "slip.pdf"))
    for _ in range(2):
        told = command("enter", data, "water", "88.5", *given, "--key", "slip 7")
        assert told.returncode == 0, told.stderr
    said = json.loads(told.stdout)
    assert said["entered_by"] == "command line"
    eventually(lambda: month_of(entered, "water")["amount"] == 88_500_000, 60)
    (tmp_path / "bill.json").write_text(json.dumps({**BILL, "account": "33-1", "number": "6"}))
    billed = command("enter-bill", data, str(tmp_path / "bill.json"), "--key", "6")
    assert billed.returncode == 0, billed.stderr
    eventually(lambda: len(entered.api.get("/v1/bills")["data"]) == 3, 60)
    before = entered.api.get("/v1/books/hash", institution="body")["book_hash"]
    count = len(entered.api.get("/v1/entries")["data"])
    backup = command("backup", str(tmp_path / "backup"), "--data", data)
    assert backup.returncode == 0, backup.stderr
    kept = {path.name for path in (tmp_path / "backup/files/evidence").iterdir()}
    assert kept == {path.name for path in entered.folder.evidence.iterdir()}
    assert len(kept) == 2
    assert entered.stop() == 0
    rebuilt = command("rebuild", data)
    assert rebuilt.returncode == 0, rebuilt.stderr
    exported = command(
        *("export", "journal", str(tmp_path / "body.jsonl"), "--data", data),
        *("--institution", "body", "--from", FIRST.isoformat(), "--to", AFTER.isoformat()),
    )
    assert exported.returncode == 0, exported.stderr
    again = command("recompute", str(tmp_path / "body.jsonl"), "--json")
    assert again.returncode == 0, again.stderr
    months = [json.loads(line) for line in again.stdout.splitlines()]
    months = [one for one in months if one.get("step") == "month" and one.get("code") == "water"]
    assert [one["amount"] for one in months] == [88_500_000]
    entered.start()
    assert entered.api.get("/v1/books/hash", institution="body")["book_hash"] == before
    assert len(entered.api.get("/v1/entries")["data"]) == count
    listed = command("entries", data, "water")
    bills = command("bills", data, "33-1")
    assert [json.loads(line)["number"] for line in bills.stdout.splitlines()] == ["6", "5"]
    states = [json.loads(line)["state"] for line in listed.stdout.splitlines()]
    assert states == ["stands", "withdrawn", "corrected"]
