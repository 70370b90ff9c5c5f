"""The report's further tables: summary, findings, quality and provenance."""

from __future__ import annotations

from typing import Final

from metering.factor import OTHERWISE
from metering.items import category, purpose
from reports.model import (
    FORMAT_1,
    FORMAT_2,
    FactorRow,
    LackingFactor,
    PriceRow,
    ReportTotal,
    standing,
)
from reports.table import NONE, Cell, ReportTable, TableColumn, Tables, exact, local_time, shown
from reports.words import restated
from texts import named, text, word

ELECTRICITY: Final = "01000"


class Details(Tables):
    """Makes the tables that explain the figures."""

    def summary(self) -> ReportTable:
        """What and when, and the institution's sums."""
        report, t = self.report, self.t
        total = report.total(report.institution)
        place = report.place(report.institution)
        rows: list[tuple[Cell, ...]] = [
            (t("institution"), self.places[report.institution], ""),
            (t("code"), report.institution, ""),
            (t("month"), report.month, ""),
            *self._of_issue(),
            (t("status"), self.status(), ""),
            (t("area"), place.area_m2, "m²"),
            (t("persons"), place.persons, ""),
            *self._sums(total),
            ("CO₂", total.kgco2, "kgCO₂"),
            (t("coal"), total.kgce, "kgce"),
            *((*row, "") for row in self.bases().rows),
        ]
        columns = (
            TableColumn(t("quantity")),
            TableColumn(t("value"), "number"),
            TableColumn(t("unit")),
        )
        return ReportTable("summary", t("summary"), columns, tuple(rows))

    def _of_issue(self) -> list[tuple[Cell, ...]]:
        """The number, and of a later issue why and when it was made; none of what is no issue."""
        report, t = self.report, self.t
        rows: list[tuple[Cell, ...]] = [(t("issue"), str(report.issue), "")] if report.issue else []
        if report.issued_us is not None:
            rows.append((t("issue_reason"), report.reason, ""))
            rows.append((t("issued"), local_time(report.issued_us, report.zone), ""))
        return rows

    def issue(self) -> ReportTable:
        """Number, reason and time of an issue."""
        columns = (TableColumn(self.t("quantity")), TableColumn(self.t("value")))
        rows = tuple(row[:2] for row in self._of_issue())
        return ReportTable("issue", self.t("issue"), columns, rows)

    def bases(self) -> ReportTable:
        """By what coal and carbon are told, with the factors of electricity; and why one of them
        is not."""
        columns = (TableColumn(self.t("bases")), TableColumn(self.t("value")))
        rows = (
            (self.t("coal"), self.basis("kgce")),
            ("CO₂", self.basis("kgco2")),
            *((self.t("no_factor"), self.lack(one)) for one in self.report.lacking),
        )
        return ReportTable("bases", self.t("bases"), columns, rows)

    def basis(self, quantity: str) -> str:
        """By what kgce or kgco2 is told, such as `by equal value (0.3017 kgce/kWh)`."""
        report = self.report
        asked = report.bases.quantity(quantity)
        values = dict.fromkeys(
            f"{row.value} {factor_unit(row)}"
            for row in report.factors
            if row.quantity == asked and row.item == ELECTRICITY
        )
        told = word("basis", report.coal if quantity == "kgce" else report.carbon, self.language)
        return f"{told} ({', '.join(values)})" if values else told

    def unusual(self) -> str | None:
        """The bases that are not the usual ones, in words; None where both are usual."""
        group = {"coal": self.t("coal"), "carbon": "CO₂"}
        told = [
            f"{group[name]} {word('basis', value, self.language)}"
            for name, value in self.report.bases.unusual
        ]
        return " · ".join(told) or None

    def lack(self, one: LackingFactor) -> str:
        """`Electricity, Standard coal · by equal value: 2026-10-05 – 2026-10-07 (3 days)`"""
        return text(
            "report.no_factor_of",
            self.language,
            item=self.item(one.item),
            quantity=self.quantity(one.quantity),
            first=str(one.first_day),
            last=str(one.last_day),
            days=str(one.days),
        )

    def issue_name(self) -> str | None:
        """`Issue 1`; None for what is no issue."""
        return self.t("issue_number") % self.report.issue if self.report.issue else None

    def _sums(self, total: ReportTotal) -> list[tuple[Cell, ...]]:
        """The cost by currency, with its bounds where they differ."""
        if not total.told:
            return [(self.t("cost"), None, "")]
        return [
            (self.t(key), amount, one.currency)
            for one in total.told
            for key, amount in (
                ("cost", one.amount),
                ("cost_low", one.low if one.low != one.high else None),
                ("cost_high", one.high if one.low != one.high else None),
            )
            if amount is not None
        ]

    def status(self) -> str:
        """Complete, or provisional and why."""
        if not self.report.provisional:
            return self.t("complete")
        told = "; ".join(self.reason(one) for one in self.report.open_reasons)
        at = local_time(int(self.report.as_of_us or 0), self.report.zone)
        return f"{self.t('provisional')}: {told} ({self.t('as_of')} {at})"

    def reason(self, reason: str) -> str:
        """Why a month is not complete, in words; with the item that it is about."""
        kind, _, item = reason.partition(" ")
        return self.t(kind) + (f": {self.item(item)}" if item else "")

    def indicators(self) -> ReportTable:
        """Per m2 and per person, of every place."""
        t = self.t
        columns = (
            TableColumn(t("code")),
            TableColumn(t("node")),
            TableColumn(t("quantity")),
            TableColumn(t("value"), "number"),
            TableColumn(t("unit")),
        )
        rows = tuple(
            (one.node, self.places[one.node], self.quantity(one.quantity), one.value, per(one.unit))
            for one in self.report.indicators
        )
        return ReportTable("indicators", t("indicators"), columns, rows)

    def quantity(self, key: str) -> str:
        """What an indicator counts, in words: an item, CO2 or standard coal."""
        names = {"kgce": self.t("coal"), "kgco2": "CO₂"}
        for (usual, basis), other in OTHERWISE.items():
            names[other] = f"{names[usual]} · {word('basis', basis, self.language)}"
        return names.get(key) or self.item(key)

    def findings(self) -> ReportTable:
        """A finding a row."""
        t, lang = self.t, self.language
        currencies = sorted({one.currency for one in self.report.cases} - {""}) or [NONE]
        columns = (
            TableColumn(t("finding")),
            TableColumn(t("node")),
            TableColumn(t("meter")),
            TableColumn(t("from")),
            TableColumn(t("to")),
            TableColumn(t("hours"), "number"),
            TableColumn(t("waste"), "number"),
            TableColumn(t("waste_low"), "number"),
            TableColumn(t("waste_high"), "number"),
            TableColumn(t("unit")),
            *(TableColumn(f"{t('cost')} [{one}]", "money", total=True) for one in currencies),
            TableColumn("kgCO₂", "number", total=True),
            TableColumn(t("confidence"), "percent"),
            TableColumn(t("cause")),
            TableColumn(t("action")),
            TableColumn(t("state")),
            TableColumn("id"),
        )
        rows = tuple(
            (
                named("pattern", one.pattern, purpose(one.item), lang),
                self.places.get(one.node, one.node),
                self.meters.get(one.meter, one.meter),
                local_time(one.start_us, self.report.zone),
                local_time(one.end_us, self.report.zone),
                one.hours,
                one.waste,
                one.waste_low,
                one.waste_high,
                shown(one.unit),
                *(one.cost if one.currency == own else None for own in currencies),
                one.kgco2,
                one.confidence,
                word("cause_short", one.cause, lang),
                word("action_short", one.action, lang),
                word("state", one.state, lang),
                one.id,
            )
            for one in self.report.cases
        )
        return ReportTable("findings", t("findings"), columns, rows)

    def events(self) -> ReportTable:
        """What happened on the registers."""
        t = self.t
        columns = (
            TableColumn(t("code")),
            TableColumn(t("meter")),
            TableColumn(t("event")),
            TableColumn(t("count"), "number"),
            TableColumn(t("minutes"), "number"),
            TableColumn(t("first_time")),
        )
        rows = tuple(
            (
                one.meter,
                self.meters[one.meter],
                word("event", one.kind, self.language),
                one.count,
                one.minutes,
                local_time(one.first_us, self.report.zone),
            )
            for one in self.report.events
        )
        return ReportTable("events", t("events"), columns, rows)

    def restatements(self) -> ReportTable:
        """Settled days that changed."""
        t = self.t
        units = {(line.node, line.item): line.unit for line in self.report.lines}
        columns = (
            TableColumn(t("day"), "date"),
            TableColumn(t("node")),
            TableColumn(t("item")),
            TableColumn(t("unit")),
            TableColumn(t("old_value"), "energy"),
            TableColumn(t("new_value"), "energy"),
            TableColumn(t("revision"), "number"),
            TableColumn(t("recorded")),
            TableColumn(t("cause")),
        )
        rows = tuple(
            (
                one.day,
                self.places[one.node],
                self.item(one.item),
                shown(units[one.node, one.item]),
                exact(one.old_amount, units[one.node, one.item]),
                exact(one.new_amount, units[one.node, one.item]),
                one.revision,
                local_time(one.recorded_us, self.report.zone),
                restated(one.cause, self.language),
            )
            for one in self.report.restatements
        )
        return ReportTable("restatements", t("restatements"), columns, rows)

    def provenance(self) -> ReportTable:
        """What the figures rest on."""
        report, t = self.report, self.t
        rows: tuple[tuple[Cell, ...], ...] = (
            *(row[:2] for row in self._of_issue()),
            (t("revision"), str(report.revision)),
            *self._versions(),
            *self.bases().rows,
            (t("factor_set"), report.factor_set),
            (t("tariff_version"), report.tariff_version),
            (t("content_hash"), report.content_hash),
            (t("time_zone"), report.zone),
            (t("format"), report.format),
        )
        return ReportTable(
            "provenance",
            t("provenance"),
            (TableColumn(t("quantity")), TableColumn(t("value"))),
            rows,
        )

    def _versions(self) -> list[tuple[Cell, ...]]:
        """Of registry and rules, where the report's format says them."""
        report, t = self.report, self.t
        if report.format in (FORMAT_1, FORMAT_2):
            return []
        rows = report.rows_registry_version
        return [
            (t("registry_version"), str(report.registry_version)),
            *([(t("rows_registry_version"), str(rows))] if rows else []),
            (t("rules_version"), str(report.rules_version)),
        ]

    def factors(self) -> ReportTable:
        """The factor rows used."""
        t = self.t
        columns = (
            TableColumn(t("item")),
            TableColumn(t("quantity")),
            TableColumn(t("value"), "number"),
            TableColumn(t("unit")),
            TableColumn(t("region")),
            TableColumn(t("valid_from"), "date"),
            TableColumn(t("valid_to"), "date"),
            TableColumn(t("source")),
            TableColumn(t("grade")),
            TableColumn(t("status")),
        )
        rows = tuple(
            (
                self.item(row.item),
                self.quantity(row.quantity),
                row.value,
                factor_unit(row),
                row.region,
                row.valid_from,
                row.valid_to,
                row.source,
                row.grade,
                self.t(standing(row.grade)),
            )
            for row in self.report.factors
        )
        return ReportTable("factors", t("factors_used"), columns, rows)

    def prices(self) -> ReportTable:
        """The tariff rows used."""
        t = self.t
        columns = (
            TableColumn(t("tariff_name")),
            TableColumn(t("applies_to")),
            TableColumn(t("item")),
            TableColumn(t("period")),
            TableColumn(t("months")),
            TableColumn(t("days")),
            TableColumn(t("time_of_day")),
            TableColumn(t("price"), "number"),
            TableColumn(t("unit")),
            TableColumn(t("valid_from"), "date"),
            TableColumn(t("valid_to"), "date"),
            TableColumn(t("source")),
            TableColumn(t("grade")),
            TableColumn(t("status")),
        )
        rows = tuple(
            (
                row.tariff,
                self.applies_to(row),
                self.item(row.item),
                word("period", row.period, self.language),
                spans(row.months),
                word("days", row.days, self.language),
                f"{clock(row.start_min)}–{clock(row.end_min)}",
                row.price,
                f"{row.currency}/{unit_of(row.item)}",
                row.valid_from,
                row.valid_to,
                row.source,
                row.grade,
                self.t(standing(row.grade)),
            )
            for row in self.report.prices
        )
        return ReportTable("prices", t("prices_used"), columns, rows)

    def applies_to(self, row: PriceRow) -> str:
        """The meter or node that a price is for; a dash for the whole institution."""
        if row.meter:
            return f"{self.meters.get(row.meter, row.meter)} ({row.meter})"
        if row.node and row.node != self.report.institution:
            return f"{self.places.get(row.node, row.node)} ({row.node})"
        return NONE

    def unverified(self) -> bool:
        """Whether any row used is unverified."""
        grades = {row.grade for row in self.report.factors}
        grades |= {row.grade for row in self.report.prices}
        return any(standing(grade) == "unverified" for grade in grades)


def unit_of(item: str) -> str:
    """The unit of an item as a report shows it."""
    return shown(category(item).unit)


def factor_unit(row: FactorRow) -> str:
    """The unit of a factor as a report shows it."""
    name = "kgCO₂" if row.quantity.startswith("kgco2") else "kgce"
    return f"{name}/{unit_of(row.item)}"


def per(unit: str) -> str:
    """A unit as it is written in print."""
    return unit.replace("m2", "m²").replace("m3", "m³").replace("CO2", "CO₂")


def clock(minute: int) -> str:
    """Time of day of a minute, 24:00 for the end of the day."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def spans(months: tuple[int, ...]) -> str:
    """Months as `1-12` or `7-8,12`."""
    parts: list[list[int]] = []
    for month in months:
        if parts and month == parts[-1][-1] + 1:
            parts[-1].append(month)
        else:
            parts.append([month])
    return ",".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
