"""Fields of the forms of set-up: what each is called, means and chooses from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from api.page.visit import Visit
from api.usecases.setting_up import FieldProblem
from metering.registry.choices import choices
from metering.registry.kinds import FILES, TABLES
from metering.registry.model import Registry
from texts import own_meaning, said, word

DAYS: Final = frozenset({"valid_from", "valid_to", "date", "calibrated_until"})
_MOMENTS: Final = frozenset({("points.csv", "valid_from"), ("points.csv", "valid_to")})
"""May say an instant or a window too."""
_FILES: Final = re.compile("|".join(map(re.escape, FILES)))
_NUMBERS: Final = frozenset({"area_m2", "persons", "max_per_hour", "digits", "price"})


class SetupFields:
    """Fields of one form, with the lists that they choose from."""

    def __init__(self, visit: Visit, file: str) -> None:
        self._visit, self._file = visit, file
        self._registry = visit.caller.platform.registry()
        self._lists: dict[str, list[tuple[str, str]]] = {}

    def lists(self) -> dict[str, list[tuple[str, str]]]:
        """(value, name) of what fields choose from, by the name of the list."""
        return self._lists

    def field(
        self,
        column: str,
        value: str,
        wrong_at: tuple[int, Sequence[FieldProblem]],
        *,
        fixed: bool,
    ) -> dict[str, Any]:
        """A field of the part at a place, -1 for what is told once, with what is wrong with it."""
        language, (place, problems) = self._visit.language, wrong_at
        wrong = [one for one in problems if (one.place, one.column) == (place, column)]
        values = choices(self._file, column)
        return {
            "name": f"c.{column}" if place < 0 else f"p.{place}.{column}",
            "label": label_of(self._visit, column),
            "column": column,
            "help": own_meaning(stem(self._file), column, language)
            or word("setup_help", column, language),
            "value": value,
            "needed": column in TABLES[self._file].required,
            "fixed": fixed,
            "options": self._options(values, value),
            "list": "" if values else self._list(column),
            "type": "date" if column in DAYS and (self._file, column) not in _MOMENTS else "text",
            "mode": "decimal" if column in _NUMBERS else "",
            "problems": [told_of(one, language) for one in dict.fromkeys(wrong)],
        }

    def _options(self, values: Sequence[str], value: str) -> list[tuple[str, str]]:
        if not values:
            return []
        known = values if value in values or not value else (*values, value)
        offered = known if "" in known else ("", *known)
        return [(one, choice(one, self._visit.language)) for one in offered]

    def _list(self, column: str) -> str:
        """The name of the list that a column chooses from; '' for none."""
        among = _among(self._file, column)
        if among and among not in self._lists:
            self._lists[among] = _names(self._registry, among, self._visit.language)
        return among


def told_of(problem: FieldProblem, language: str) -> tuple[str, str]:
    """What is wrong and how to put it right, as a form says it: files by what their things are
    called, and nothing of the values that the field chooses from anyhow."""
    lists_values = problem.problem == "unknown" and problem.fix.startswith("one of ")
    wrong, fix = (said(one, language) for one in (problem.problem, problem.fix))
    return _named(wrong, language), "" if lists_values else _named(fix, language)


def _named(sentence: str, language: str) -> str:
    def name(found: re.Match[str]) -> str:
        called = word("setup_file", stem(found[0]), language)
        return f"“{called}”"

    return _FILES.sub(name, sentence)


def choice(value: str, language: str) -> str:
    """What people call a value of a closed set, with the value itself."""
    told = word("setup_value", value, language) if value else ""
    return told if told in ("", value) else f"{told} ({value})"


def _among(file: str, column: str) -> str:
    """Of what the column's values are codes; '' for nothing."""
    for kind in FILES[file]:
        for one in kind.refers:
            if one.said == column and column != "code":
                return one.among
    return {"item": "items", "zone": "zones"}.get(column, "")


def _names(registry: Registry, among: str, language: str) -> list[tuple[str, str]]:
    if among == "zones":
        return [(one, "") for one in _zones()]
    if among == "items":
        return [(one, word("item", one, language)) for one in ITEMS]
    return [(code, one.name(language)) for code, one in sorted(getattr(registry, among).items())]


@cache
def _zones() -> tuple[str, ...]:
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    return tuple(sorted(one for one in available_timezones() if one.partition("/")[0] in regions))


ITEMS: Final = (
    *("01000", "01A00", "01B00", "01C00", "01D00", "02000", "03000", "04000", "05000"),
    *("07000", "08000", "09000", "10000", "11000", "12000", "90000"),
)
"""Offered; any well-formed code may be typed."""


def label_of(visit: Visit, column: str) -> str:
    """What people call a column."""
    return word("setup_column", column, visit.language)


def stem(file: str) -> str:
    """What addresses and texts call a file."""
    return file.removesuffix(".csv")
