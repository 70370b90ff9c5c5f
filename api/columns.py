"""Energy of many series as it goes over the line: JSON of whole numbers, or an Arrow stream.

Every number is whole, so that no digit is lost: quantities in book units, money and emissions
times 10 to the power of -digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
import numpy as np

from api.usecases.energy_tables import EnergyTable
from figures import FigureSheet, Scaled, SheetMoney
from metering import items
from metering.book import SeriesKey
from metering.errors import InvalidInput
from metering.factor import Bases
from metering.localtime import iso
from metering.quality import MEASURED, NAMES, WHOLE
from metering.quantity import ABSENT
from metering.units import BOOK_UNITS
from texts import both, word

ARROW: Final = "application/vnd.apache.arrow.stream"
A_BATCH: Final = 1 << 16
"""Rows of a record batch; more where a series alone has more."""
MOST_DIGITS: Final = 38
"""Of a decimal number in Arrow."""
_EMITTED: Final = {"carbon": "kgco2", "coal": "kgce"}
_JSON = msgspec.json.Encoder()


def head_of(table: EnergyTable, step: str, fields: Sequence[str], bases: Bases) -> dict[str, Any]:
    """What an answer is of."""
    return {
        "step": step,
        "start": table.days.first.isoformat(),
        "end": (table.days.last + timedelta(days=1)).isoformat(),
        "revisions": table.revisions,
        "registry_version": table.registry_version,
        "coal": str(bases.coal),
        "carbon": str(bases.carbon),
        "fields": list(fields),
    }


def series_told(key: SeriesKey) -> dict[str, Any]:
    """What a series is, and in which units it is told."""
    unit = items.category(key.item).unit
    return {
        "series": {
            "institution": key.institution,
            "kind": key.kind,
            "code": key.code,
            "item": key.item,
        },
        "item_name": both(lambda language: word("item", key.item, language)),
        "unit": unit,
        "book_unit": BOOK_UNITS[unit].name,
        "per_unit": BOOK_UNITS[unit].per_canonical,
    }


def in_order(table: EnergyTable, keys: Sequence[SeriesKey]) -> list[tuple[FigureSheet, int]]:
    """(sheet, row) of each series in the order in which they were asked for, a remainder after
    what it remains of."""
    place = {(key.kind, key.code, key.item): n for n, key in enumerate(keys)}
    found = [
        (place[key.kind, key.code, key.item], sheet.remainder, sheet.step_min, sheet, n)
        for sheet in table.sheets
        for n, key in enumerate(sheet.keys)
    ]
    found.sort(key=lambda one: one[:3])
    return [(sheet, n) for *_, sheet, n in found]


def as_json(table: EnergyTable, keys: Sequence[SeriesKey], head: Mapping[str, Any]) -> bytes:
    """The answer, a series after the other: it is never there twice."""
    axes: dict[tuple[str, int], int] = {}
    told: list[dict[str, Any]] = []
    data: list[bytes] = []
    for sheet, n in in_order(table, keys):
        name = (sheet.zone, sheet.step_min)
        if name not in axes:
            axes[name] = len(axes)
            told.append(_axis(sheet))
        data.append(_JSON.encode(_one(sheet, n, axes[name])))
    begun = _JSON.encode({**head, "axes": told})
    return b"".join([begun[:-1], b',"data":[', b",".join(data), b"]}"])


def _axis(sheet: FigureSheet) -> dict[str, Any]:
    return {
        "zone": sheet.zone,
        "step_min": sheet.step_min,
        "start": [iso(one, sheet.zone) for one in sheet.start_us.tolist()],
        "end": [iso(one, sheet.zone) for one in sheet.end_us.tolist()],
    }


def _one(sheet: FigureSheet, n: int, axis: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        **series_told(sheet.keys[n]),
        "axis": axis,
        "remainder": sheet.remainder,
    }
    if sheet.with_quantity:
        found["amount"] = _numbers(sheet.quantity[n], sheet.quantity[n] != ABSENT)
    if sheet.with_shares:
        found["shares"] = _shares(sheet, n)
    if sheet.provisional is not None:
        found["provisional"] = sheet.provisional[n].tolist()
    if sheet.money is not None:
        found["cost"] = _cost(sheet.money, n)
    for field, name in _EMITTED.items():
        if field in sheet.emitted:
            one = sheet.emitted[field]
            found[name] = {
                "digits": one.digits,
                "value": _numbers(one.amount[n], one.known[n]),
            }
    return found


def _numbers(values: Any, known: Any) -> list[int | None]:
    if known.all():
        return list(values.tolist())
    pairs = zip(values.tolist(), known.tolist(), strict=True)
    return [one if is_known else None for one, is_known in pairs]


def _shares(sheet: FigureSheet, n: int) -> dict[str, list[int]]:
    """[1/10,000] of expected time."""
    if sheet.shares is None:
        count = len(sheet.start_us)
        return {name: [WHOLE if k == MEASURED else 0] * count for k, name in enumerate(NAMES)}
    return {name: sheet.shares[n, :, k].tolist() for k, name in enumerate(NAMES)}


def _sole(money: SheetMoney, n: int) -> str | None:
    """The currency that a series' money is in: sums of two never stand in one column."""
    names = money.currencies[n]
    return names[0] if len(names) == 1 else None


