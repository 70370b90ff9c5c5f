"""What others do with the same messages: a bare drain of the broker, and Telegraf."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from proofs.ingest.load import LoadPlan, as_json
from proofs.ingest.scene import cpu_of, wanted
from proofs.servers.influx import OwnServer, found
from proofs.servers.mosquitto import own_mosquitto
from proofs.steps import wait_until
from storage.influx.client import InfluxClient
from storage.influx.queries import count

_TELEGRAF = """
[agent]
interval = "1s"
flush_interval = "1s"
metric_batch_size = 5000
metric_buffer_limit = 1000000
omit_hostname = true
[[inputs.mqtt_consumer]]
servers = ["tcp://127.0.0.1:{port}"]
topics = ["greenoffice/v1/#"]
qos = 1
client_id = "telegraf"
persistent_session = true
max_undelivered_messages = 10000
data_format = "json"
json_query = "readings"
json_time_key = "time"
json_time_format = "2006-01-02T15:04:05Z07:00"
tag_keys = ["point"]
name_override = "reading"
{output}
"""
_OUTPUT_2 = """
[[outputs.influxdb_v2]]
urls = ["{url}"]
token = "{token}"
organization = "{org}"
bucket = "telegraf"
"""
_OUTPUT_1 = """
[[outputs.influxdb]]
urls = ["{url}"]
database = "telegraf"
skip_database_creation = true
"""


def loaded(plan: LoadPlan) -> dict[str, float]:
    """Publish all of a plan in a process of its own."""
    return told(subprocess.Popen(_LOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE), plan)


_LOAD = [sys.executable, "-m", "proofs.ingest.load"]


def begun(plan: LoadPlan) -> subprocess.Popen[bytes]:
    """A process that publishes a plan; it prepares its packets first."""
    process = subprocess.Popen(_LOAD, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(as_json(plan).encode())
    process.stdin.close()
    process.stdin = None
    return process


def told(process: subprocess.Popen[bytes], plan: LoadPlan | None = None) -> dict[str, float]:
    """What a process prints last, as JSON; it has ended then."""
    given = None if plan is None else as_json(plan).encode()
    output, _ = process.communicate(given)
    found: dict[str, float] = json.loads(output.decode().strip().splitlines()[-1])
    return found


def drained(root: Path, plan: LoadPlan) -> dict[str, Any]:
    """A broker with one subscriber that acknowledges and does nothing else."""
    with own_mosquitto(root) as broker:
        port = _port(broker.url)
        messages = len(plan.gateways) * plan.rounds * -(-plan.points // plan.each)
        command = [sys.executable, "-m", "proofs.ingest.drain", str(port), str(messages)]
        drain = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert drain.stdout is not None
        drain.stdout.readline()  # it is subscribed
        before = cpu_of(broker.pid)
        load = loaded(LoadPlan(**{**vars(plan), "port": port, "passwords": ()}))
        drain_told = told(drain)
        return {
            "messages_per_s": round(messages / (drain_told["ended"] - load["began"])),
            "acknowledged_per_s": round(messages / load["seconds"]),
            "cpu_us_per_message": round(1e6 * drain_told["cpu_s"] / messages, 2),
            "broker_cpu_us_per_message": round(1e6 * (cpu_of(broker.pid) - before) / messages, 2),
            "load_share": round(load["cpu_s"] / load["seconds"], 2),
        }


def telegraf_missing() -> str:
    """Why Telegraf cannot be tried; '' where it can."""
    if shutil.which("telegraf") is None:
        return "telegraf is not on PATH"
    return "" if found(2) or found(1) else "no influxd is on PATH"


def telegraf_stores(root: Path, plan: LoadPlan) -> dict[str, Any]:
    """The same messages by Telegraf into an InfluxDB."""
    root.mkdir()
    with own_mosquitto(root / "broker") as broker, _influx(root) as influx:
        port = _port(broker.url)
        address, _ = influx.bucket("telegraf", wanted())
        form = _OUTPUT_2 if influx.generation == 2 else _OUTPUT_1
        output = form.format(url=address.url, token=address.token, org=address.org)
        config = root / "telegraf.conf"
        config.write_text(_TELEGRAF.format(port=port, output=output), encoding="utf-8")
        client = InfluxClient(address)
        with (root / "telegraf.log").open("wb") as log:
            command = ["telegraf", "--config", str(config)]
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            time.sleep(3.0)  # it says nowhere that it has subscribed
            readings = len(plan.gateways) * plan.rounds * plan.points
            before = {"telegraf": cpu_of(process.pid), "influxdb": cpu_of(influx.pid)}
            load = loaded(LoadPlan(**{**vars(plan), "port": port, "passwords": ()}))
            wait_until(
                "Telegraf to store all",
                lambda: count(client, None) >= readings,
                max(60.0, readings / 100),
                0.1,
            )
            took_s = time.monotonic() - load["began"]
            after = {"telegraf": cpu_of(process.pid), "influxdb": cpu_of(influx.pid)}
        finally:
            process.terminate()
            process.wait(20)
            client.close()
        return {
            "readings_per_s": round(readings / took_s),
            "cpu_us_per_reading": {
                name: round(1e6 * (after[name] - was) / readings, 2) for name, was in before.items()
            },
        }


@contextlib.contextmanager
def _influx(root: Path) -> Iterator[OwnServer]:
    (root / "influx").mkdir()
    server = OwnServer(root / "influx", 2 if found(2) else 1)
    try:
        yield server
    finally:
        server.stop()


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
