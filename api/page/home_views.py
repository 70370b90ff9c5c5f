"""Home, and the overview with its charts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.page import home, home_lists, overview
from api.page.visit import PageRoute, Visitor

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Node = Annotated[str | None, Query(max_length=128)]


@router.get("/")
def home_page(visit: Visitor, node: Node = None) -> HTMLResponse:
    """What a place cost, whether that is more than it should be, what is wasted, what to do."""
    return visit.render("home.html", view=home.home(visit, node))


@router.get("/needs")
def home_needs(visit: Visitor) -> HTMLResponse:
    """What needs a person: a part of home that is fetched when the rest is seen, for it looks at
    all that is stored."""
    return visit.render("home_needs.html", needs=home_lists.needs(visit))


@router.get("/overview")
def overview_page(
    visit: Visitor, node: Node = None, closed: Annotated[bool, Query()] = False
) -> HTMLResponse:
    """Today against last week, and where the energy goes; closed months as they stand, or as they
    were closed."""
    return visit.render("overview.html", view=overview.overview(visit, node, closed))
