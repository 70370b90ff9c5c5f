"""Where a visitor goes next from a page, or a part of one, that has nothing to show yet.

Who sets the platform up is led to the form of what is lacking; others to what they may see.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.caller import Caller
from api.page.language import N_
from metering.access import Role


@dataclass(frozen=True)
class NextWay:
    """A link for who may, and another for everybody else."""

    link: str
    text: str
    needs: Role = Role.READ
    whole: bool = False
    """Whether it is for administrators of the whole platform alone."""
    otherwise: str = "repairs"


NEXT_WAYS = {
    "register": NextWay("/setup", N_("Set up your office"), Role.ADMIN, whole=True),
    "tariff": NextWay("/setup/tariff", N_("Register what energy costs"), Role.ADMIN, whole=True),
    "factors": NextWay("/setup/factors", N_("Register a factor"), Role.ADMIN, whole=True),
    "tree": NextWay("/setup/tree", N_("Register places and their areas"), Role.ADMIN, whole=True),
    "budget": NextWay("/setup/budgets", N_("Register a budget"), Role.ADMIN, whole=True),
    "meters": NextWay("/setup/meters", N_("Register meters"), Role.ADMIN, whole=True),
    "accounts": NextWay("/setup/accounts", N_("Register an account"), Role.ADMIN, whole=True),
    "points": NextWay("/setup/points", N_("Register points"), Role.ADMIN, whole=True),
    "new_gateway": NextWay("/gateways/new", N_("Add a gateway"), Role.ADMIN),
    "new_key": NextWay("/keys/new", N_("Make a key"), Role.ADMIN),
    "gateways": NextWay("/gateways", N_("See the gateways")),
    "repairs": NextWay("/repairs", N_("See what is lacking")),
    "patterns": NextWay("/patterns", N_("See what is looked for")),
    "checked": NextWay("/findings", N_("See which meters are checked")),
    "history": NextWay("/setup/history", N_("Load earlier readings"), Role.ADMIN, whole=True),
    "findings": NextWay("/findings", N_("See the findings")),
    "overview": NextWay("/overview", N_("Back to the overview")),
}
"""By what a page lacks."""


def way_of(caller: Caller, name: str) -> NextWay:
    """The way that a caller may go."""
    way = NEXT_WAYS[name]
    may = caller.may(way.needs) and (caller.reach.scope.whole or not way.whole)
    return way if may else NEXT_WAYS[way.otherwise]
