"""The simulated gateways as a process."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from urllib.parse import urlsplit

from greenoffice.demo.options import DemoWorld
from greenoffice.folder import DataFolder
from greenoffice.logs import set_up_logs
from greenoffice.parent import end_with_parent
from greenoffice.signals import stop_event
from simulators import SimulatorSettings, run


def run_simulators(data: Path, parent: int) -> None:
    """Push the history of the folder's demo world, then live, until terminated."""
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    clock = folder.clock()
    set_up_logs("simulators", clock)
    world = DemoWorld.read(folder.demo_world)
    host, port = _destination(folder)
    stop: threading.Event = stop_event()
    run(
        SimulatorSettings(
            folder=folder.simulators,
            seed=world.seed,
            start_us=world.start_us,
            now_us=world.now_us,
            host=host,
            port=port,
            passwords=json.loads(folder.simulated_passwords.read_text()),
            waste=world.waste,
            more_waste=world.more_waste,
            billed=world.billed,
        ),
        clock.now_us,
        stop,
    )


def _destination(folder: DataFolder) -> tuple[str, int]:
    """Where the gateways push: the broker if the settings name one, else our listener."""
    settings = folder.settings()
    if not settings.broker.url:
        return settings.mqtt.host, settings.mqtt.port
    broker = urlsplit(settings.broker.url)
    return broker.hostname or "127.0.0.1", broker.port or 1883
