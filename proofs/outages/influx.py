"""Cases of InfluxDB: gone, hanging, busy, late, and as it was yesterday."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import Final

from greenoffice.stores import open_reader, open_stores
from proofs.outages.case import OutageCase, Seen, must
from proofs.outages.scene import OutageScene
from proofs.servers.relay import HoldingRelay, RefusingRelay
from proofs.steps import wait_until

_LATE_S: Final = 45.0
"""When a held write lands after it was sent [s]; who sent it gives up after 30."""
_AWAY_S: Final = 8.0
_HANGS_S: Final = 35.0
"""Longer than an answer is waited for [s]."""
_JSON: Final = {"Content-Type": "application/json"}
_OWN: Final = {**_JSON, "X-Influxdb-Version": "1.6.4"}
_REFUSALS: Final = {
    "503 of InfluxDB": (503, _OWN, b'{"error": "busy"}'),
    "503 of a proxy": (503, _JSON, b'{"error": "no upstream"}'),
    "429": (429, {**_OWN, "Retry-After": "1"}, b'{"error": "too many requests"}'),
}


def _begun(scene: OutageScene) -> None:
    scene.open()
    scene.gateways.quickly(0.3)
    scene.gateways.slowly(0.8)
    scene.pushed_further()


def late_write(scene: OutageScene) -> Seen:
    """InfluxDB holds a write and does it after the value was corrected; the correction stands."""
    relay = scene.relay
    assert isinstance(relay, HoldingRelay)
    scene.open()
    one = scene.gateways.gateways[0]
    number = scene.gateways.correction()
    one.allow(number - 1)
    one.wait_for(number - 1)
    scene.settle()
    corrected = json.loads(one.messages[number].payload)["readings"][0]
    before = json.loads(one.messages[number - 1].payload)["readings"]
    (stale,) = [r["value"] for r in before if r["time"] == corrected["time"]][:1]
    (time_us,) = one.messages[number].times_us[corrected["point"]]
    with closing(open_stores(scene.folder)) as stores:
        points = {p.name: i for i, p in stores.registry.load().points.items()}
    point = points[corrected["point"]]

    def value() -> float:
        with closing(open_reader(scene.folder)) as readings:
            found = readings.scan([point], time_us, time_us + 1)
        return float(found.value[0]) if len(found) else float("nan")

    relay.hold_next()
    one.allow(number)
    must(relay.held.wait(30), "nothing was written")
    held = time.monotonic()
    wait_until("the value", lambda: value() == stale, 90, 0.5)
    one.allow(number + 1)
    wait_until("its correction", lambda: value() == corrected["value"], 60, 0.5)
    time.sleep(max(0.0, held + _LATE_S - time.monotonic()))
    relay.let_go()
    landed = value() == stale
    must(landed, "the held write did not land over the correction", value())
    wait_until("the correction to stand again", lambda: value() == corrected["value"], 150, 1.0)
    return {"landed_late": landed, "put_right_after_s": round(time.monotonic() - held - _LATE_S)}


def influx_refuses(scene: OutageScene) -> Seen:
    """It is busy, or a proxy says that it is away."""
    relay = scene.relay
    assert isinstance(relay, RefusingRelay)
    _begun(scene)
    counts = {}
    for name, reply in _REFUSALS.items():
        before = relay.refused
        relay.reply = reply
        time.sleep(_AWAY_S)
        scene.pushed_further()
        wait_until("health", lambda: scene.health_status() == 503, 30, 0.2)
        counts[name] = relay.refused - before
        relay.reply = None
        scene.wait_ready()
    must(all(counts.values()), "not every refusal was met", counts)
    return {"refused": counts}


def influx_killed(scene: OutageScene) -> Seen:
    """kill -9 of InfluxDB in the middle of writing, twice."""
    _begun(scene)
    for _ in range(2):
        scene.servers.influx.kill()
        time.sleep(_AWAY_S)
        scene.pushed_further()
        wait_until("health", lambda: scene.health_status() == 503, 30, 0.2)
        scene.servers.influx.start()
        scene.wait_ready()
    return {}


def influx_frozen(scene: OutageScene) -> Seen:
    """InfluxDB stands still for longer than an answer is waited for, and then goes on."""
    _begun(scene)
    began = time.monotonic()
    scene.servers.influx.freeze()
    wait_until("health", lambda: scene.health_status() == 503, 40, 0.2)
    told_s = time.monotonic() - began
    scene.pushed_further()
    time.sleep(max(0.0, began + _HANGS_S - time.monotonic()))
    scene.pushed_further(1)
    scene.servers.influx.thaw()
    scene.wait_ready()
    return {"told_after_s": round(told_s, 1)}


def influx_as_of_yesterday(scene: OutageScene) -> Seen:
    """What InfluxDB keeps is put back as it was earlier; then `greenoffice rebuild`."""
    scene.open()
    scene.gateways.quickly(0.3)
    scene.settle()
    noted = scene.servers.note_influx()
    scene.gateways.quickly(0.6)
    scene.settle()
    scene.gateways.slowly(0.7)
    scene.servers.put_influx_back(noted)
    scene.wait_ready()
    scene.pushed_further()
    scene.gateways.quickly(0.8)
    scene.settle()  # what is booked now has a hole in it
    scene.end("work", "api")
    told = json.loads(scene.done("rebuild", str(scene.folder.root)).splitlines()[-1])
    scene.open("work", "api")
    return {"command": "rebuild", "differing": told["differing"]}


CASES = (
    OutageCase("late-write", late_write, relay=HoldingRelay),
    OutageCase("influx-503-429", influx_refuses, relay=RefusingRelay),
    OutageCase("influx-killed", influx_killed),
    OutageCase("influx-frozen", influx_frozen),
    OutageCase("influx-restored-from-yesterday", influx_as_of_yesterday),
)
