"""HTTP to domain and back, nothing else: JSON under /v1 and the built-in page."""

from api.app import create_app
from api.gate import MOST_HEADERS, MOST_QUERY
from api.handing import answered
from api.platform import MessageReader, PartHealth, Platform, RawMessage, Submission
from api.workers import Answered, Handed, Workers

__all__ = [
    "MOST_HEADERS",
    "MOST_QUERY",
    "Answered",
    "Handed",
    "MessageReader",
    "PartHealth",
    "Platform",
    "RawMessage",
    "Submission",
    "Workers",
    "answered",
    "create_app",
]
