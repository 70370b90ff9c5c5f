"""The first start on the page: the form that makes an office."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page.language import N_
from api.page.setup import title
from api.page.setup_fields import SetupFields, told_of
from api.page.visit import Acting, PageRoute, Visit
from api.usecases.first_start import FirstOffice, begin
from api.usecases.setting_up import FieldProblem
from metering.errors import InvalidFiles
from metering.registry.write import Record
from texts import LANGUAGES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Text = Annotated[str, Form(max_length=200)]
LABELS = {
    "code": N_("Code of the institution"),
    "name": N_("Name of the institution"),
    "building": N_("Name of the building; empty is that of the institution"),
    "zone": N_("Time zone"),
    "area_m2": N_("Floor area of the building [m²]"),
}
COLUMNS = tuple(LABELS)
ZONE = "Asia/Shanghai"
"""Proposed: that of every office of the country."""
EMPTY = FirstOffice("", "", "", ZONE, "", "", ())


def first_page(
    visit: Visit, office: FirstOffice = EMPTY, error: InvalidFiles | None = None
) -> HTMLResponse:
    """The form, with what is wrong where it was sent."""
    return visit.render("setup_first.html", view=_first(visit, office, error))


def _first(visit: Visit, office: FirstOffice, error: InvalidFiles | None) -> dict[str, Any]:
    told, found = SetupFields(visit, "tree.csv"), error.problems if error else ()
    named = {"name", "building", "zone"}
    # without the values: the codes of site and building are made of the institution's
    told_once = dict.fromkeys((one.field, one.problem, one.fix) for one in found)
    problems = [FieldProblem(-1, column, "", *wrong) for column, *wrong in told_once]
    values: Record = {column: getattr(office, column) for column in COLUMNS}
    samples = visit.caller.platform.samples()
    elsewhere = [one for one in problems if one.column not in COLUMNS]
    return {
        "fields": [
            told.field(one, values[one], (-1, problems), fixed=False)
            | {"name": one, "column": "", "label": visit.text(LABELS[one])}
            | ({"help": ""} if one in named else {})
            for one in COLUMNS
        ],
        "wrong": len(problems),
        "elsewhere": [told_of(one, visit.language) for one in elsewhere],
        "languages": [(one.code, one.own_name) for one in LANGUAGES.values()],
        "language": office.language or visit.language,
        "samples": [
            (file, title(visit, file), error is None or file in office.samples) for file in samples
        ],
        "lists": told.lists(),
    }


@router.post("/setup/first")
def first_start(
    visit: Acting,
    code: Text = "",
    name: Text = "",
    building: Text = "",
    zone: Text = "",
    area_m2: Text = "",
    language: Annotated[str, Form(pattern=f"^({'|'.join(LANGUAGES)})$")] = "en",
    sample: Annotated[list[str] | None, Form(max_length=20)] = None,
) -> Response:
    """Register an office where there is none."""
    office = FirstOffice(
        code=code.strip(),
        name=name.strip(),
        building=building.strip(),
        zone=zone.strip(),
        area_m2=area_m2.strip(),
        language=language,
        samples=tuple(sample or ()),
    )
    try:
        begin(visit.caller, office)
    except InvalidFiles as error:
        return first_page(visit, office, error)
    return RedirectResponse("/setup", status_code=303)
