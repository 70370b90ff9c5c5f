"""Every case of the matrix that is our own, by name; each is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from proofs.dated.world import Done
from proofs.faults import intervals, registers
from proofs.faults.case import CaseFormula, FaultCase, PriceWindow
from proofs.faults.feed import FaultMeter
from proofs.faults.plant import plant
from proofs.faults.registers import DAY_S, HOUR_S, Fault

FIRST = date(2026, 3, 2)
DAYS = 6
AT_S = 3 * DAY_S + 14 * HOUR_S
"""Where a fault begins, unless a case says otherwise: a limit is learned by then."""
EVENING_S = 3 * DAY_S + 18 * HOUR_S
MAKE = Callable[[], FaultCase]


class MeterSetting(NamedTuple):
    """A meter that a fault befalls."""

    load: str = "flat"
    cadence_min: int = 15
    step_min: int = 15
    limit: float | None = None
    """Registered, in times of the largest load; None where nobody said."""
    digits: int | None = None


SETTINGS = {
    "no limit": MeterSetting(),
    "limit": MeterSetting(limit=1.33),
    "5 min, limit": MeterSetting("office", 5, 15, 2),
    "5 min, no limit": MeterSetting("office", 5, 15),
    "30 min": MeterSetting("office", 30, 30),
    "hourly, limit": MeterSetting("cycling", 60, 60, 1.5),
    "hourly on 15": MeterSetting("office", 60, 15, 2),
    "minutely": MeterSetting("cycling", 1, 15),
    "rests at night": MeterSetting("resting", 15, 15),
}


class Befalls(NamedTuple):
    """A fault of a register, what it is called, and the settings it is tried in."""

    kind: str
    fault: Fault
    settings: tuple[str, ...]
    at_s: int = AT_S
    digits: int | None = None


ALL = ("no limit", "limit", "5 min, limit", "30 min")
WIDE = (*ALL, "5 min, no limit", "hourly, limit", "rests at night")
LINE = ("no limit", "limit", "hourly, limit", "hourly on 15", "minutely")
REGISTERS: dict[str, Befalls] = {
    "sound": Befalls("sound", registers.sound, tuple(SETTINGS)),
    "3 h outage, backfilled": Befalls("outage", registers.backfilled(3), LINE),
    "9 h outage, newest first": Befalls(
        "outage", registers.backfilled(9, newest_first=True), ("no limit", "limit")
    ),
    "12 h outage": Befalls("outage", registers.gap(12), WIDE),
    "31 h outage": Befalls("outage", registers.gap(31), ALL),
    "one reading lost": Befalls("outage", registers.gap(0.01), ALL),
    "spike": Befalls("spike", registers.shifted(1, 100), WIDE),
    "six readings too high": Befalls("spike", registers.shifted(6, 100), ALL),
    "spike at midnight": Befalls(
        "spike", registers.shifted(1, 100), ("no limit", "limit"), at_s=3 * DAY_S
    ),
    "dip": Befalls("spike", registers.shifted(1, -100), WIDE),
    "seven readings too low": Befalls("spike", registers.shifted(7, -100), ALL),
    "a litre back": Befalls("negative", registers.shifted(1, -9), ("no limit", "limit")),
    "two readings low": Befalls("negative", registers.shifted(2, -16), ("no limit", "limit")),
    "garbled": Befalls("spike", registers.constant(3, 4294967.295), ALL),
    "minus one": Befalls("negative", registers.constant(2, -1), ALL),
    "one zero": Befalls("zeros", registers.constant(1, 0), WIDE),
    "five zeros": Befalls("zeros", registers.constant(5, 0), WIDE),
    "48 zeros": Befalls("zeros", registers.constant(48, 0), ("no limit", "limit", "5 min, limit")),
    "x1000 once": Befalls("scaled", registers.multiplied(1, 1000), ALL),
    "x1000 five times": Befalls("scaled", registers.multiplied(5, 1000), WIDE),
    "x1000 twenty times": Befalls("scaled", registers.multiplied(20, 1000), ALL),
    "x0.001 for eight": Befalls("scaled", registers.multiplied(8, 0.001), ALL),
    "repeated once": Befalls("repeated", registers.repeated(1), WIDE),
    "repeated three times": Befalls("repeated", registers.repeated(3), ALL),
    "frozen 7.5 h": Befalls("stuck", registers.frozen(7.5), WIDE),
    "frozen over midnight": Befalls(
        "stuck", registers.frozen(14), ALL, at_s=3 * DAY_S + 18 * HOUR_S
    ),
    "frozen from its first reading": Befalls("stuck", registers.frozen_from_birth(20), ALL),
    "stood, never caught up": Befalls("stuck", registers.stood(9), ALL),
    "early reading": Befalls("early", registers.early, ALL),
    "reset to zero": Befalls("reset", registers.reset(), WIDE),
    "reset to a saved value": Befalls("reset", registers.reset_to_saved(5), ALL),
    "reset after an outage": Befalls("reset", registers.reset_after(5), ALL),
    "replaced by a higher": Befalls("replaced", registers.replaced(83_000), WIDE),
    "replaced by a lower": Befalls("replaced", registers.replaced(-60_000), ALL),
    "runs backwards for 10 h": Befalls("backwards", registers.backwards(10), ALL),
    "clock an hour back": Befalls("clock", registers.clock(7.5, -HOUR_S), ALL),
    "clock an hour forward": Befalls("clock", registers.clock(7.5, HOUR_S), ALL),
    "clock 15 min back": Befalls("clock", registers.clock(7.5, -900), ("no limit", "limit")),
    "clock 10 min forward": Befalls("clock", registers.clock(6, 600), ("no limit", "limit")),
    "clock of 2001": Befalls("clock", registers.stamped_at(-793_000_000), ("no limit", "limit")),
    "rollover": Befalls("rollover", registers.turning(0), WIDE, digits=6),
    "rollover in an outage": Befalls(
        "rollover", registers.both((registers.turning(3), 0), (registers.gap(6), 0)), ALL, digits=6
    ),
    "rollover beside a spike": Befalls(
        "rollover",
        registers.both((registers.turning(0), 0), (registers.constant(1, 700_000), 1)),
        ("no limit", "limit"),
        digits=6,
    ),
    "narrower than declared": Befalls("rollover", registers.narrower, ALL, digits=6),
    "every message twice": Befalls("delivery", registers.doubled, ALL),
    "days out of order": Befalls("order", registers.days_out_of_order, ALL),
    "two corrections": Befalls("order", registers.corrected_twice, ALL),
    "corrected two days later": Befalls("order", registers.corrected_late, ALL),
    "outdated value arrives last": Befalls("order", registers.outdated, ALL),
    "every reading again a second later": Befalls(
        "steps", registers.every_second_again, ("no limit", "limit", "hourly, limit")
    ),
    "read every second for a while": Befalls(
        "steps", registers.read_each_second, ("no limit", "limit")
    ),
    "every 5 min from then on": Befalls(
        "steps", registers.denser, ("no limit", "limit", "hourly on 15")
    ),
    "outage, then a spike": Befalls(
        "two faults",
        registers.both((registers.gap(4), 0), (registers.shifted(1, 300), 16)),
        ("no limit", "limit"),
    ),
    "spike, then an outage": Befalls(
        "two faults",
        registers.both((registers.shifted(1, 100), 0), (registers.gap(5), 1)),
        ("no limit", "limit"),
    ),
    "zeros, then a spike": Befalls(
        "two faults",
        registers.both((registers.constant(3, 0), 0), (registers.shifted(1, 100), 6)),
        ("no limit", "limit"),
    ),
    "zeros around a true reading": Befalls("zeros", registers.lone_among_zeros, ALL),
}


def register_case(name: str, one: Befalls, setting: MeterSetting, more: str) -> FaultCase:
    """A meter of a setting, and the fault."""
    made = plant(setting.load, DAYS)
    limit = None
    if setting.limit is not None:
        limit = Decimal(round(made.most_per_hour * setting.limit)) / 1000
    meter = FaultMeter(
        "m",
        made,
        setting.cadence_min * 60,
        step_min=setting.step_min,
        limit=limit,
        digits=one.digits,
    )
    meter.read(0, DAYS * DAY_S)
    one.fault(meter, meter.near(one.at_s))
    return FaultCase(f"{name}: {more}", one.kind, FIRST, DAYS, [meter])


def _interval_case(
    name: str, kind: str, every_min: int, step_min: int, fault: Fault, limit: bool
) -> FaultCase:
    made = plant("office", DAYS)
    registered = Decimal(round(made.most_per_hour * 1.5)) / 1000 if limit else None
    unit = "kW" if kind == "mean" else "kWh"
    meter = FaultMeter(
        "m", made, every_min * 60, kind, step_min=step_min, limit=registered, unit=unit
    )
    meter.read(0, DAYS * DAY_S)
    fault(meter, meter.near(AT_S))
    return FaultCase(name, kind, FIRST, DAYS, [meter])


INTERVAL_STEPS = ((1, 15), (5, 15), (15, 15), (15, 30), (15, 60), (30, 60), (60, 15))
INTERVAL_FAULTS: dict[str, Fault] = {
    "a second late": intervals.late_by(1),
    "20 s late": intervals.late_by(20),
    "three lost": intervals.hole(3),
    "x100": registers.multiplied(2, 100),
    "negative": intervals.negated(2),
    "held for 72 h": intervals.held(72),
    "twice": registers.doubled,
    "backfilled": registers.backfilled(6),
    "days out of order": registers.days_out_of_order,
    "corrected twice": registers.corrected_twice,
}


def interval_cases() -> dict[str, MAKE]:
    """Interval energy and mean power: each length on books of several steps, and their faults."""
    found: dict[str, MAKE] = {}

    def add(name: str, *more: object) -> None:
        found[name] = lambda: _interval_case(name, *more)  # type: ignore[arg-type]

    for kind, told in (("interval", "energy"), ("mean", "power")):
        for every, step in INTERVAL_STEPS:
            add(f"{told} of {every} min on {step}", kind, every, step, registers.sound, False)
        for what, fault in INTERVAL_FAULTS.items():
            for every in (5, 15):
                limit = every == 15
                add(f"{told} of {every} min: {what}", kind, every, 15, fault, limit)
    return found


def _simple(name: str, kind: str, meter: FaultMeter, days: int = DAYS, **more: object) -> FaultCase:
    return FaultCase(name, kind, FIRST, days, [meter], **more)  # type: ignore[arg-type]


def _idle(name: str, load: str, fault: Fault) -> FaultCase:
    meter = FaultMeter("m", plant(load, DAYS), limit=Decimal(60))
    meter.read(0, DAYS * DAY_S)
    fault(meter, meter.near(AT_S))
    return _simple(name, "idle", meter)


def _typo(name: str, times: float) -> FaultCase:
    made = plant("office", DAYS)
    meter = FaultMeter("m", made, limit=Decimal(round(made.most_per_hour * times)) / 1000)
    meter.read(0, DAYS * DAY_S)
    return _simple(name, "limit", meter)


def _unit(name: str, item: str, unit: str, scale: float, cadence: int = 900) -> FaultCase:
    meter = FaultMeter("m", plant("office", DAYS), cadence, item=item, unit=unit, scale=scale)
    meter.step_min = max(15, cadence // 60)
    meter.read(0, DAYS * DAY_S)
    return _simple(name, "units", meter)


def _tick(name: str, tick: int, ratio: int, fault: Fault) -> FaultCase:
    meter = FaultMeter("m", plant("office", DAYS), limit=Decimal(80), tick=tick, ratio=ratio)
    meter.read(0, DAYS * DAY_S)
    fault(meter, meter.near(AT_S))
    return _simple(name, "coarse", meter)


def _every(name: str, seconds: int, step: int, offset: int = 0) -> FaultCase:
    meter = FaultMeter("m", plant("office", DAYS), seconds, step_min=step)
    meter.read(offset - DAY_S // 2 if seconds < DAY_S else offset - DAY_S, (DAYS + 1) * DAY_S)
    return _simple(name, "cadence", meter)


def _long(name: str, hours: float, fault: Fault | None = None) -> FaultCase:
    days = round(hours / 24) + 8
    meter = FaultMeter("m", plant("office", days), limit=Decimal(80))
    meter.read(0, days * DAY_S)
    (fault or registers.gap(hours))(meter, meter.near(4 * DAY_S))
    return _simple(name, "long outage", meter, days)


def _two_workers(name: str) -> FaultCase:
    meter = FaultMeter("m", plant("office", DAYS))
    meter.read(0, DAYS * DAY_S)
    registers.shifted(1, 100)(meter, meter.near(AT_S))
    return _simple(name, "workers", meter, workers=2)


def _tree(name: str, *, silent: bool = False, late: bool = False, fault: bool = False) -> FaultCase:
    meters = []
    for n, load in enumerate(("office", "cycling", "resting")):
        meter = FaultMeter(f"m{n}", plant(load, DAYS, seed=n), limit=Decimal(80))
        if not (silent and n == 2):
            meter.read(0, DAYS * DAY_S)
        meters.append(meter)
    if fault:
        registers.gap(5)(meters[1], meters[1].near(AT_S))
        registers.shifted(2, 100)(meters[0], meters[0].near(AT_S + 2 * HOUR_S))
    case = FaultCase(name, "tree", FIRST, DAYS, meters, node=True)
    if late:
        case.late = {"m1": AT_S}
    return case


FORMULAS: dict[str, Done] = {
    "less": ("-", "m", ("*", "0.5", "k")),
    "scaled": ("+", ("*", "0.97", "less"), ("/", "m", "3")),
    "ratio": ("*", "less", ("/", "k", ("+", "m", "k"))),
}
"""Of a meter that a fault befalls, of another one, and of each other."""


def _of_others(case: FaultCase) -> FaultCase:
    """The case with a second meter, whose gap begins while the first one's fault lasts, and
    formulas of both."""
    (first,) = case.meters
    other = FaultMeter(
        "k", plant("cycling", case.days, seed=1), first.cadence_s, step_min=first.step_min
    )
    other.read(0, case.days * DAY_S)
    registers.gap(2)(other, other.near(AT_S + HOUR_S))
    case.meters.append(other)
    case.kind = "formula"
    case.formulas = tuple(
        CaseFormula(code, done, first.step_min) for code, done in FORMULAS.items()
    )
    return case


def formula_cases() -> dict[str, MAKE]:
    """Every fault of registers and of intervals, of a member of formulas."""
    found: dict[str, MAKE] = {}
    for name, one in REGISTERS.items():
        found[f"formula: {name}"] = _of(f"formula: {name}", one)
    for name, fault in INTERVAL_FAULTS.items():
        found[f"formula of intervals: {name}"] = _of_interval(name, fault)
    return found


def _of(name: str, one: Befalls) -> MAKE:
    setting = one.settings[0]
    return lambda: _of_others(register_case(name, one, SETTINGS[setting], setting))


def _of_interval(name: str, fault: Fault) -> MAKE:
    told = f"formula of intervals: {name}"
    return lambda: _of_others(_interval_case(told, "interval", 15, 15, fault, True))


def _made_in_a_building(name: str, *, moved: bool = False, late: bool = False) -> FaultCase:
    """A formula of three meters that go to another institution, or of which one is registered
    later."""
    case = _moved(name) if moved else _tree(name, fault=True, late=late)
    case.kind, case.node = "formula", False
    done: Done = ("-", "m0", ("*", "0.5", ("+", "m1", "m2")))
    case.formulas = (CaseFormula("less", done), CaseFormula("twice", ("*", "2", "less")))
    return case


def _moved(name: str, told_s: int = 0) -> FaultCase:
    """A building that becomes another institution's, with a gap over the midnight of its move."""
    case = _tree(name, fault=True)
    registers.gap(9)(case.meters[2], case.meters[2].near(MIDNIGHT_S - 4 * HOUR_S))
    case.kind, case.moves, case.moves_told_s = "move", MOVE_DAY, told_s
    return case


