"""The demo's edge: a simulated meter on Modbus, polled as in an office without a gateway.

    simulated meter ◀─ Modbus TCP ─ edge ─ MQTT ─▶ listener

It begins with the demo's present, and measures nothing of the campus.
"""

from __future__ import annotations

import threading
from importlib.util import find_spec
from pathlib import Path

from edge import read_config
from greenoffice.demo.options import EDGE_GATEWAY, SITE, DemoWorld
from greenoffice.demo.registration import EDGE_METER, EDGE_REGISTERS
from greenoffice.edge_process import quiet_library, run_edge
from greenoffice.folder import DataFolder, write_secret
from greenoffice.parent import end_with_parent
from greenoffice.ports import usable_port
from greenoffice.supervisor import ChildSpec
from simulators import ModbusMeter, serve_meters

PORT = 5020
_START_KWH, _POWER_KW = 1_000.0, 3.5
_CONFIG = """\
# The demo's edge, reading a simulated meter. See docs/edge.md.
[gateway]
name = "{gateway}"
host = "{host}"
port = {mqtt}
password_file = "edge.password"

[[meters]]
name = "{meter}"
profile = "eastron-sdm630"
host = "127.0.0.1"
port = {modbus}
interval_s = 10
registers = {registers}
"""


def write_demo_edge(folder: DataFolder, password: str) -> None:
    """Write the configuration of the demo's edge, with the password of its gateway."""
    settings = folder.settings()
    mqtt = settings.mqtt
    taken = {settings.http.port, mqtt.port, mqtt.metrics_port}
    file = demo_edge(folder)
    file.parent.mkdir(parents=True)
    write_secret(file.parent / "edge.password", password)
    text = _CONFIG.format(
        gateway=f"{SITE}/{EDGE_GATEWAY}",
        host=mqtt.host,
        mqtt=mqtt.port,
        meter=EDGE_METER,
        modbus=usable_port(PORT, taken),
        registers=list(EDGE_REGISTERS),
    )
    file.write_text(text, encoding="utf-8")


def demo_edge(folder: DataFolder) -> Path:
    """The configuration of a demo's edge."""
    return folder.simulators / "edge" / "edge.toml"


def edge_children(folder: DataFolder) -> list[ChildSpec]:
    """The process of a demo's edge; none in a folder of before it, or without the extra `edge`."""
    if find_spec("pymodbus") is None or not demo_edge(folder).is_file():
        return []
    return [ChildSpec("edge", ["demo-edge", str(folder.root)])]


def run_demo_edge(data: Path, parent: int) -> None:
    """Serve the simulated meter and poll it until terminated, by the demo's clock."""
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    clock, stop = folder.clock(), threading.Event()
    quiet_library()  # imported before there are two threads that want it
    config = read_config(demo_edge(folder))
    line = config.meters[0].line
    start_us = DemoWorld.read(folder.demo_world).start_us  # the same after a restart
    meter = ModbusMeter(start_us, _START_KWH, _POWER_KW)
    told = ({1: meter}, line.host, line.port, clock.now_us, stop)
    serving = threading.Thread(target=serve_meters, args=told, name="meter", daemon=True)
    serving.start()
    try:
        run_edge(demo_edge(folder), clock)
    finally:
        stop.set()
        serving.join(5)
