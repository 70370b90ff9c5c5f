"""The measurements there are, by name: the one table that SELECT and SHOW read."""

from __future__ import annotations

from api.influxql.engine.rows import Tables
from api.influxql.tables.cases import Findings
from api.influxql.tables.datacentre import DataCentres
from api.influxql.tables.energy import Booked
from api.influxql.tables.gateways import Gateways
from api.influxql.tables.points import Readings

MEASUREMENTS: Tables = {
    "energy": Booked("node"),
    "meters": Booked("meter"),
    "datacentre": DataCentres(),
    "findings": Findings(),
    "gateways": Gateways(),
    "readings": Readings(),
}
