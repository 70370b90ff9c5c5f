"""What an unregistered point most likely is: kind, unit, quantity, direction and medium, with why.

    said by the gateway  ─▶ said       what it sent with the values, or told of itself
    its values           ─▶ sure       a count of kWh that only rises, a unit that is measured
    its name             ─▶ likely     words such as `energy_import`, 正向有功电能
    nothing of these     ─▶ unsure     the most common case, to be looked at

A guess is a proposal: a person decides. What contradicts what was sent is refused then (`fits`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from metering.errors import InvalidInput
from metering.joining import SeenPoint
from metering.reading import Kind
from metering.units import BOOK_UNITS, UNITS, conversion, unit


class Sureness(StrEnum):
    """How far a guess can be trusted; each has its word, `sureness`."""

    SAID = "said"
    SURE = "sure"
    LIKELY = "likely"
    UNSURE = "unsure"


class GuessReason(StrEnum):
    """What a guess goes by; each has its text, `guess_reason`."""

    SENT = "sent"
    DESCRIBED = "described"
    ONLY_RISES = "only_rises"
    RISES_AND_RESETS = "rises_and_resets"
    RISES_AND_FALLS = "rises_and_falls"
    TWO_VALUES = "two_values"
    UNIT_COUNTS = "unit_counts"
    UNIT_MEASURES = "unit_measures"
    NAME = "name"
    DISAGREES = "disagrees"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Guessed:
    """One thing that is guessed."""

    value: str
    """'' where there is nothing to go by."""
    sure: Sureness
    why: GuessReason


@dataclass(frozen=True)
class PointGuess:
    """All that is guessed of a point."""

    kind: Guessed
    unit: Guessed
    quantity: str
    """One of `QUANTITIES`; '' where neither unit nor name tells. Each has its word, `quantity`."""
    medium: str
    """What flows: electricity, water, gas, heat or cooling; '' where it is not clear."""
    direction: str
    """import or export; '' where the name does not say."""


@dataclass(frozen=True)
class Wording:
    """How a quantity is called in names of points."""

    unit: str
    """That a value without one is most often in; '' where that differs too much."""
    words: frozenset[str]
    """Whole words in small letters."""
    chinese: tuple[str, ...] = ()
    """Parts of a name."""
    canonical: str = ""
    """The canonical unit that belongs to it alone; '' where several share it or it has none."""


def _named(unit_: str, words: str, chinese: str = "", canonical: str = "") -> Wording:
    return Wording(unit_, frozenset(words.split()), tuple(chinese.split()), canonical)


QUANTITIES: Mapping[str, Wording] = {
    "reactive_energy": _named("kvarh", "kvarh varh", "无功电能 无功电量", "kvarh"),
    "reactive_power": _named("kvar", "kvar var reactive", "无功功率", "kvar"),
    "apparent_power": _named("kVA", "kva va apparent", "视在功率", "kVA"),
    "power_factor": _named("1", "pf cosphi cos powerfactor factor", "功率因数"),
    "heat": _named("", "heat heating thermal gj mj", "热量", "MJ"),
    "cooling": _named("", "cooling chilled", "冷量"),
    "energy": _named("kWh", "energy kwh mwh wh ep epi epe electricity", "电能 电量 电度", "kWh"),
    "power": _named("kW", "power kw watt watts demand", "功率 需量", "kW"),
    "voltage": _named("V", "voltage volt volts", "电压", "V"),
    "current": _named("A", "current amp amps ampere amperes", "电流", "A"),
    "frequency": _named("Hz", "frequency freq hz", "频率", "Hz"),
    "temperature": _named("C", "temperature temp tmp", "温度 室温 水温", "C"),
    "humidity": _named("%", "humidity humi hum rh", "湿度"),
    "co2": _named("ppm", "co2 eco2", "二氧化碳", "ppm"),
    "illuminance": _named("lx", "illuminance lux lx brightness", "照度", "lx"),
    "pressure": _named("", "pressure press", "压力 气压 压强", "Pa"),
    "flow": _named("m3/h", "flow flowrate", "瞬时流量 流速", "L/min"),
    "volume": _named("m3", "volume m3 water gas", "水量 气量 体积 累计流量 用水", "m3"),
    "mass": _named("kg", "mass weight kg", "重量 质量", "kg"),
    "irradiance": _named("W/m2", "irradiance irradiation", "辐照", "W/m2"),
    "occupancy": _named("persons", "persons people occupants", "人数", "persons"),
    "battery": _named("%", "battery batt soc", "电池"),
    "signal": _named("dBm", "rssi", "信号", "dBm"),
    "noise": _named("dB", "noise sound", "噪声", "dB"),
    "state": _named("1", "state status switch relay door contact motion alarm", "状态 开关 告警"),
}
"""What names tell, the more special before the more common."""
_EXACT_UNITS = {
    **{"kwh": "kWh", "mwh": "MWh", "wh": "Wh", "kw": "kW", "kvarh": "kvarh", "kvar": "kvar"},
    **{"kva": "kVA", "hz": "Hz", "gj": "GJ", "mj": "MJ", "kpa": "kPa", "hpa": "hPa"},
    **{"watt": "W", "watts": "W", "kv": "kV", "ma": "mA"},
}
"""Units that stand in names and can be no other."""
_MEANS = frozenset({"demand", "avg", "average", "mean"})
_MEDIA: Mapping[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "heat": (QUANTITIES["heat"].words, ("热",)),
    "cooling": (QUANTITIES["cooling"].words, ("冷",)),
    "water": (frozenset({"water"}), ("水",)),
    "gas": (frozenset({"gas"}), ("燃气", "天然气", "气量")),
}
_ELECTRIC = frozenset({
    "energy", "reactive_energy", "power", "reactive_power", "apparent_power", "power_factor",
    "voltage", "current", "frequency",
})  # fmt: skip
_DIRECTIONS: Mapping[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "import": (frozenset(["import", "imported", "consumption", "consumed", "forward"]), ("正向",)),
    "export": (
        frozenset(
            [
                "export",
                "exported",
                "returned",
                "feedin",
                "injection",
                "produced",
                "production",
                "reverse",
            ]
        ),
        ("反向", "上网"),
    ),
}
_WORD = re.compile(r"[A-Z]+(?![a-z])\d?|[A-Z]?[a-z]+\d?|[^\W\d_]+")
_ENOUGH, _MANY, _FEW_FALLS = 3, 8, 20
"""Moves that tell something; that tell it without a unit; at most one in so many is a reset."""


def guess(one: SeenPoint) -> PointGuess:
    """What a point most likely is, by what was sent, its values and its name."""
    words, name = _words_of(one)
    quantity = _by_name(words, name)
    unit_ = _unit(one, quantity, words)
    quantity = _by_unit(unit_.value, quantity)
    medium = _medium(quantity, words, name)
    counted = _canonical(unit_.value) in BOOK_UNITS
    return PointGuess(
        _kind(one, unit_.value, quantity, words),
        unit_,
        quantity,
        medium,
        _one_of(_DIRECTIONS, words, name) if counted or quantity == "power" else "",
    )


def fits(one: SeenPoint, kind: Kind, unit_: str, *, signed: bool = False) -> None:
    """Raises InvalidInput, with field `kind` or `unit`, where what a point is to be registered as
    contradicts what was sent of it, or is none. `signed`: its register may fall in normal work."""
    canonical = unit(unit_).canonical
    for sent in one.units:
        try:
            conversion(sent, canonical)
        except InvalidInput as error:
            raise InvalidInput(
                f"{one.point} is sent in {sent}",
                field="unit",
                value=unit_,
                fix=f"register it in {sent}, or mend what the gateway sends: {error.message}",
            ) from None
    for told in one.kinds:
        if told is not kind:
            raise InvalidInput(
                f"{one.point} is sent as {told}",
                field="kind",
                value=str(kind),
                fix=f"register it as {told}, or have the gateway send {kind}",
            )
    if kind is Kind.REGISTER and not signed and _moves_both_ways(one):
        raise InvalidInput(
            f"values of {one.point} fell {one.falls} times and rose {one.rises} times",
            field="kind",
            value=str(kind),
            fix="register it as interval or instant; a register that may fall is signed",
        )


def _moves_both_ways(one: SeenPoint) -> bool:
    return one.falls >= _ENOUGH and one.falls * _FEW_FALLS > one.rises


def _words_of(one: SeenPoint) -> tuple[frozenset[str], str]:
    """The words of a point's names in small letters, and the names together."""
    told = one.described
    names = [one.point] if told is None else [one.point, told.name, told.quantity]
    text = " ".join(names)
    return _words(text), text


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text)) | frozenset(
        word for word in re.split(r"[\W_]+", text.lower()) if word
    )


