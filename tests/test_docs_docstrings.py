"""Every public function of the product says what it takes and gives.

Public is what has no underscore before its name or its class's. A method may have the words of the
port, or of the framework's class, that its own class names as a base: they stand once.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = [*SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "proofs"]
OUTSIDE = {"proofs.ledger_cases"}
"""Imports a runner of recorded cases that is not of this tree."""


def modules(package: str) -> Iterator[ModuleType]:
    home = importlib.import_module(package)
    yield home
    for found in pkgutil.walk_packages(home.__path__, f"{package}."):
        if found.name in OUTSIDE or ".migrations." in found.name or "__main__" in found.name:
            continue
        yield importlib.import_module(found.name)


def function_of(value: object) -> FunctionType | None:
    """The function that a member of a module or class is made of."""
    if isinstance(value, property):
        value = value.fget
    elif isinstance(value, functools.cached_property):
        value = value.func
    elif isinstance(value, classmethod | staticmethod):
        value = value.__func__
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return value if isinstance(value, FunctionType) else None


def own(space: dict[str, object], module: ModuleType) -> Iterator[tuple[str, object]]:
    """Public members that are written in the module itself."""
    for name, value in space.items():
        function = function_of(value)
        if name.startswith("_") or function is None or function.__name__ != name:
            continue
        if function.__code__.co_filename == module.__file__:
            yield name, value


def words(owner: type | None, name: str, value: object) -> str:
    """The docstring of a member, or that of the same member of a base."""
    said = getattr(function_of(value), "__doc__", None)
    for base in owner.__mro__[1:] if owner else ():
        member = vars(base).get(name)
        said = said or getattr(function_of(member) or member, "__doc__", None)
    return inspect.cleandoc(said or "")


def functions(package: str) -> Iterator[tuple[str, str]]:
    """(place, docstring) of every public function and method."""
    for module in modules(package):
        for name, value in own(vars(module), module):
            yield f"{module.__name__}.{name}", words(None, name, value)
        for kind in vars(module).values():
            if not inspect.isclass(kind) or kind.__module__ != module.__name__:
                continue
            if kind.__qualname__.startswith("_"):
                continue
            for name, value in own(dict(vars(kind)), module):
                yield f"{module.__name__}.{kind.__qualname__}.{name}", words(kind, name, value)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_has_its_docstring(package: str) -> None:
    assert [place for place, said in functions(package) if not said] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_docstrings_say_more_than_the_name(package: str) -> None:
    """More than the function's own words, and a sentence."""
    for place, said in functions(package):
        own = set(re.findall(r"[a-z]+", place.rpartition(".")[2]))
        told = set(re.findall(r"[a-z]+", said.lower())) - {"the", "a", "an", "of", "this"}
        assert not said or told - own, f"{place}: {said}"
        assert not said or len(said) > 8, f"{place}: {said}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is(package: str) -> None:
    assert [one.__name__ for one in modules(package) if not (one.__doc__ or "").strip()] == []


def test_a_function_without_words_is_seen() -> None:
    class Port:
        def told(self) -> None:
            """What the port says."""

    class Adapter(Port):
        def told(self) -> None: ...

        @property
        def silent(self) -> None: ...

    assert words(Adapter, "told", Adapter.told) == "What the port says."
    assert words(Adapter, "silent", vars(Adapter)["silent"]) == ""
