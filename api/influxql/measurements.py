"""The measurements there are, by name: the one table that SELECT and SHOW read."""

from __future__ import annotations

from api.influxql.cases import Findings
from api.influxql.datacentre import DataCentres
from api.influxql.energy import Booked
from api.influxql.gateways import Gateways
from api.influxql.points import Readings
from api.influxql.rows import Measurement
from metering.errors import InvalidInput

MEASUREMENTS: dict[str, Measurement] = {
    "energy": Booked("node"),
    "meters": Booked("meter"),
    "datacentre": DataCentres(),
    "findings": Findings(),
    "gateways": Gateways(),
    "readings": Readings(),
}


def measurement(name: str) -> Measurement:
    """The measurement of that name; InvalidInput names the others."""
    found = MEASUREMENTS.get(name)
    if found is None:
        raise InvalidInput(
            "no such measurement",
            field="q",
            value=name,
            fix=f"one of: {', '.join(MEASUREMENTS)}",
        )
    return found