def _by_name(words: Collection[str], name: str) -> str:
    """The quantity that a name tells; '' where it tells none."""
    for quantity, wording in QUANTITIES.items():
        if wording.words & frozenset(words) or any(part in name for part in wording.chinese):
            return quantity
    return ""


def _by_unit(unit_: str, by_name: str) -> str:
    """The quantity that a unit tells, where the name does not tell one of the same unit."""
    canonical = _canonical(unit_)
    if not canonical:
        return by_name
    named = QUANTITIES.get(by_name)
    if named is not None and canonical in (_canonical(named.unit), named.canonical):
        return by_name
    if by_name in ("heat", "cooling") and canonical in ("kWh", "MJ"):
        return by_name
    return next((q for q, one in QUANTITIES.items() if one.canonical == canonical), "")


def _canonical(unit_: str) -> str:
    return UNITS[unit_].canonical if unit_ in UNITS else ""


def _unit(one: SeenPoint, quantity: str, words: Collection[str]) -> Guessed:
    known = [sent for sent in one.units if sent in UNITS]
    if known:
        if not all(_converts(sent, known[-1]) for sent in one.units):
            return Guessed(known[-1], Sureness.UNSURE, GuessReason.DISAGREES)
        return Guessed(known[-1], Sureness.SAID, GuessReason.SENT)
    if one.described is not None and one.described.unit in UNITS:
        return Guessed(one.described.unit, Sureness.SAID, GuessReason.DESCRIBED)
    exact = {_EXACT_UNITS[word] for word in words if word in _EXACT_UNITS}
    if len(exact) == 1:
        return Guessed(exact.pop(), Sureness.LIKELY, GuessReason.NAME)
    if quantity and QUANTITIES[quantity].unit:
        return Guessed(QUANTITIES[quantity].unit, Sureness.UNSURE, GuessReason.NAME)
    return Guessed("", Sureness.UNSURE, GuessReason.NOTHING)


