"""An office without a gateway: meters read over Modbus, kept on an own disk, pushed over MQTT.

profiles ─▶ config ─▶ poller ─▶ modbus ─▶ meters
                        │ values
                        ▼
                      spool ─▶ pusher ─▶ MQTT ─▶ platform
                        ▲          asked ◀────────┘
"""

from edge.checking import CheckedRegister, check_meters
from edge.config import TEMPLATE, EdgeConfig, read_config
from edge.poller import Poller
from edge.profile import profile_names
from edge.pusher import EdgePusher
from edge.spool import MeterState, Spool, SpoolState, spool_state

__all__ = [
    "TEMPLATE",
    "CheckedRegister",
    "EdgeConfig",
    "EdgePusher",
    "MeterState",
    "Poller",
    "Spool",
    "SpoolState",
    "check_meters",
    "profile_names",
    "read_config",
    "spool_state",
]