def _cost(money: SheetMoney, n: int) -> dict[str, Any]:
    known = money.known[n] if _sole(money, n) else np.zeros_like(money.known[n])
    cost = _numbers(money.cost[n], known)
    alike = [bool(np.array_equal(one[n], money.cost[n])) for one in (money.low, money.high)]
    return {
        "currency": _sole(money, n),
        "currencies": list(money.currencies[n]),
        "digits": money.digits,
        "value": cost,
        "cost_low": cost if alike[0] else _numbers(money.low[n], known),
        "cost_high": cost if alike[1] else _numbers(money.high[n], known),
    }


def as_arrow(table: EnergyTable, head: Mapping[str, Any]) -> memoryview:
    """The answer as an Arrow IPC stream: a row for each period of each series, in record batches
    of many series; what the answer is of stands in the schema's metadata, as JSON."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise InvalidInput(
            "Arrow is not installed here",
            field="Accept",
            value=ARROW,
            fix="ask for JSON, or install the extra: pip install 'greenoffice[arrow]'",
        ) from None
    whole = _Arrow(pa, table, head)
    room = pa.allocate_buffer(whole.most_bytes())
    sink = pa.FixedSizeBufferWriter(room)
    whole.write(sink)
    return memoryview(room.slice(0, sink.tell()))


class _Arrow:
    """Columns of a table in the types of Arrow."""

    def __init__(self, pa: Any, table: EnergyTable, head: Mapping[str, Any]) -> None:
        self._pa, self._table = pa, table
        sheets = table.sheets
        keys = [(sheet, n) for sheet in sheets for n in range(len(sheet.keys))]
        names = [_name(sheet.keys[n]) for sheet, n in keys]
        self._place = {name: n for n, name in enumerate(dict.fromkeys(names))}
        self._names = pa.array(list(self._place), pa.string())
        self._currencies = sorted(
            {_sole(s.money, n) or "" for s, n in keys if s.money is not None} - {""}
        )
        self._currency_names = pa.array(self._currencies, pa.string())
        self._digits = {
            "cost": max((s.money.digits for s in sheets if s.money), default=0),
            **{
                name: max(
                    (s.emitted[field].digits for s in sheets if field in s.emitted), default=0
                )
                for field, name in _EMITTED.items()
            },
        }
        for name, digits in self._digits.items():
            if digits > MOST_DIGITS - 18:
                raise InvalidInput(
                    "more digits than a decimal of Arrow holds",
                    field="fields",
                    value=f"{name}: {digits} after the point",
                    fix="ask for it as JSON",
                )
        told = {_name(s.keys[n]): {**series_told(s.keys[n]), "zone": s.zone} for s, n in keys}
        text = json.dumps({**head, "series": list(told.values())}, ensure_ascii=False)
        self.schema = pa.schema(self._fields(), metadata={"greenoffice": text})

    def _fields(self) -> list[Any]:
        pa, fields = self._pa, self._table.sheets
        first = fields[0] if fields else None
        found = [
            ("series", pa.dictionary(pa.int32(), pa.string())),
            ("start", pa.timestamp("us", "UTC")),
            ("end", pa.timestamp("us", "UTC")),
        ]
        if first is None:
            return found
        if first.with_quantity:
            found.append(("amount", pa.int64()))
        if first.with_shares:
            found += [(name, pa.uint16()) for name in NAMES]
        if first.provisional is not None:
            found.append(("provisional", pa.bool_()))
        if first.money is not None:
            cost = pa.decimal128(MOST_DIGITS, self._digits["cost"])
            found += [(name, cost) for name in ("cost", "cost_low", "cost_high")]
            found.append(("currency", pa.dictionary(pa.int32(), pa.string())))
        for field, name in _EMITTED.items():
            if field in first.emitted:
                found.append((name, pa.decimal128(MOST_DIGITS, self._digits[name])))
        return found

    def most_bytes(self) -> int:
        """More than the stream takes: room that is not written to costs nothing."""
        pa, rows, batches = self._pa, 0, 0
        for sheet in self._table.sheets:
            rows += len(sheet.keys) * len(sheet.start_us)
            batches += len(sheet.keys)
        kinds = [one.type for one in self.schema]
        bits = (k.index_type if pa.types.is_dictionary(k) else k for k in kinds)
        a_row: int = sum(2 + kind.bit_width // 8 for kind in bits)
        names = sum(len(name.encode()) + 16 for name in (*self._place, *self._currencies))
        metadata = sum(len(one) for one in self.schema.metadata.values())
        return rows * a_row + batches * len(kinds) * 512 + names * 2 + metadata * 2 + (1 << 20)

    def write(self, sink: Any) -> None:
        """The stream, a record batch for some series of a sheet at a time."""
        with self._pa.ipc.new_stream(sink, self.schema) as stream:
            for sheet in self._table.sheets:
                count = len(sheet.start_us)
                at_once = max(1, A_BATCH // max(1, count))
                edges = self._edges(sheet, min(at_once, len(sheet.keys)))
                for first in range(0, len(sheet.keys) if count else 0, at_once):
                    rows = slice(first, min(first + at_once, len(sheet.keys)))
                    columns = list(self._columns(sheet, rows, edges))
                    stream.write_batch(self._pa.record_batch(columns, schema=self.schema))

    def _edges(self, sheet: FigureSheet, series: int) -> list[Any]:
        """Starts and ends of so many series: each batch has the same."""
        pa, instant = self._pa, self._pa.timestamp("us", "UTC")
        return [
            pa.array(np.tile(edges, series)).view(instant)
            for edges in (sheet.start_us, sheet.end_us)
        ]

    def _columns(self, sheet: FigureSheet, rows: slice, edges: list[Any]) -> Iterator[Any]:
        pa, count = self._pa, len(sheet.start_us)
        keys = sheet.keys[rows]
        own = np.array([self._place[_name(key)] for key in keys], np.int32)
        yield pa.DictionaryArray.from_arrays(pa.array(np.repeat(own, count)), self._names)
        for one in edges:
            yield one.slice(0, len(keys) * count)
        if sheet.with_quantity:
            quantity = sheet.quantity[rows].ravel()
            absent = quantity == ABSENT
            yield pa.array(quantity, mask=absent if absent.any() else None)
        if sheet.with_shares:
            yield from self._shares(sheet, rows, len(keys) * count)
        if sheet.provisional is not None:
            yield pa.array(sheet.provisional[rows].ravel())
        if sheet.money is not None:
            yield from self._money(sheet.money, rows, count)
        for field, name in _EMITTED.items():
            if field in sheet.emitted:
                one = sheet.emitted[field]
                told = Scaled(one.amount[rows], one.known[rows], one.digits)
                yield self._decimals(told, self._digits[name])

    def _shares(self, sheet: FigureSheet, rows: slice, count: int) -> Iterator[Any]:
        for k in range(len(NAMES)):
            if sheet.shares is None:
                yield self._pa.array(np.full(count, WHOLE if k == MEASURED else 0, np.uint16))
            else:
                yield self._pa.array(np.ascontiguousarray(sheet.shares[rows, :, k]).ravel())

    def _money(self, money: SheetMoney, rows: slice, count: int) -> Iterator[Any]:
        pa = self._pa
        names = [_sole(money, n) for n in range(len(money.currencies))[rows]]
        sole = np.array([name is not None for name in names], np.bool_)
        known = money.known[rows] & sole[:, None]
        for values in (money.cost, money.low, money.high):
            yield self._decimals(Scaled(values[rows], known, money.digits), self._digits["cost"])
        places = [0 if name is None else self._currencies.index(name) for name in names]
        unknown = np.repeat(~sole, count)
        yield pa.DictionaryArray.from_arrays(
            pa.array(np.repeat(np.array(places, np.int32), count), mask=unknown),
            self._currency_names,
        )

    def _decimals(self, values: Scaled, digits: int) -> Any:
        """Whole numbers as decimals of 128 bits: the lower half, and the sign above it."""
        pa, kind = self._pa, self._pa.decimal128(MOST_DIGITS, digits)
        known = values.known.ravel()
        factor = 10 ** (digits - values.digits)
        whole = np.where(known, values.amount.ravel(), 0)
        largest = max((abs(one) for one in (whole.min(initial=0), whole.max(initial=0))), default=0)
        if max(int(largest), 1) * factor >= 2**63:
            return self._wide(whole.tolist(), known.tolist(), factor, kind)
        halves = np.empty((len(whole), 2), "<i8")
        halves[:, 0] = whole.astype(np.int64) * factor
        halves[:, 1] = halves[:, 0] >> 63
        valid = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
        return pa.Array.from_buffers(kind, len(whole), [valid, pa.py_buffer(halves)])

    def _wide(self, whole: list[int], known: list[bool], factor: int, kind: Any) -> Any:
        halves = b"".join((one * factor).to_bytes(16, "little", signed=True) for one in whole)
        valid = np.packbits(np.array(known, np.bool_), bitorder="little")
        buffers = [self._pa.py_buffer(valid), self._pa.py_buffer(halves)]
        return self._pa.Array.from_buffers(kind, len(whole), buffers)


def _name(key: SeriesKey) -> str:
    """How a series is called in a column: `meter/m1/01000`."""
    return f"{key.kind}/{key.code}/{key.item}"
