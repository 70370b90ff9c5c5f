"""Grafana boards as code, and their provisioning by file.

Grafana never holds a token of a store: its only source is the platform's API, by way of its
built-in InfluxDB data source in InfluxQL mode.
"""

from dashboards.boards import FOLDER, LANGUAGES, boards, file_name, written
from dashboards.provisioning import datasource_yaml, write_provisioning
from dashboards.push import push_boards
from dashboards.server import environment

__all__ = [
    "FOLDER",
    "LANGUAGES",
    "boards",
    "datasource_yaml",
    "environment",
    "file_name",
    "push_boards",
    "write_provisioning",
    "written",
]
