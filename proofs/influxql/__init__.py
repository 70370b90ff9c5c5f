"""Our InfluxQL beside a real InfluxDB that holds the same rows.

scene       a small platform in two zones, over a clock change
written     its rows, with our tags and fields, in InfluxDB's lines
statements  statements as Grafana's editor and the grammar of InfluxQL make them
judge       two answers to one statement: equal, refused, better, or different
check       all of it, and the line of JSON
"""

from proofs.influxql.check import run_influxql_check

__all__ = ["run_influxql_check"]
