"""What may be told of a case, from its physical truth alone.

    readings   o──o──o──x──x──o──o─ ─ ─ ─o──o      o good, x wrong, then a hole
    slots      sound    │doubted │  │ hole │        a sound slot is exact, and measured
               a run of other slots is known as a whole: good readings bound it

A reading is good if it shows what the meter in order would show, at its time. Where no reading
tells what passed (a register replaced without a word, an interval lost), a run may differ from the
truth by no more than the energy of the readings in doubt.

A formula is what is told of its members, slot by slot: these are judged by what passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from figures.worth import per_canonical
from metering import items
from metering.localtime import DAY_MIN
from metering.quality import MISSING, WHOLE
from metering.quantity import ABSENT, I64
from metering.reading import F64
from proofs.dated.formulas import named, to_the_nearest, worked_out
from proofs.faults.case import BUILDING, CaseFormula, FaultCase
from proofs.faults.feed import FaultMeter
from proofs.faults.platform import SECOND_US, Published

Mask = NDArray[np.bool_]
MEDIAN_TIMES = 8
"""A limit that is learned lets pass at most so many times what the meter does in its days."""
PENNY = Decimal("0.01")


@dataclass
class Truth:
    """Of the slots of one meter or node."""

    energy: I64
    """(n,) thousandths."""
    sound: Mask
    """(n,) between good neighbouring readings."""
    free: Mask
    """(n,) whether readings in them are wrong and look right: nothing tells."""
    allowed: I64
    """(n,) of each run, at its first slot: what no reading tells [thousandths]."""
    slack: I64
    """(n,) what the readings around an edge leave open, where none stands on it [thousandths]."""
    whys: set[str] = field(default_factory=set)
    grain: int = 0
    """By how much a figure may be off since the register counts in steps [thousandths]."""

    def runs(self) -> list[tuple[int, int]]:
        """(first, end) of the runs of slots that are not sound."""
        padded = np.concatenate([[True], self.sound, [True]])
        edges = np.flatnonzero(np.diff(padded.astype(np.int8)))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

    def __add__(self, other: Truth) -> Truth:
        return Truth(
            self.energy + other.energy,
            self.sound & other.sound,
            self.free | other.free,
            self.allowed + other.allowed,
            self.slack + other.slack,
            self.whys | other.whys,
            self.grain + other.grain,
        )


@dataclass
class FaultVerdict:
    """What one way's figures are worth, all in the worst of them."""

    error: float = 0
    """Thousandths beyond what is known."""
    bound: float = 0
    """How far a run differs that nobody can know."""
    doubted: float = 0
    """What such runs may differ by."""
    wrong: int = 0
    """Slots called measured that are not the truth."""
    lost: int = 0
    """Sound slots that are not called measured."""
    off: float = 0
    """Sum of all slots' errors."""
    true: float = 0
    cost_error: Decimal = Decimal(0)
    words: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is to be blamed."""
        faults = (self.error, self.wrong, self.lost, self.cost_error > PENNY)
        return not any(faults) and self.bound <= self.doubted

    def say(self, text: str) -> None:
        """Remember a fault, up to a few."""
        if len(self.words) < 5:
            self.words.append(text)


def judge(case: FaultCase, told: dict[str, Published]) -> tuple[FaultVerdict, set[str]]:
    """The verdict on one way, and why some energy cannot be known."""
    verdict, whys = FaultVerdict(), set()
    formulas = {one.code: one for one in case.formulas}
    for code, published in told.items():
        if code in formulas:
            _of_formula(formulas[code], told, verdict)
            continue
        start = (published.energy.start_us - case.origin_us) // SECOND_US
        end = (published.energy.end_us - case.origin_us) // SECOND_US
        edges = np.append(start, end[-1:])
        meters = case.meters if code == BUILDING else [m for m in case.meters if m.code == code]
        truth = sum_of([truth_of(one, edges) for one in meters])
        whys |= truth.whys
        _slots(code, published, truth, verdict)
        if case.prices:
            _money(case, code, meters, published, verdict)
    return verdict, whys


def sum_of(parts: list[Truth]) -> Truth:
    """Of all parts together."""
    whole = parts[0]
    for one in parts[1:]:
        whole = whole + one
    return whole


def truth_of(meter: FaultMeter, edges: I64) -> Truth:
    """The truth of a meter in the slots between the edges [s from the first day's start]."""
    passed = meter.plant.passed(edges)
    no, zero = np.zeros(len(edges) - 1, dtype=np.bool_), np.zeros(len(edges) - 1, dtype=np.int64)
    truth = Truth(
        np.diff(passed),
        no,
        no.copy(),
        zero,
        zero.copy(),
        grain=meter.tick * meter.ratio - 1,
    )
    (_register if meter.kind == "register" else _intervals)(meter, edges, truth)
    return truth


def _good(meter: FaultMeter, rows: I64, tolerance_s: float = 0) -> Mask:
    shown, value = meter.shown[rows], meter.value[rows]
    right = np.abs(value - shown) < 0.5
    return np.asarray(right & (np.abs(meter.stamp[rows] - meter.at[rows]) <= tolerance_s))


def _register(meter: FaultMeter, edges: I64, truth: Truth) -> None:
    rows = meter.standing()
    good, stamp = _good(meter, rows), meter.stamp[rows]
    value = meter.value[rows]
    pair = good[1:] & good[:-1] & (np.diff(stamp) <= meter.cadence_s)
    for one in meter.doubts:
        pair &= (stamp[1:] <= one.start) | (stamp[:-1] >= one.end)
    held = np.zeros(int(edges[-1]) + 1, dtype=np.int64)
    low = np.clip(stamp[:-1][pair], 0, edges[-1])
    high = np.clip(stamp[1:][pair], 0, edges[-1])
    np.add.at(held, low, 1)
    np.add.at(held, high, -1)
    covered = np.concatenate([[0], np.cumsum(np.cumsum(held)[:-1] > 0)])
    whole = np.diff(covered[edges]) == np.diff(edges)
    known = stamp[good]
    at_edge = np.isin(edges, known)
    truth.sound[:] = whole & at_edge[1:] & at_edge[:-1]
    truth.slack[:] = _slack(meter, edges, stamp[:-1][pair], stamp[1:][pair])
    seen = _seen(meter, stamp, value)
    for first, end in truth.runs():
        low_s, high_s = int(edges[first]), int(edges[end])
        inside = (stamp >= low_s) & (stamp <= high_s)
        steps = (stamp[1:] > low_s) & (stamp[:-1] < high_s)
        if (inside & ~good).any() and not (seen & steps).any():
            truth.free[first:end] = True
            truth.whys.add("plausible")
        truth.allowed[first], hidden = _untold(meter, known, low_s, high_s, truth)
        truth.free[first:end] |= hidden


def _slack(meter: FaultMeter, edges: I64, low: I64, high: I64) -> I64:
    """(n,) what passed between the good neighbours around each slot's edges, where these are no
    further apart than the slot is long; 0 where a reading stands on the edge."""
    if not len(low):
        return np.zeros(len(edges) - 1, dtype=np.int64)
    place = np.clip(np.searchsorted(low, edges, side="right") - 1, 0, len(low) - 1)
    around = (low[place] < edges) & (edges < high[place])
    near = around & (high[place] - low[place] <= int(np.diff(edges).min()))
    passed = meter.plant.passed(high[place]) - meter.plant.passed(low[place])
    each = np.where(near, passed, 0)
    return np.asarray(each[1:] + each[:-1])


def _seen(meter: FaultMeter, stamp: I64, value: np.ndarray) -> Mask:
    """(n - 1,) steps that the meter cannot have made, whatever its limit is taken to be."""
    rise = np.diff(value) * meter.ratio
    passed = np.maximum(np.diff(stamp), meter.cadence_s)
    if meter.limit is not None:
        most = float(meter.limit) * 1000 * passed / 3600 + meter.tick + 1
    else:
        most = MEDIAN_TIMES * meter.plant.most_per_hour * passed / 3600
    fell = rise < 0
    if meter.digits is not None:
        turn = 10**meter.digits * meter.scale * meter.ratio
        fell &= rise + turn > most
    return np.asarray(fell | (rise > most))


def _untold(meter: FaultMeter, known: I64, low: int, high: int, truth: Truth) -> tuple[int, bool]:
    """What readings do not tell of a run [thousandths]: stretches nobody knows, and edges at which
    no good reading stands; and whether there is nothing that shows it."""
    whole = meter.plant.between(low, high)
    found, hidden = 0, False
    for one in meter.doubts:
        if one.start < high and one.end > low:
            truth.whys.add(one.why)
            hidden |= not one.shows
            if not one.bounded:
                start, end = _around(known, one.start, one.end)
                found += meter.plant.between(
                    low if start is None else start, high if end is None else end
                )
    for edge in (low, high):
        start, end = _around(known, edge, edge)
        if start == end == edge:
            continue
        truth.whys.add("edge" if start is not None and end is not None else "silent")
        found += whole if start is None or end is None else meter.plant.between(start, end)
    return found, hidden


def _around(known: I64, start: int, end: int) -> tuple[int | None, int | None]:
    """The last good reading up to a second, and the first one from another on."""
    before, after = known[known <= start], known[known >= end]
    return (
        int(before[-1]) if len(before) else None,
        int(after[0]) if len(after) else None,
    )


def _right_by_chance(at: I64, value: F64, good: Mask) -> Mask:
    """Intervals in a run of one value, its first one apart, of which others are wrong: nothing
    tells which of them are right."""
    order = np.argsort(at, kind="stable")
    run = np.cumsum(np.diff(value[order], prepend=np.nan) != 0)
    odd = np.unique(run[~good[order]])
    first = np.diff(run, prepend=0) > 0
    doubted = np.zeros(len(at), dtype=np.bool_)
    doubted[order] = np.isin(run, odd) & ~first
    return doubted


def _intervals(meter: FaultMeter, edges: I64, truth: Truth) -> None:
    rows, length = meter.standing(), meter.cadence_s
    tolerance = min(length / 10, 30)
    good = _good(meter, rows, tolerance)
    good &= ~_right_by_chance(meter.at[rows], meter.value[rows], good)
    covered = np.zeros(int(edges[-1]) + 1, dtype=np.bool_)
    wrong = np.zeros(int(edges[-1]) + 1, dtype=np.bool_)
    for at, right, value in zip(
        meter.at[rows].tolist(), good.tolist(), meter.value[rows].tolist(), strict=True
    ):
        start, end = max(at, 0), min(at + length, int(edges[-1]))
        (covered if right else wrong)[start:end] = True
        most = _most_of_interval(meter)
        if not right and (value < 0 or value > most):
            wrong[start:end] = False  # it shows
    begun = np.concatenate([[0], np.cumsum(covered[:-1])])
    whole = np.diff(begun[edges]) == np.diff(edges)
    truth.sound[:] = whole & (edges[:-1] % length == 0) & (np.diff(edges) >= length)
    for first, end in truth.runs():
        low, high = int(edges[first]), int(edges[end])
        missing = ~covered[low:high]
        if missing.any():
            truth.whys.add("interval")
            seconds = np.flatnonzero(np.diff(np.concatenate([[0], missing, [0]])))
            truth.allowed[first] = sum(
                meter.plant.between(low + int(a), low + int(b)) for a, b in seconds.reshape(-1, 2)
            )
        if wrong[low:high].any():
            truth.free[first:end] = True
            truth.whys.add("plausible")


def _most_of_interval(meter: FaultMeter) -> float:
    per = meter.cadence_s / 3600 if meter.kind == "interval" else 1
    if meter.limit is not None:
        return float(meter.limit) * 1000 * per / meter.ratio
    return MEDIAN_TIMES * meter.plant.most_per_hour * per / meter.ratio


def _slots(code: str, told: Published, truth: Truth, verdict: FaultVerdict) -> None:
    per = per_canonical(told.energy.key.item) // 1000
    true = truth.energy * per
    absent = told.energy.quantity == ABSENT
    figure = np.where(absent, 0, told.energy.quantity)
    off, grain = np.abs(figure - true), truth.grain * per
    sure = told.measured & ~absent
    lost = truth.sound & ~sure
    wrong = sure & ~truth.free & (off > grain + truth.slack * per)
    verdict.lost += int(lost.sum())
    verdict.wrong += int(wrong.sum())
    verdict.off += float(off.sum()) / per
    verdict.true += float(truth.energy.sum())
    for what, mask in (("lost", lost), ("measured and wrong", wrong)):
        if mask.any():
            places = np.flatnonzero(mask)
            verdict.say(f"{code}: {len(places)} slots {what}, {places[0]}..{places[-1]}")
    blamed = int(np.maximum(off[truth.sound] - grain, 0).sum())
    if blamed:
        verdict.say(f"{code}: {blamed / per / 1000:g} off in sound slots")
    for first, end in truth.runs():
        away = abs(int(figure[first:end].sum() - true[first:end].sum()))
        allowed = int(truth.allowed[first:end].sum()) * per
        verdict.doubted += allowed / per
        verdict.bound += min(away, allowed) / per
        if away > allowed + grain:
            blamed += away - allowed
            told_by = (away - allowed) / per / 1000
            verdict.say(f"{code} slots {first}..{end - 1}: {told_by:g} too far off")
    days = sum(day or 0 for day in told.days)
    if days != int(figure.sum()):
        blamed += abs(days - int(figure.sum()))
        verdict.say(f"{code}: days come to {days}, slots to {int(figure.sum())} book units")
    verdict.error += blamed / per


def _of_formula(one: CaseFormula, told: dict[str, Published], verdict: FaultVerdict) -> None:
    """A slot of which a member lacks any part is missing, and nothing is told of it; else it is
    the formula of theirs, and as sure as the least sure of them."""
    own, members = told[one.code], {code: told[code].energy for code in sorted(named(one.done))}
    off, unlike = 0, []
    for slot in range(len(own.energy.quantity)):
        shares = [energy.shares[slot].tolist() for energy in members.values()]
        amounts = {code: Fraction(int(e.quantity[slot])) for code, e in members.items()}
        lacks = any(each[MISSING] for each in shares)
        value = None if lacks else worked_out(one.done, amounts.__getitem__)
        right = ABSENT if value is None else to_the_nearest(value)
        amount = int(own.energy.quantity[slot])
        if amount != right:
            off += 1 if ABSENT in (amount, right) else abs(amount - right)
        if own.energy.shares[slot].tolist() != _least(shares, known=value is not None):
            unlike.append(slot)
    known = own.energy.quantity[own.energy.quantity != ABSENT]
    days = sum(day or 0 for day in own.days)
    if off:
        verdict.say(f"{one.code}: {off} book units off what its members give")
    if unlike:
        verdict.say(f"{one.code}: {len(unlike)} slots surer or less sure, from {unlike[0]}")
    if days != int(known.sum()):
        verdict.say(f"{one.code}: days come to {days}, slots to {int(known.sum())} book units")
    verdict.error += (off + abs(days - int(known.sum()))) / 1000
    verdict.wrong += len(unlike)


def _least(shares: list[list[int]], *, known: bool) -> list[int]:
    """So much of each quality, or better, as of the member of which there is least."""
    if not known:
        return [WHOLE if quality == MISSING else 0 for quality in range(len(shares[0]))]
    better = [min(sum(each[: n + 1]) for each in shares) for n in range(len(shares[0]))]
    return [upto - before for before, upto in zip([0, *better], better, strict=False)]


def _money(
    case: FaultCase,
    code: str,
    meters: list[FaultMeter],
    told: Published,
    verdict: FaultVerdict,
) -> None:
    true = sum((_worth(case, one) for one in meters), Fraction(0))
    amount = told.cost.get("CNY")
    away = abs(Fraction(amount) - true) if amount is not None else abs(true)
    if amount is None or away > Fraction(PENNY):
        verdict.say(f"{code}: cost {amount}, true {float(true):.4f}")
    verdict.cost_error = max(verdict.cost_error, round(Decimal(float(away)), 4))


def _worth(case: FaultCase, meter: FaultMeter) -> Fraction:
    """What the truth costs, minute by minute of the local clock."""
    assert items.category(meter.item).unit == "kWh"
    zone, found = ZoneInfo(case.zone), Fraction(0)
    quarters = np.arange(0, case.seconds + 1, 900)
    passed = np.diff(meter.plant.passed(quarters)).tolist()
    for start, energy in zip(quarters.tolist(), passed, strict=False):
        moment = datetime.fromtimestamp(case.origin_us / SECOND_US + start, UTC).astimezone(zone)
        minute = (moment.hour * 60 + moment.minute) % DAY_MIN
        price = next(p.price for p in case.prices if p.start_min <= minute < p.end_min)
        found += energy * Fraction(price) / 1000
    return found
