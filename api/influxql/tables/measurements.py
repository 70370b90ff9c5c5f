"""The measurements there are, by name: the one table that SELECT and SHOW read."""

from __future__ import annotations

from api.influxql.engine.rows import Tables
from api.influxql.tables.cases import Findings
from api.influxql.tables.corrections import Corrections
from api.influxql.tables.datacentre import DataCentres
from api.influxql.tables.energy import Booked
from api.influxql.tables.gateways import Gateways
from api.influxql.tables.lives import CaseLives
from api.influxql.tables.points import Readings
from api.influxql.tables.sized import Sized
from api.influxql.tables.stepped import Stepped

MEASUREMENTS: Tables = {
    "energy": Booked("node"),
    **{f"energy_{step}": Stepped(step) for step in ("hour", "day", "week", "month")},
    "meters": Booked("meter"),
    "indicators": Sized(),
    "datacentre": DataCentres(),
    "findings": Findings(),
    "cases": CaseLives(),
    "restatements": Corrections(),
    "gateways": Gateways(),
    "readings": Readings(),
}