HALF_HOURS = (0, 150, 450, 1170, 1440)
WHOLE_HOURS = (0, 120, 480, 1140, 1440)
PRICES = ("0.31", "0.47", "1.13", "0.62")


def _clock_change(
    name: str,
    zone: str,
    first: date,
    every: int = 15,
    step: int = 15,
    turns: tuple[int, ...] = HALF_HOURS,
) -> FaultCase:
    """A tariff over a change of the clock. Whoever reads hourly cannot tell what passed by half
    past, so prices turn with the hour there."""
    days = 4
    meter = FaultMeter("m", plant("office", days + 1), every * 60, step_min=step, limit=Decimal(80))
    windows = zip(turns[:-1], turns[1:], PRICES, strict=True)
    prices = tuple(PriceWindow(*window) for window in windows)
    case = FaultCase(name, "clock change", first, days, [meter], zone=zone, prices=prices)
    meter.read(0, case.seconds)
    return case


def _declared(name: str, at_s: int, low: float, first: str, **columns: str) -> FaultCase:
    """A replacement that the registry tells of: another register under a name of its own."""
    made = plant("office", DAYS)
    meter = FaultMeter("m", made, limit=Decimal(80))
    meter.read(0, at_s)
    if "bench" in name:
        _bench(meter, at_s)
    new = FaultMeter(
        "n", made, first_register=int(low * 1000) - int(made.passed(np.array([at_s]))[0])
    )
    new.read(at_s, DAYS * DAY_S)
    meter.insert(new.at, new.value, stream="m.n", shown=new.value.copy())
    end = {"valid_to": first, **_only(columns, "final")}
    begin = {"point": "m.n", "valid_from": first, **_only(columns, "first")}
    meter.parts = [end, begin]
    return _simple(name, "declared", meter)


