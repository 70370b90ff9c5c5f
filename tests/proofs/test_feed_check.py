"""Parts of the feed check: sums that cannot agree by accident, and a world that is one."""

from __future__ import annotations

from datetime import date

import pytest

from metering.localtime import day_bounds
from metering.registry.files import read_registry_texts
from proofs.feed_sums import apart
from proofs.feed_world import METERS, ZONES, messages, registers, registry_files

A, B = ("bureau", "01000", "2026-11-01"), ("bureau", "01000", "2026-11-02")


@pytest.mark.parametrize(
    ("some", "others", "difference"),
    [
        ({A: 5, B: 7}, {B: 7, A: 5}, 0),
        ({A: 5, B: 7}, {A: 7, B: 5}, 4),
        ({A: 5}, {A: 5, B: 7}, 7),
        ({A: 5, B: 0}, {A: 5}, 1),
        ({}, {A: -3}, 3),
    ],
)
def test_days_do_not_make_up_for_each_other(some, others, difference):
    assert apart(some, others) == apart(others, some) == difference


def test_the_registry_can_be_read_and_holds_every_meter():
    found = read_registry_texts(registry_files())
    assert sorted(found.meters) == sorted(f"{one}-{meter}" for one in ZONES for meter in METERS)
    assert {found.institution(meter.node) for meter in found.meters.values()} == set(ZONES)
    assert {one: found.zone(f"{one}-b") for one in ZONES} == ZONES


@pytest.mark.parametrize("institution", ZONES)
def test_registers_rise_from_local_midnight_to_local_midnight(institution):
    first = date(2026, 11, 1)
    for register in registers(institution, first, 3, seed=1):
        assert register.times_us[0] == day_bounds(first, ZONES[institution])[0]
        assert register.times_us[-1] == day_bounds(date(2026, 11, 4), ZONES[institution])[0]
        rises = [b - a for a, b in zip(register.values, register.values[1:], strict=False)]
        assert min(rises) >= 2, "a correction of one must leave the register rising"


def test_messages_hold_every_reading_once_in_order():
    (register, *_) = registers("bureau", date(2026, 11, 1), 12, seed=1)
    readings = list(register.readings())
    told = list(messages(readings, session=3))
    assert [one for message in told for one in message["readings"]] == readings
    assert [(m["session"], m["seq"]) for m in told] == [(3, n + 1) for n in range(len(told))]
