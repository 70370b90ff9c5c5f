"""InfluxQL over HTTP for Grafana's built-in InfluxDB data source.

    text ──grammar──▶ allow-listed tree ──▶ rows of the key's scope ──▶ groups ──▶ InfluxDB JSON

A statement is parsed and evaluated, never passed on: no store sees its text.
"""

from api.influxql.http import key_of, refusal, router, said_in
from api.influxql.language.parse import prepare
from api.influxql.weight import weight

__all__ = ["key_of", "prepare", "refusal", "router", "said_in", "weight"]
