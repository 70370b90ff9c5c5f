"""Packages that are installed only where they are wanted: the extras of `pyproject.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from metering.errors import ConfigurationError


@contextmanager
def extra(name: str) -> Iterator[None]:
    """For imports: where a package is absent, a ConfigurationError that says how to get it."""
    try:
        yield
    except ModuleNotFoundError as absent:
        raise ConfigurationError(
            "a package that this needs is not installed",
            field="package",
            value=absent.name,
            fix=f"install the extra: pip install 'greenoffice[{name}]'",
        ) from absent
