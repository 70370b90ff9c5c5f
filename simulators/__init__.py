"""A simulated campus: buildings, a data centre and gateways that push over MQTT.

weather, building, datacentre ─▶ world ─▶ devices ─▶ plan ─▶ gateway ─▶ MQTT
                  labels ──────────┘        faults     misbehaviour
                                   └─▶ truth
                    devices, contract ─▶ supplier ─▶ paper
                                        modbus_meter ◀─ Modbus ─ an edge

Beside it stands a gateway of the national building-energy protocol (national).
"""

from simulators.campus import FOLDER as CAMPUS_FOLDER
from simulators.campus import SITE, ZONE, Campus, load_campus
from simulators.labels import Label
from simulators.modbus_meter import MeterFault, ModbusMeter, serve_meters
from simulators.national import Identity, NationalGateway, TurnedAway
from simulators.paper import EnteredPaper, read_bills
from simulators.run import PROGRESS_FILE, SimulatorSettings, run
from simulators.truth import (
    Summary,
    published,
    read_hourly,
    read_labels,
    read_truth,
    summary,
)
from simulators.world import World

__all__ = [
    "CAMPUS_FOLDER",
    "PROGRESS_FILE",
    "SITE",
    "ZONE",
    "Campus",
    "EnteredPaper",
    "Identity",
    "Label",
    "MeterFault",
    "ModbusMeter",
    "NationalGateway",
    "SimulatorSettings",
    "Summary",
    "TurnedAway",
    "World",
    "load_campus",
    "published",
    "read_bills",
    "read_hourly",
    "read_labels",
    "read_truth",
    "run",
    "serve_meters",
    "summary",
]
