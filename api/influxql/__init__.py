"""InfluxQL over HTTP for Grafana's built-in InfluxDB data source.

    text ──grammar──▶ allow-listed tree ──▶ rows of the key's scope ──▶ groups ──▶ InfluxDB JSON

A statement is parsed and evaluated, never passed on: no store sees its text.
"""

from api.influxql.http import refusal, router

__all__ = ["refusal", "router"]
