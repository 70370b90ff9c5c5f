"""What the intake refuses reaches the gateway that sent it, though another process found it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from greenoffice.commands import init
from greenoffice.health import process_health
from greenoffice.heartbeat import REFUSED, heard, tell
from greenoffice.refused import RefusalNews
from metering.intake import RefusalNotice
from proofs.steps import started, wait_until
from proofs.world_folder import platform_folder

OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,g\ns,h\n",
    "points.csv": "gateway,point,kind,unit,role,node\ns/g,T,instant,C,room_temperature,b\n",
}
NOW = "2026-11-24T08:00:00Z"
BASE = "greenoffice/v1/s"
SENT = {
    "bad_json": (f"{BASE}/g/readings", b"{"),
    "unknown_point": (f"{BASE}/g/readings", b'{"readings": [{"point": "none", "value": 1}]}'),
    "future_time": (
        f"{BASE}/g/readings",
        b'{"readings": [{"point": "T", "value": 1, "time": "2027-11-24T08:00:00Z"}]}',
    ),
    "unknown_topic": ("vendor/7", b"{}"),
    "foreign_topic": (f"{BASE}/h/readings", b'{"readings": []}'),
}


@contextmanager
def listening(port: int, user: str, password: str) -> Iterator[tuple[paho.Client, list[Any]]]:
    """A client that subscribed to its errors, and what it hears."""
    client, told = paho.Client(CallbackAPIVersion.VERSION2), list[Any]()
    client.username_pw_set(user, password)
    client.on_connect = lambda *_: client.subscribe(f"greenoffice/v1/{user}/errors", 1)
    client.on_message = lambda _c, _u, got: told.append(json.loads(got.payload))
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client, told
    finally:
        client.disconnect()
        client.loop_stop()


def works(file: Path) -> bool:
    return all(part["ok"] for part in heard(file).values())


def test_a_gateway_hears_of_all_that_was_refused_and_no_other_does(tmp_path: Path) -> None:
    folder, passwords = platform_folder(tmp_path, NOW, OFFICE)
    port = folder.settings().mqtt.port
    with started(["collector", str(folder.root)]), started(["intake", str(folder.root)]):
        wait_until("the collector", lambda: works(folder.heartbeat("collector")), every_s=0.1)
        with (
            listening(port, "s/h", passwords["s/h"]) as (_, others),
            listening(port, "s/g", passwords["s/g"]) as (client, told),
        ):
            for topic, payload in (*SENT.values(), *SENT.values()):
                client.publish(topic, payload, qos=1)
            wait_until("errors", lambda: {one["reason"] for one in told} == set(SENT), every_s=0.1)
    assert not others
    by_reason = {one["reason"]: one for one in told}
    assert len(by_reason) == len(told)  # once each
    for reason, one in by_reason.items():
        assert one["topic"] == SENT[reason][0]
        assert one["fix"]
        assert one["first"] <= one["last"]
    assert by_reason["unknown_point"]["value"] == "none"


def notice(number: int) -> RefusalNotice:
    return RefusalNotice(number, 5, "s/g", "bad_json", "t", "m", "f", "v", "fix", 1, 2, 3)


def test_each_notice_is_taken_once_and_those_of_another_run_too(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")

    def intake(run: str, *numbers: int) -> None:
        told = {"run": run, "notices": [asdict(notice(number)) for number in numbers]}
        tell(folder.heartbeat("intake"), {"intake": {"ok": True, REFUSED: told}})

    news = RefusalNews(folder.heartbeat("intake"))
    assert news.take() == []  # it does not run
    intake("a", 1, 2)
    assert news.take() == [notice(1), notice(2)]
    assert news.take() == []
    intake("a", 2, 3)
    assert news.take() == [notice(3)]
    intake("b", 1)
    assert news.take() == [notice(1)]
    assert process_health(folder, "intake")["intake"].detail == {}
