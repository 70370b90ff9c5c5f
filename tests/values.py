"""Value types of a package, found by walking its modules."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from types import ModuleType


def values_of(package: ModuleType) -> dict[str, type]:
    """Every dataclass that a package and those below it define, by name."""
    names = [one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    modules = [package, *map(importlib.import_module, names)]
    return {
        name: found
        for module in modules
        for name, found in inspect.getmembers(module, dataclasses.is_dataclass)
        if isinstance(found, type) and found.__module__ == module.__name__
    }


def changeable(package: ModuleType) -> set[str]:
    """Those whose fields can be set after they were made."""
    found = values_of(package).items()
    return {name for name, one in found if not one.__dataclass_params__.frozen}  # type: ignore[attr-defined]


def alone(package: ModuleType) -> set[str]:
    """Those that equal nothing but themselves: an array has no one answer to ==."""
    return {name for name, one in values_of(package).items() if one.__eq__ is object.__eq__}


def ordered(package: ModuleType) -> set[str]:
    """Those that have an order."""
    found = values_of(package).items()
    return {name for name, one in found if one.__lt__ is not object.__lt__}  # type: ignore[operator]
