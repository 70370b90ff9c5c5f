"""HTTP to domain and back, nothing else: JSON under /v1 and the built-in page."""

from api.app import create_app
from api.gate import MOST_HEADERS, MOST_QUERY
from api.handing import answered
from api.influxql import prepare
from api.latest import Latest
from api.platform import (
    MOST_HISTORY_BYTES,
    GatewayDoor,
    MessageReader,
    Platform,
    PushReceipt,
    RawMessage,
    Submission,
)
from api.problems import problem_of
from api.room import Lack, PartHealth, Room, error_of
from api.workers import Answered, Ended, Handed, NoWorker, Workers

__all__ = [
    "MOST_HEADERS",
    "MOST_HISTORY_BYTES",
    "MOST_QUERY",
    "Answered",
    "Ended",
    "GatewayDoor",
    "Handed",
    "Lack",
    "Latest",
    "MessageReader",
    "NoWorker",
    "PartHealth",
    "Platform",
    "PushReceipt",
    "RawMessage",
    "Room",
    "Submission",
    "Workers",
    "answered",
    "create_app",
    "error_of",
    "prepare",
    "problem_of",
]
