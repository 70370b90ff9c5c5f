"""HTTP to domain and back, nothing else: JSON under /v1 and the built-in page."""

from api.app import create_app
from api.gate import MOST_HEADERS, MOST_QUERY
from api.platform import MessageReader, PartHealth, Platform, RawMessage, Submission

__all__ = [
    "MOST_HEADERS",
    "MOST_QUERY",
    "MessageReader",
    "PartHealth",
    "Platform",
    "RawMessage",
    "Submission",
    "create_app",
]