def _converts(sent: str, other: str) -> bool:
    try:
        conversion(sent, UNITS[other].canonical)
    except InvalidInput:
        return False
    return True


def _kind(one: SeenPoint, unit_: str, quantity: str, words: Collection[str]) -> Guessed:
    if len(one.kinds) == 1:
        return Guessed(one.kinds[0], Sureness.SAID, GuessReason.SENT)
    if one.kinds:
        return Guessed(one.kinds[-1], Sureness.UNSURE, GuessReason.DISAGREES)
    if one.described is not None and one.described.kind is not None:
        return Guessed(one.described.kind, Sureness.SAID, GuessReason.DESCRIBED)
    canonical = _canonical(unit_)
    if canonical in BOOK_UNITS:
        return _counted(one)
    if quantity == "state" or (canonical in ("", "1") and _is_of_two(one)):
        sure = Sureness.LIKELY if _is_of_two(one) else Sureness.UNSURE
        why = GuessReason.TWO_VALUES if _is_of_two(one) else GuessReason.NAME
        return Guessed(Kind.STATE, sure, why)
    if canonical and frozenset(words) & _MEANS:
        return Guessed(Kind.MEAN, Sureness.LIKELY, GuessReason.NAME)
    if canonical:
        return Guessed(Kind.INSTANT, Sureness.SURE, GuessReason.UNIT_MEASURES)
    if one.rises >= _MANY and not one.falls:
        return Guessed(Kind.REGISTER, Sureness.LIKELY, GuessReason.ONLY_RISES)
    if one.rises >= _ENOUGH and one.falls >= _ENOUGH:
        return Guessed(Kind.INSTANT, Sureness.UNSURE, GuessReason.RISES_AND_FALLS)
    return Guessed("", Sureness.UNSURE, GuessReason.NOTHING)


def _counted(one: SeenPoint) -> Guessed:
    """Of energy, a volume or a mass."""
    if _moves_both_ways(one):
        return Guessed(Kind.INTERVAL, Sureness.LIKELY, GuessReason.RISES_AND_FALLS)
    if one.rises >= _ENOUGH and not one.falls:
        return Guessed(Kind.REGISTER, Sureness.SURE, GuessReason.ONLY_RISES)
    if one.rises >= _ENOUGH:
        return Guessed(Kind.REGISTER, Sureness.LIKELY, GuessReason.RISES_AND_RESETS)
    return Guessed(Kind.REGISTER, Sureness.UNSURE, GuessReason.UNIT_COUNTS)


def _is_of_two(one: SeenPoint) -> bool:
    """Whether it only ever was 0 or 1."""
    return len(one.values) >= _ENOUGH and {value for _, value, _ in one.values} <= {0.0, 1.0}


def _medium(quantity: str, words: Collection[str], name: str) -> str:
    told = _one_of(_MEDIA, words, name)
    if quantity in ("heat", "cooling"):
        return quantity
    if quantity in ("volume", "flow"):
        return told if told in ("water", "gas") else ""
    return "electricity" if quantity in _ELECTRIC and told in ("", "water", "gas") else ""


def _one_of(
    table: Mapping[str, tuple[frozenset[str], tuple[str, ...]]], words: Collection[str], name: str
) -> str:
    """The entry that a name tells; '' where it tells none or several."""
    told = [
        entry
        for entry, (own, chinese) in table.items()
        if own & frozenset(words) or any(part in name for part in chinese)
    ]
    return told[0] if len(told) == 1 else ""
