"""What a finding says to a person in one sentence.

expected 12.0 kW for Tuesday 02:00 at 24 °C, measured 31.2 kW
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analytics import FAULTS
from metering.case_worth import by_the_year, runs, told_by_the_year
from metering.day_mark import DayMark
from metering.finding import TEACHING, Case, Finding
from metering.localtime import HOUR_US, from_us, zone_of
from metering.units import BOOK_UNITS
from texts import day_of, text, weekday, word

MOST_NAMED = 6
"""Meters that a sentence names; the evidence names all."""
POWER = {"kWh": "kW", "m3": "m³/h", "MJ": "MJ/h", "kvarh": "kvar", "kg": "kg/h"}
UNITS = {"m3": "m³"}
_ROOMS = {"room_too_cold": "finding.room_too_cold", "stale_air": "finding.stale_air"}
_WHOLE = 100
"""Amounts from here on are told without decimals."""
UNSEEN_US = 3 * 24 * HOUR_US
"""What was not seen for as long is told with the day on which it last was: a weekend is shorter."""
_OF_MARK = ("measured", "beyond", "low", "high")
"""Energies of a mark that its sentence names."""
_SILENT = "meter_gap"
"""What a finding without an expectation is told as, where its pattern is no fault."""


@dataclass(frozen=True)
class _Plain:
    """A sentence of a few numbers, for findings that tell one of them."""

    telling: str
    """The number of the detail by which it is known."""
    key: str
    numbers: Mapping[str, tuple[str, str]]
    """What the text calls it -> its name in the detail, and how it is written."""


_PLAIN = (
    _Plain(
        "usual_ratio",
        "finding.ratio",
        {"now": ("ratio", ".3f"), "usual": ("usual_ratio", ".3f")},
    ),
    _Plain(
        "usual_efficiency",
        "finding.ups",
        {"now": ("efficiency", ".3f"), "usual": ("usual_efficiency", ".3f")},
    ),
    _Plain(
        "idle_kw",
        "finding.idle",
        {"use": ("use_percent", ".1f"), "power": ("idle_kw", ",.2f")},
    ),
    _Plain("inlet_c", "finding.inlet", {"value": ("inlet_c", ".1f")}),
    _Plain("air_rise_k", "finding.air_rise", {"rise": ("air_rise_k", ".1f")}),
    _Plain(
        "usual_rise_k",
        "finding.water_rise",
        {"rise": ("rise_k", ".1f"), "usual": ("usual_rise_k", ".1f")},
    ),
    _Plain("both_share", "finding.fight", {}),
    _Plain(
        "usual_hours",
        "finding.at_once",
        {"now": ("together_hours", ".1f"), "usual": ("usual_hours", ".1f")},
    ),
    _Plain("starts_per_hour", "finding.cycles", {"starts": ("starts_per_hour", ".0f")}),
    _Plain(
        "changeover_c",
        "finding.wet_bulb",
        {"now": ("wet_bulb_c", ".0f"), "usual": ("changeover_c", ".0f")},
    ),
)


def when(time_us: int, zone: str, language: str) -> str:
    """Weekday and time of day, as people say it."""
    local = from_us(time_us).astimezone(zone_of(zone))
    return f"{weekday(local, language)} {local:%H:%M}"


def sentence(finding: Finding, zone: str, language: str) -> str:
    """The case in one sentence with its own numbers; simpler where those are not known."""
    if "usual_percent" in finding.detail:
        return _balance(finding, zone, language)
    if "night_low" in finding.detail:
        return _night_flow(finding, zone, language)
    if "gateways" in finding.detail:
        return _outage(finding, zone, language)
    if "contract_kw" in finding.detail:
        return _contract(finding, zone, language)
    if "before_kw" in finding.detail:
        return _peak(finding, zone, language)
    if "contracted_kw" in finding.detail:
        return _large_contract(finding, zone, language)
    if "power_factor" in finding.detail:
        return _power_factor(finding, zone, language)
    if "room_limit" in finding.detail:
        return _rooms(finding, zone, language)
    if (plain := _plain(finding.detail)) is not None:
        return _numbers(finding, plain, zone, language)
    if "yield_share" in finding.detail:
        return _solar(finding, zone, language)
    if "phase" in finding.detail:
        return _phase(finding, zone, language)
    expected, measured, example_us = example_of(finding)
    if expected is None or measured is None:
        return _span(finding, zone, language)
    degrees = finding.detail.get("temperature_c")
    return text(
        "finding.sentence",
        language,
        expected=f"{expected:.1f}",
        measured=f"{measured:.1f}",
        unit=POWER[finding.unit],
        moment=when(example_us, zone, language),
        weather=""
        if degrees is None
        else text("finding.weather", language, degrees=f"{float(degrees):.0f}"),
    )


def so_far(case: Case, zone: str, language: str, now_us: int) -> str:
    """Since when, how much in all, what it cost and, of what has run for two weeks or more, about
    what a year of it would cost; when it was last seen, where that was more than three days ago; of
    what runs no more from when to when, and what became of it. '' for what wastes nothing."""
    told, running = case.evidence, runs(case, now_us)
    if told.waste <= 0:
        return ""
    since = _day(told.start_us, zone, language, now_us)
    until = _day(told.end_us - 1, zone, language, now_us)
    if not running and until != since:
        since = text("finding.from_to", language, since=since, until=until)
    elif running and told.end_us < now_us - UNSEEN_US:
        since = text("finding.last_seen", language, since=since, until=until)
    return text(
        "finding.so_far" if running else "finding.was",
        language,
        since=since,
        amounts=_amounts(told, language),
        then=_ahead(case, language, now_us) if running else _outcome(case, language),
    )


def of_mark(mark: DayMark, zone: str, language: str) -> str:
    """Hours that were unusual, beside what such hours were."""
    per_unit = BOOK_UNITS[mark.unit].per_canonical
    told = {name: _amount(getattr(mark, name) / per_unit) for name in _OF_MARK}
    told["start"] = when(mark.start_us, zone, language)
    told["end"] = f"{from_us(mark.end_us).astimezone(zone_of(zone)):%H:%M}"
    told["unit"] = UNITS.get(mark.unit, mark.unit)
    return text("finding.mark_above" if mark.above else "finding.mark_below", language, **told)


def _outcome(case: Case, language: str) -> str:
    """What became of a case that runs no more; of what teaches nobody looks whether it goes on."""
    state = "" if case.stands else word("state", str(case.state), language)
    if case.state in TEACHING:
        return state
    return text("finding.and", language).join(
        filter(None, [text("finding.ended", language), state])
    )


def _ahead(case: Case, language: str, now_us: int) -> str:
    """What a year of it would cost, to two digits, as it went on until now; '' where that is too
    early to say."""
    if not told_by_the_year(case, now_us):
        return ""
    return text("finding.ahead", language, amounts=a_year(case.evidence, language, now_us))


def a_year(told: Finding, language: str, now_us: int) -> str:
    """What a year of it costs if it goes on, to two digits; its energy where it has no price."""
    amounts = [
        _money(_rough(by_the_year(float(amount), told, now_us)), currency, language)
        for currency, amount in told.costs
        if amount
    ] or [f"{_amount(_rough(by_the_year(told.waste, told, now_us)))} {_unit(told)}"]
    return text("finding.and", language).join(amounts)


def _amounts(told: Finding, language: str) -> str:
    """Energy, and its money in each currency."""
    money = [_money(float(amount), currency, language) for currency, amount in told.costs if amount]
    return text("finding.and", language).join([f"{_amount(told.waste)} {_unit(told)}", *money])


def _unit(told: Finding) -> str:
    return UNITS.get(told.unit, told.unit)


def _rough(amount: float) -> float:
    return float(f"{amount:.1e}")


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= _WHOLE else f"{amount:,.1f}"


def _money(amount: float, currency: str, language: str) -> str:
    if currency == "CNY":
        return text("finding.yuan", language, amount=_amount(amount))
    return f"{currency} {_amount(amount)}"


def _day(at_us: int, zone: str, language: str, now_us: int) -> str:
    """The local day, with its year where that is not the present one."""
    local = zone_of(zone)
    day, today = (from_us(one).astimezone(local).date() for one in (at_us, now_us))
    return day_of(day, language, year=day.year != today.year)


def _date(at_us: int, zone: str) -> str:
    return f"{from_us(at_us).astimezone(zone_of(zone)):%Y-%m-%d}"


def _moment(at_us: int, zone: str) -> str:
    return f"{from_us(at_us).astimezone(zone_of(zone)):%Y-%m-%d %H:%M}"


def _balance(finding: Finding, zone: str, language: str) -> str:
    """A total that its parts make up otherwise than before; `over` says that this has ended."""
    told = finding.detail
    meter = told.get("changed")
    return text(
        "finding.balance_over" if told.get("over") else "finding.balance",
        language,
        start=_date(finding.start_us, zone),
        end=_date(finding.end_us - 1, zone),
        now=f"{float(told['now_percent']):.1f}",
        usual=f"{float(told['usual_percent']):.1f}",
        amount=f"{float(told['per_day']):+z,.1f}",
        percent=f"{float(told['percent']):+z.1f}",
        unit=finding.unit,
        changed="" if meter is None else text("finding.balance_changed", language, meter=meter),
    )


def _outage(finding: Finding, zone: str, language: str) -> str:
    """Meters that fell silent together, by name as far as a sentence goes."""
    told = finding.detail
    meters = str(told["meters"]).split()
    named = ", ".join(meters[:MOST_NAMED])
    if len(meters) > MOST_NAMED:
        more = len(meters) - MOST_NAMED
        named = text("finding.more", language, meters=named, count=more)
    return text(
        "finding.outage",
        language,
        gateways=str(told["gateways"]).replace(" ", ", "),
        silent=told["silent"],
        served=told["served"],
        hours=len(finding.hours_us),
        start=_moment(finding.start_us, zone),
        meters=named,
    )


def _night_flow(finding: Finding, zone: str, language: str) -> str:
    """What flowed all night, beside what did before."""
    told = finding.detail
    return text(
        "finding.night_flow",
        language,
        start=_date(finding.start_us, zone),
        nights=told.get("days", 0),
        low=f"{float(told['night_low']):.3g}",
        base=f"{float(told['night_base']):.3g}",
        unit=POWER[finding.unit],
    )


def _contract(finding: Finding, zone: str, language: str) -> str:
    """How often and how far the contracted power was passed."""
    told = finding.detail
    return text(
        "finding.contract",
        language,
        days=told.get("days", 0),
        contract=f"{float(told['contract_kw']):.4g}",
        peak=f"{float(told['peak_kw']):.4g}",
        moment=_moment(int(told["peak_us"]), zone),
    )


def _peak(finding: Finding, zone: str, language: str) -> str:
    """How far and how often the highest demand of a year was passed, and what that costs."""
    told = finding.detail
    return text(
        "finding.peak",
        language,
        days=told.get("days", 0),
        peak=f"{float(told['peak_kw']):.4g}",
        before=f"{float(told['before_kw']):.4g}",
        moment=_moment(int(told["peak_us"]), zone),
        cost=_money(_rough(float(told["demand_cost"])), str(told["currency"]), language),
    )


def _large_contract(finding: Finding, zone: str, language: str) -> str:
    """How much of the contract a year took at most, and what a smaller one would save."""
    told = finding.detail
    return text(
        "finding.large_contract",
        language,
        contract=f"{float(told['contracted_kw']):.4g}",
        peak=f"{float(told['year_peak_kw']):.4g}",
        moment=_moment(int(told["year_peak_us"]), zone),
        needed=f"{float(told['needed_kw']):.4g}",
        saved=_money(_rough(float(told["saved_a_year"])), str(told["currency"]), language),
    )


def _power_factor(finding: Finding, zone: str, language: str) -> str:
    """The power factor under load beside the one that the account is held to."""
    told = finding.detail
    return text(
        "finding.power_factor",
        language,
        start=_date(finding.start_us, zone),
        days=told.get("days", 0),
        factor=f"{float(told['power_factor']):.3f}",
        standard=f"{float(told['standard']):.2f}",
    )


def _rooms(finding: Finding, zone: str, language: str) -> str:
    """Rooms by code as far as a sentence goes, and how warm or stale they were."""
    told = finding.detail
    rooms = str(told["rooms"]).split()
    named = ", ".join(rooms[:MOST_NAMED]) + (" ..." if len(rooms) > MOST_NAMED else "")
    return text(
        _ROOMS[finding.pattern],
        language,
        rooms=named,
        start=_date(finding.start_us, zone),
        days=told.get("days", 0),
        value=f"{float(told['room_value']):,.0f}",
        limit=f"{float(told['room_limit']):,.0f}",
    )


def _plain(detail: Mapping[str, object]) -> _Plain | None:
    return next((one for one in _PLAIN if one.telling in detail), None)


def _numbers(finding: Finding, plain: _Plain, zone: str, language: str) -> str:
    """Since when, on how many days, and some numbers of the detail."""
    told = finding.detail
    return text(
        plain.key,
        language,
        start=_date(finding.start_us, zone),
        days=told.get("days", 0),
        **{place: format(float(told[name]), form) for place, (name, form) in plain.numbers.items()},
    )


def _solar(finding: Finding, zone: str, language: str) -> str:
    """What panels gave of what they did, and what that comes to."""
    told = finding.detail
    share = float(told["yield_share"])
    made = abs(finding.measured or 0) / BOOK_UNITS[finding.unit].per_canonical
    return text(
        "finding.solar" if share > 0 else "finding.solar_none",
        language,
        start=_date(finding.start_us, zone),
        days=told.get("days", 0),
        percent=f"{100 * share:.0f}",
        lost=_amount(made * (1 / share - 1)) if share > 0 else "",
        unit=_unit(finding),
    )


def _phase(finding: Finding, zone: str, language: str) -> str:
    """The phase that is lost, and how much that hides, where its past says so."""
    told, amount = finding.detail, ""
    if "unmetered" in told and finding.measured is not None:
        metered = finding.measured / BOOK_UNITS[finding.unit].per_canonical
        low, high = (metered * float(told[f"unmetered_{end}"]) for end in ("low", "high"))
        amount = text(
            "finding.phase_unmetered",
            language,
            low=_amount(low),
            high=_amount(high),
            unit=_unit(finding),
        )
    return text(
        "finding.phase",
        language,
        start=_date(finding.start_us, zone),
        days=told.get("days", 0),
        phase=str(told["phase"]).upper(),
        amount=amount,
    )


def example_of(finding: Finding) -> tuple[float | None, float | None, int]:
    """(expected, measured [canonical unit per hour], start_us) of the hour that tells most."""
    detail = finding.detail
    if "expected" in detail and "measured" in detail:
        at = int(detail.get("example_us", finding.start_us))
        return float(detail["expected"]), float(detail["measured"]), at
    evidence = set(finding.hours_us)
    hours = [h for h in finding.hourly if h[0] in evidence and None not in h[1:]]
    if not hours or finding.waste <= 0:
        return None, None, finding.start_us
    worst = max(hours, key=lambda h: (h[2] or 0.0) - (h[1] or 0.0))
    return worst[1], worst[2], worst[0]


def _span(finding: Finding, zone: str, language: str) -> str:
    start = from_us(finding.start_us).astimezone(zone_of(zone))
    hours = len(finding.hours_us) or round((finding.end_us - finding.start_us) / 3.6e9)
    fault = text(f"fault.{finding.pattern if finding.pattern in FAULTS else _SILENT}", language)
    return text("finding.span", language, fault=fault, hours=hours, start=f"{start:%Y-%m-%d %H:%M}")
