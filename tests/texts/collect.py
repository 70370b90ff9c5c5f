"""Every text that code and templates ask for: what the catalogue must hold, and no more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import typer
from babel.messages.extract import extract_from_dir
from typer import rich_utils

import analytics
import figures
import figures.bills
from api.app import described_app
from api.openapi import operations, retold
from api.usecases.hand_readings import Reason
from api.usecases.repairs import CHECKS, CheckState, MendingKind, RepairSeverity
from api.usecases.stated_tables import RowFate
from collector.tables.refused import SHOWN_AS
from collector.tls_door import NONE_SHOWN, OTHERWISE, REFUSED
from collector.troubles import TOLD
from greenoffice.broker_promises import WEAKNESS_CODES
from greenoffice.cli import app
from greenoffice.saying import LIBRARY_SENTENCES, LIBRARY_WORDS, help_texts
from ledger import EVENT_KINDS, REJECTIONS
from metering.access import Role
from metering.edge_node import Why
from metering.factor import Carbon, Coal
from metering.finding import BALANCED, FIXED_BEFORE, MERGED, MOVED, REFUTED, CaseState
from metering.gateway_life import GatewayStanding, NextStep
from metering.guessing import QUANTITIES, GuessReason, Sureness
from metering.items import CATEGORIES
from metering.reading import Kind
from metering.registry.choices import CHOICES
from metering.registry.kinds import KINDS as KINDS_OF_FACTS
from metering.registry.kinds import TABLES
from metering.saving import SavingVerdict
from metering.statement import StatementState
from reports.differences import KINDS
from tests.texts.flow import Flow
from texts.said import ERRNO_NAMES

PACKAGES = (
    *("metering", "storage", "collector", "ledger", "figures", "analytics", "reports", "api"),
    *("dashboards", "edge", "simulators", "greenoffice", "recompute"),
)
_KEY = re.compile(r"(?:board|report|finding|restated)\.(?!html)\w+")
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "text": None, "N_": None}


def modules(root: Path) -> list[Path]:
    """The Python files of the product."""
    return [path for name in PACKAGES for path in sorted((root / name).rglob("*.py"))]


def sentences(root: Path) -> dict[str, str]:
    """Sentences by their English, with a place where each is found."""
    found = Flow(root, modules(root)).run()
    found |= dict.fromkeys(_of_page(root), "api/page")
    found |= of_reference()
    found |= dict.fromkeys(help_texts(typer.main.get_command(app)), "greenoffice --help")
    found |= {SHOWN_AS: "collector/tables/refused.py"}
    found |= dict.fromkeys(LIBRARY_SENTENCES, "greenoffice")
    return found | {getattr(rich_utils, one): "greenoffice --help" for one in LIBRARY_WORDS}


def of_reference() -> dict[str, str]:
    """Every paragraph of the OpenAPI document, with where people read it."""
    found: dict[str, str] = {}

    def said(paragraph: str) -> str:
        found[paragraph] = "/openapi.json"
        return paragraph

    retold(described_app().openapi(), said)
    return found


def _of_page(root: Path) -> Iterator[str]:
    options = {"**/templates/**.html": {"newstyle_gettext": "true"}}
    page = str(root / "api/page")
    for _, _, message, _, _ in extract_from_dir(page, _METHODS, options, keywords=_KEYWORDS):
        yield message if isinstance(message, str) else message[0]


@cache
def keys(root: Path) -> dict[str, str]:
    """Keys that code and templates name, with the file that does."""
    found: dict[str, str] = {}
    for path in modules(root):
        source, file = path.read_text("utf-8"), path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(source)):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and _KEY.fullmatch(value):
                found[value] = file
        if file.startswith("reports/"):
            called = re.findall(r"""\bt\(["'](\w+)["']\)|\b_sheet\("(\w+)\"""", source)
            found |= {f"report.{one}": file for pair in called for one in pair if one}
    template = root / "reports/templates/month.typ"
    told = set(re.findall(r"\bt\.(\w+)", template.read_text("utf-8"))) - {"page", "page_end"}
    return found | {f"report.{key}": template.name for key in told}


REPORT_VALUES = {
    *("running", "unsettled", "booking", "incomplete", "verified", "secondary", "unverified"),
    *("measured", "apportioned", "estimated", "missing"),
    *("cost", "cost_low", "cost_high"),
}
"""Keys of the report that are values of what it tells."""


def of_registry() -> dict[str, set[str]]:
    """Kinds of what is registered, the columns of its files, and what may stand in them."""
    files = {name.removesuffix(".csv") for name in TABLES}
    columns = {column for table in TABLES.values() for column in table.columns}
    values = {str(one) for key, told in CHOICES.items() if key[1] not in BARE for one in told}
    return {
        "setup_file": files,
        "setup_about": files,
        "setup_kind": {kind.name for kind in KINDS_OF_FACTS},
        "setup_column": columns,
        "setup_help": columns,
        "setup_value": values - {""} | set(Kind),
        "first_start": {"site"},
        "key_role": set(Role),
        "key_state": {"stands", "expired", "revoked"},
        "key_act": {"create", "end", "revoke"},
    }


BARE = ("unit", "step_min", "power_factor", "standard")
"""Columns whose values are shown as they are."""


def groups(root: Path) -> dict[str, set[str]]:
    """Every closed set of values that people read, by the group of its texts."""
    told = of_detectors()
    return {
        **told,
        "pattern": told["pattern"] | {one.pattern for one in analytics.checked(())},
        "pattern_group": {one.group for one in analytics.checked(())},
        "checking": set(analytics.Checking),
        "need": set(analytics.Need),
        **{key: {one.name for one in CHECKS} for key in ("check", "repair", "repair_fix")},
        **of_registry(),
        "repair_severity": set(RepairSeverity),
        "repair_state": set(CheckState),
        "mending": set(MendingKind),
        "state": {*CaseState, FIXED_BEFORE, "open", "asked", "replayed", "discarded", "snoozed"},
        "verdict": set(SavingVerdict),
        "day_verdict": set(analytics.VerdictKind),
        "verdict_lack": set(analytics.VerdictLack),
        "say": {"open", "acknowledged", "fixed", "expected", "dismissed"},
        "closed": {BALANCED, MERGED, MOVED, REFUTED},
        "reason": set(reasons(root)),
        "role": set(figures.ROLES),
        "ratio": set(figures.RATIOS),
        "basis": {*Coal, *Carbon},
        "bill_check": set(figures.bills.CHECK_NAMES),
        "bill_untried": set(figures.bills.Untried),
        "bill_severity": set(figures.bills.Severity),
        "bill_line": set(figures.bills.LineKind),
        "bill_lack": set(figures.bills.BillLack),
        "bill_window": {"block", "sliding", "mixed"},
        "bill_demand": set(figures.bills.DemandTaken),
        "period": {"sharp", "peak", "flat", "valley", "deep_valley"},
        "row_fate": set(RowFate),
        "statement_state": set(StatementState),
        "hand_reason": set(Reason),
        "days": {"all", "working", "rest", "holiday"},
        "event": set(EVENT_KINDS) - {"stuck_open"},
        "decision": set(EVENT_KINDS),
        "rejected": set(REJECTIONS),
        "reading_kind": {"register", "interval", "mean"},
        "place_of_reading": {"before", "left_out", "after"},
        "gateway_next": {*NextStep, "register_points.page", "register_points.command"},
        "births_wanted": {one for one in get_args(Why) if one},
        "errno": {name.lower() for name in ERRNO_NAMES},
        "gateway_state": set(GatewayStanding),
        "sureness": set(Sureness),
        "guess_reason": set(GuessReason),
        "quantity": set(QUANTITIES),
        "medium": {"electricity", "water", "gas", "heat", "cooling"},
        "direction": {"import", "export"},
        "mqtt": {reason.name.lower() for reason in TOLD},
        "certificate": {*REFUSED.values(), OTHERWISE, NONE_SHOWN},
        "certificate_fix": {*REFUSED.values(), OTHERWISE, NONE_SHOWN},
        "mosquitto": WEAKNESS_CODES,
        "mqtt_fix": {reason.name.lower() for reason in TOLD},
        "shares": {"measured", "apportioned", "estimated", "missing"},
        "restated": {
            *(
                "reading",
                "correction",
                "clock",
                "asked",
                "registry",
                "registry_version",
                "rollover",
            ),
            *("rebuild", "rules_version"),
        },
        "about": {kind.name for kind in KINDS} | {"report"},
        "what": {"added", "changed", "gone"},
        "why": {"absent", "incomplete"},
        "truth": {"true", "false"},
        "type": {"institution", *figures.sizes.TYPES},
        "api_tag": {tag for one in operations(described_app().openapi()) for tag in one["tags"]},
        "registry_table": {name.removesuffix(".csv") for name in TABLES},
        "registry_book": {
            *("fill", "examples", "words", "days", "codes", "import", "needed", "optional"),
        },
        "column": {one for table in TABLES.values() for one in table.columns} | OWN_MEANINGS,
    }


OWN_MEANINGS = {
    *("days.office_hours", "period.tiers", "price.charges", "value.limits", "kind.calendar"),
    *("low.power_factors", "high.power_factors", "unit.factors"),
}
"""Columns that mean something else in one of the registry's tables."""


def of_detectors() -> dict[str, set[str]]:
    """What people read of the detectors, by group."""
    found: dict[str, set[str]] = {}
    for detector in analytics.DETECTORS.values():
        for key in detector.texts:
            group, _, value = key.partition(".")
            found.setdefault(group, set()).add(value)
    return found


NAMED_ITEMS = {f"{code}000" for code in CATEGORIES}
"""Items that must have a name; others may."""


@cache
def reasons(root: Path) -> frozenset[str]:
    """Why a message or a reading is refused: the reasons that the collector gives."""
    found = set()
    for path in sorted((root / "collector").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", "")
                place = {"Problem": 0, "Refusal": 0, "_Refusal": 0, "_add": 3}.get(name)
                if place is not None and place < len(node.args):
                    reason = node.args[place]
                    if isinstance(reason, ast.Constant):
                        found.add(reason.value)
    return frozenset(found)
