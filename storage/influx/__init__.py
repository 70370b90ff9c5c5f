"""Readings in InfluxDB, a server beside the platform.

address   where it is, and the token                client    one HTTP request, its errors
lines     rows -> line protocol                     writing   chunks, halving, refused rows
queries   questions in InfluxQL, answers from CSV   readings  the ReadingStore
setup     bucket, retention, tokens                 check     what would keep it from working
"""

from storage.influx.address import InfluxAddress
from storage.influx.check import check
from storage.influx.client import InfluxClient
from storage.influx.readings import InfluxReadings
from storage.influx.setup import Prepared, WantedBucket, prepare

__all__ = [
    "InfluxAddress",
    "InfluxClient",
    "InfluxReadings",
    "Prepared",
    "WantedBucket",
    "check",
    "prepare",
]
