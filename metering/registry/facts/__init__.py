"""Kinds of registered facts that have a file each: its `KIND` says all that there is to know.

They are dated, so a change of them never rewrites what was, and nothing is booked again. No figure
depends on them, but bills may (`billed`). Whoever uses one asks it: `OFFICE_HOURS.of(registry)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from metering.registry.kind import FactKind

__all__ = ["FACTS"]


def _collected() -> Iterator[FactKind[Any]]:
    for found in iter_modules(__path__):
        kind = getattr(import_module(f"{__name__}.{found.name}"), "KIND", None)
        if isinstance(kind, FactKind):
            yield kind


FACTS: tuple[FactKind[Any], ...] = tuple(sorted(_collected(), key=lambda kind: kind.name))
"""By name."""
