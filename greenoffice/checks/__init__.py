"""Checks of the whole platform, each ending with one line of JSON."""

from pathlib import Path


def recorded_sums_file() -> Path:
    """The program that adds recorded rows without importing any of our packages."""
    return Path(__file__).with_name("recorded_sums.py")
