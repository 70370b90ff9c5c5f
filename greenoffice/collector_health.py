"""How the receivers are, as the collector last said."""

from __future__ import annotations

import json
import time

from api import PartHealth
from greenoffice.collector_process import health_file
from greenoffice.folder import DataFolder

SILENT_S = 10.0
"""A collector that said nothing for so long does not run."""


def collector_health(folder: DataFolder) -> dict[str, PartHealth]:
    """A part for each receiver; one part `collector`, not ready, where nothing was said."""
    try:
        told = json.loads(health_file(folder).read_text())
    except (OSError, ValueError):
        return {"collector": PartHealth(False, {"error": "the collector does not run"})}
    silent_s = time.time() - told["at"]
    if silent_s > SILENT_S:
        error = f"the collector has not been heard of for {silent_s:.0f} s"
        return {"collector": PartHealth(False, {"error": error})}
    return {
        name: PartHealth(
            health["ok"],
            {
                "connections": health["connections"],
                "waiting_records": health["waiting_records"],
                "error": health["failure"],
            },
        )
        for name, health in told["receivers"].items()
    }
