"""The simulated gateways as a process."""

from __future__ import annotations

import json
import threading
from pathlib import Path

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
    mqtt = folder.settings().mqtt
    stop: threading.Event = stop_event()
    run(
        SimulatorSettings(
            folder=folder.simulators,
            seed=world.seed,
            start_us=world.start_us,
            now_us=world.now_us,
            host=mqtt.host,
            port=mqtt.port,
            passwords=json.loads(folder.simulated_passwords.read_text()),
            waste=world.waste,
        ),
        clock.now_us,
        stop,
    )