def _only(columns: dict[str, str], name: str) -> dict[str, str]:
    return {name: columns[name]} if name in columns else {}


def _bench(meter: FaultMeter, at_s: int) -> None:
    """The new register has been powered since midnight and stands until it is put in."""
    at = np.arange(at_s // DAY_S * DAY_S, at_s, 900)
    still = np.full(len(at), 5_000.0)
    meter.insert(at, still, stream="m.n", shown=still)


def _instant(seconds: int) -> str:
    """A second after the first day's start, as the registry writes an instant."""
    day, rest = FIRST.day + seconds // DAY_S, seconds % DAY_S
    return f"2026-03-{day:02d}T{rest // HOUR_S:02d}:{rest % HOUR_S // 60:02d}:00+08:00"


def _ratio(name: str, at_s: int, told: str) -> FaultCase:
    """Transformers of another ratio: the register counts less from then on."""
    made = plant("flat", DAYS)
    meter = FaultMeter("m", made, limit=Decimal(80), ratio=1)
    meter.read(0, DAYS * DAY_S)
    place = meter.near(at_s)
    later = (meter.value[place:] - meter.value[place]) / 5
    meter.level(slice(place, None), later - (meter.value[place:] - meter.value[place]))
    meter.parts = [{"valid_to": told}, {"valid_from": told, "ratio": "5"}]
    return _simple(name, "declared", meter)


BERLIN = "Europe/Berlin"
AUTUMN, SPRING = date(2026, 10, 23), date(2026, 3, 27)
MOVE_DAY = date(2026, 3, 5)
MIDNIGHT_S, MIDDAY_S = 3 * DAY_S, 3 * DAY_S + 14 * HOUR_S + 1800
OTHERS: dict[str, Callable[[str], FaultCase]] = {
    "idle for ever": lambda n: _idle(n, "idle", registers.sound),
    "idle, one spike": lambda n: _idle(n, "idle", registers.shifted(1, 500)),
    "idle, one zero": lambda n: _idle(n, "idle", registers.constant(1, 0)),
    "idle, an outage": lambda n: _idle(n, "idle", registers.gap(10)),
    "idle for two days, then runs": lambda n: _idle(n, "late", registers.sound),
    "limit ten times too low": lambda n: _typo(n, 0.1),
    "limit a thousand times too high": lambda n: _typo(n, 1000),
    "water in L": lambda n: _unit(n, "02000", "L", 1),
    "water in m3, hourly": lambda n: _unit(n, "02000", "m3", 1000, 3600),
    "gas in m3, hourly": lambda n: _unit(n, "03000", "m3", 1000, 3600),
    "heat in GJ": lambda n: _unit(n, "04000", "GJ", 1e6),
    "heat in kWh": lambda n: _unit(n, "04000", "kWh", 3600),
    "electricity in Wh": lambda n: _unit(n, "01000", "Wh", 1),
    "pulses of 100 Wh": lambda n: _tick(n, 100, 1, registers.sound),
    "pulses of 100 Wh, five zeros": lambda n: _tick(n, 100, 1, registers.constant(5, 0)),
    "pulses of 100 Wh, a spike": lambda n: _tick(n, 100, 1, registers.shifted(1, 300)),
    "whole kWh": lambda n: _tick(n, 1000, 1, registers.sound),
    "half kWh, an outage": lambda n: _tick(n, 500, 1, registers.gap(8)),
    "ratio of 40": lambda n: _tick(n, 1, 40, registers.sound),
    "ratio of 40, a spike": lambda n: _tick(n, 1, 40, registers.shifted(1, 100)),
    "every 7 min": lambda n: _every(n, 420, 15),
    "every 11 min": lambda n: _every(n, 660, 15),
    "hourly at 23 past": lambda n: _every(n, 3600, 60, 23 * 60),
    "daily at midnight": lambda n: _every(n, DAY_S, 1440),
    "daily at 08:00": lambda n: _every(n, DAY_S, 1440, 8 * HOUR_S),
    "every 10 s": lambda n: _short(n, 10),
    "20 days out": lambda n: _long(n, 480),
    "51 days out": lambda n: _long(n, 51 * 24),
    "20 days out, backfilled": lambda n: _long(n, 480, registers.backfilled(480)),
    "two workers": _two_workers,
    "building": _tree,
    "building, a child never sent": lambda n: _tree(n, silent=True),
    "building, a child registered later": lambda n: _tree(n, late=True),
    "building, faults in two meters": lambda n: _tree(n, fault=True),
    "Berlin, autumn": lambda n: _clock_change(n, BERLIN, AUTUMN),
    "Berlin, spring": lambda n: _clock_change(n, BERLIN, SPRING),
    "Berlin, autumn, hourly": lambda n: _clock_change(n, BERLIN, AUTUMN, 60, 60, WHOLE_HOURS),
    "Berlin, spring, hourly": lambda n: _clock_change(n, BERLIN, SPRING, 60, 60, WHOLE_HOURS),
    "Berlin, autumn, on hourly books": lambda n: _clock_change(n, BERLIN, AUTUMN, 15, 60),
    "Berlin, spring, on hourly books": lambda n: _clock_change(n, BERLIN, SPRING, 15, 60),
    "Lord Howe, autumn": lambda n: _clock_change(n, "Australia/Lord_Howe", date(2026, 4, 3)),
    "Lord Howe, spring": lambda n: _clock_change(n, "Australia/Lord_Howe", date(2026, 10, 2)),
    "Shanghai, prices": lambda n: _clock_change(n, "Asia/Shanghai", date(2026, 4, 3)),
    "Kathmandu, prices": lambda n: _clock_change(n, "Asia/Kathmandu", date(2026, 4, 3)),
    "replaced at midnight, declared": lambda n: _declared(n, MIDNIGHT_S, 5, "2026-03-05"),
    "replaced at 14:30, declared to the instant": lambda n: _declared(
        n, MIDDAY_S, 5, _instant(MIDDAY_S)
    ),
    "replaced at 14:30, on the bench since midnight": lambda n: _declared(
        n, MIDDAY_S, 5, _instant(MIDDAY_S)
    ),
    "a building moves to another institution": _moved,
    "a building moved, as is told a day later": lambda n: _moved(n, MIDNIGHT_S + DAY_S),
    "a building will move, as is told a day before": lambda n: _moved(n, MIDNIGHT_S - DAY_S),
    "formula, faults in two members": _made_in_a_building,
    "formula, its building moves to another institution": lambda n: _made_in_a_building(
        n, moved=True
    ),
    "formula, a member registered later": lambda n: _made_in_a_building(n, late=True),
    "ratio changed at midnight": lambda n: _ratio(n, MIDNIGHT_S, "2026-03-05"),
    "ratio changed at 14:30": lambda n: _ratio(n, MIDDAY_S, _instant(MIDDAY_S)),
}


def _short(name: str, seconds: int) -> FaultCase:
    days = 2
    meter = FaultMeter("m", plant("office", days), seconds)
    meter.read(0, days * DAY_S)
    return _simple(name, "cadence", meter, days)


def all_cases() -> dict[str, MAKE]:
    """Name to what makes it."""
    found: dict[str, MAKE] = {}
    for name, one in REGISTERS.items():
        for setting in one.settings:
            found[f"{name}: {setting}"] = _bound(name, one, setting)
    found |= interval_cases()
    found |= formula_cases()
    for name, make in OTHERS.items():
        found[name] = _named(name, make)
    return found


def _bound(name: str, one: Befalls, setting: str) -> MAKE:
    return lambda: register_case(name, one, SETTINGS[setting], setting)


def _named(name: str, make: Callable[[str], FaultCase]) -> MAKE:
    return lambda: make(name)
