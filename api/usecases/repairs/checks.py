"""The table of checks. To add one, write its look and a row, and its three texts."""

from __future__ import annotations

from api.usecases.repairs import by_arrival, by_books, by_platform, by_prices, by_registry
from api.usecases.repairs.repair import RepairCheck, RepairSeverity

WRONG, LACKING, SOON, ADVICE = RepairSeverity

CHECKS: tuple[RepairCheck, ...] = (
    RepairCheck("gateway_refused", WRONG, by_arrival.gateway_refused),
    RepairCheck("gateway_silent", WRONG, by_arrival.gateway_silent),
    RepairCheck("gateway_revoked", WRONG, by_arrival.gateway_revoked),
    RepairCheck("gateway_held", WRONG, by_arrival.gateway_held),
    RepairCheck("gateway_gaps", WRONG, by_arrival.gateway_gaps),
    RepairCheck("gateway_clock", WRONG, by_arrival.gateway_clock),
    RepairCheck("quarantined", WRONG, by_arrival.quarantined),
    RepairCheck("dead_letters", WRONG, by_arrival.dead_letters),
    RepairCheck("point_silent", WRONG, by_arrival.point_silent),
    RepairCheck("no_time", WRONG, by_arrival.no_time),
    RepairCheck("out_of_range", WRONG, by_arrival.out_of_range),
    RepairCheck("slower_than_step", WRONG, by_arrival.slower_than_step),
    RepairCheck("incomplete", WRONG, by_books.incomplete),
    RepairCheck("unit_of_total", WRONG, by_books.unit_of_total),
    RepairCheck("unit_by_area", WRONG, by_books.unit_by_area),
    RepairCheck("total_smaller_than_parts", WRONG, by_books.total_smaller_than_parts),
    RepairCheck("limit_too_low", WRONG, by_books.limit_too_low),
    RepairCheck("runs_backwards", WRONG, by_books.runs_backwards),
    RepairCheck("register_resets", WRONG, by_books.register_resets),
    RepairCheck("never_moves", WRONG, by_books.never_moves),
    RepairCheck("calibration_expired", WRONG, by_registry.calibration_expired),
    RepairCheck("no_zone", WRONG, by_registry.no_zone),
    RepairCheck("part_not_ready", WRONG, by_platform.part_not_ready),
    RepairCheck("backups_lacking", WRONG, by_platform.backups_lacking),
    RepairCheck("no_register", LACKING, by_registry.no_register),
    RepairCheck("no_tariff", LACKING, by_prices.no_tariff),
    RepairCheck("no_carbon_factor", LACKING, by_prices.no_carbon_factor),
    RepairCheck("no_coal_factor", LACKING, by_prices.no_coal_factor),
    RepairCheck("no_area", LACKING, by_registry.no_area),
    RepairCheck("no_persons", LACKING, by_registry.no_persons),
    RepairCheck("no_outdoor_temperature", LACKING, by_registry.no_outdoor_temperature),
    RepairCheck("no_calendar", LACKING, by_prices.no_calendar),
    RepairCheck("centre_without_ends", LACKING, by_registry.centre_without_ends),
    RepairCheck("unregistered_points", LACKING, by_arrival.unregistered_points),
    RepairCheck("gateway_never_heard", LACKING, by_arrival.gateway_never_heard),
    RepairCheck("gateway_without_points", LACKING, by_arrival.gateway_without_points),
    RepairCheck("tariff_ends", SOON, by_prices.tariff_ends),
    RepairCheck("calendar_ends", SOON, by_prices.calendar_ends),
    RepairCheck("calendar_provisional", SOON, by_prices.calendar_provisional),
    RepairCheck("calibration_ends", SOON, by_registry.calibration_ends),
    RepairCheck("key_ends", SOON, by_platform.key_ends),
    RepairCheck("disk_fills", SOON, by_platform.disk_fills),
    RepairCheck("backups_on_the_disk", SOON, by_platform.backups_on_the_disk),
    RepairCheck("journal_shorter_than_data", SOON, by_platform.journal_shorter_than_data),
    RepairCheck("no_limit", ADVICE, by_books.no_limit),
    RepairCheck("limit_too_high", ADVICE, by_books.limit_too_high),
    RepairCheck("no_digits", ADVICE, by_registry.no_digits),
    RepairCheck("no_total", ADVICE, by_registry.no_total),
    RepairCheck("no_meter", ADVICE, by_registry.no_meter),
    RepairCheck("no_office_hours", ADVICE, by_registry.no_office_hours),
    RepairCheck("no_account", ADVICE, by_prices.no_account),
    RepairCheck("no_name", ADVICE, by_registry.no_name),
    RepairCheck("factor_unverified", ADVICE, by_prices.factor_unverified),
    RepairCheck("unused_point", ADVICE, by_registry.unused_point),
    RepairCheck("key_unused", ADVICE, by_platform.key_unused),
)
"""In the order in which they are told: what makes numbers wrong first."""
BY_NAME = {one.name: one for one in CHECKS}
