"""First start: where nothing is registered, an institution with a site and a building.

code        institution: name, zone
code-site     site: named after it
code-1          building: its name, area          and what was chosen of the samples
"""

from __future__ import annotations

from dataclasses import dataclass

from api.caller import Caller
from api.usecases.registering import ImportDone, ImportWishes, import_texts
from api.usecases.setting_up import need_setup
from metering.errors import Conflict
from metering.tables import csv_text
from texts import word


@dataclass(frozen=True)
class FirstOffice:
    """What a new office says of itself."""

    code: str
    name: str
    building: str
    """Its name; '' is that of the office."""
    zone: str
    area_m2: str
    language: str
    """In which the names are: the end of their column."""
    samples: tuple[str, ...]
    """Files of the samples that are registered with it."""


def is_empty(caller: Caller) -> bool:
    """Whether no place is registered yet."""
    return not caller.platform.registry().nodes


def begin(caller: Caller, office: FirstOffice) -> ImportDone:
    """Register an office. Conflict where anything is registered; InvalidFiles for what is wrong,
    in tree.csv: line 2 is the institution, 4 the building."""
    need_setup(caller)
    if not is_empty(caller):
        raise Conflict(
            "something is registered already",
            field="code",
            value=office.code,
            fix="add to it, or change it",
        )
    samples = caller.platform.samples()
    texts: dict[str, str | bytes] = {
        "tree.csv": _tree(office),
        **{name: samples[name] for name in office.samples if name in samples},
    }
    return import_texts(caller, texts, ImportWishes(dry_run=False, reason="", end_missing=None))


def _tree(office: FirstOffice) -> str:
    site, building = f"{office.code}-site", f"{office.code}-1"
    named = office.building or office.name
    # a name of its own, else lists of places have the institution's twice
    site_name = word("first_start", "site", office.language).format(name=office.name)
    return csv_text(
        [
            ("code", "parent", "type", f"name_{office.language}", "zone", "area_m2"),
            (office.code, "", "institution", office.name, office.zone, ""),
            (site, office.code, "site", site_name if office.name else "", "", ""),
            (building, site, "building", named, "", office.area_m2),
        ]
    )
