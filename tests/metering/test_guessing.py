"""What is kept of points that nobody registered, and what is guessed of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from metering.guessing import QUANTITIES, GuessReason, Sureness, fits, guess
from metering.joining import (
    KEPT_VALUES,
    MOST_SEEN,
    Described,
    SeenPoint,
    Sighting,
    forgotten,
    noted,
)
from metering.reading import Kind
from metering.units import UNITS

STEP_US = 900_000_000


def seen(
    name: str,
    values: Sequence[float] = (),
    unit: str = "",
    *,
    kind: Kind | None = None,
    described: Described | None = None,
) -> SeenPoint:
    """A point after one batch of values, a quarter of an hour apart."""
    sent = tuple((n * STEP_US, value, unit) for n, value in enumerate(values, 1))
    kinds = () if kind is None else (kind,)
    more = Sighting("s/g", name, 1, 2, sent, kinds, described)
    return noted(SeenPoint("s/g", name), more)


@given(
    st.lists(st.integers(-3, 3).map(float), max_size=80),
    st.lists(st.integers(0, 80), max_size=5),
)
def test_however_values_are_cut_into_batches_the_same_is_known(
    values: list[float], cuts: list[int]
) -> None:
    whole = seen("a", values, "kW")
    sent = [(n * STEP_US, value, "kW") for n, value in enumerate(values, 1)]
    places = sorted({0, len(sent), *(min(cut, len(sent)) for cut in cuts)})
    known = SeenPoint("s/g", "a")
    for start, end in zip(places, places[1:] or places, strict=False):
        known = noted(known, Sighting("s/g", "a", 1, 2, tuple(sent[start:end])))
    assert known == whole
    moves = [b - a for a, b in pairwise(values)]
    assert (known.rises, known.falls) == (sum(m > 0 for m in moves), sum(m < 0 for m in moves))
    assert known.values == tuple(sent[-KEPT_VALUES:])
    assert known.seen == len(values)


def test_values_that_come_late_are_counted_and_tell_no_direction() -> None:
    known = seen("a", [1, 2, 3], "kWh")
    late = noted(known, Sighting("s/g", "a", 5, 6, ((STEP_US // 2, 0.5, "Wh"),)))
    assert (late.seen, late.rises, late.falls) == (4, 2, 0)
    assert [value for _, value, _ in late.values] == [0.5, 1, 2, 3]
    assert (late.first_us, late.last_us, late.units) == (1, 6, ("kWh", "Wh"))
    assert known.step_us == STEP_US
    assert seen("a", [1, 2]).step_us is None


def test_of_more_points_than_are_kept_the_ones_of_long_ago_are_forgotten() -> None:
    many = [SeenPoint("s/g", f"p{n:05}", last_us=n) for n in range(MOST_SEEN + 3)]
    no_more = [SeenPoint("s/g", f"d{n}", last_us=0, dismissed_us=1) for n in range(5)]
    assert sorted(forgotten([*many, *no_more])) == ["p00000", "p00001", "p00002"]


RISING = [float(n) for n in range(10)]
MOVING = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0]


@pytest.mark.parametrize(
    ("point", "kind", "unit", "quantity", "medium", "direction"),
    [
        (
            seen("E1", RISING, "kWh"),
            ("register", "sure"),
            ("kWh", "said"),
            "energy",
            "electricity",
            "",
        ),
        (
            seen("E1", MOVING, "Wh"),
            ("interval", "likely"),
            ("Wh", "said"),
            "energy",
            "electricity",
            "",
        ),
        (
            seen("E1", [7.0], "MWh"),
            ("register", "unsure"),
            ("MWh", "said"),
            "energy",
            "electricity",
            "",
        ),
        (
            seen("active_energy_import_kwh", RISING),
            ("register", "sure"),
            ("kWh", "likely"),
            "energy",
            "electricity",
            "import",
        ),
        (
            seen("反向有功电能", RISING),
            ("register", "sure"),
            ("kWh", "unsure"),
            "energy",
            "electricity",
            "export",
        ),
        (seen("roomTemp", MOVING), ("instant", "sure"), ("C", "unsure"), "temperature", "", ""),
        (
            seen("P_demand", MOVING, "kW"),
            ("mean", "likely"),
            ("kW", "said"),
            "power",
            "electricity",
            "",
        ),
        (seen("DI3", [0.0, 1.0, 1.0, 0.0]), ("state", "likely"), ("", "unsure"), "", "", ""),
        (seen("AI7", RISING), ("register", "likely"), ("", "unsure"), "", "", ""),
        (seen("AI7", MOVING), ("instant", "unsure"), ("", "unsure"), "", "", ""),
        (seen("AI7"), ("", "unsure"), ("", "unsure"), "", "", ""),
        (
            seen("x", MOVING, "kW", kind=Kind.MEAN),
            ("mean", "said"),
            ("kW", "said"),
            "power",
            "electricity",
            "",
        ),
        (
            seen("Heat supply", RISING, "kWh"),
            ("register", "sure"),
            ("kWh", "said"),
            "heat",
            "heat",
            "",
        ),
        (
            seen("water meter", RISING, "L"),
            ("register", "sure"),
            ("L", "said"),
            "volume",
            "water",
            "",
        ),
        (
            seen("m.1", described=Described("m.1", "Netz", "kWh", Kind.REGISTER, "energy")),
            ("register", "said"),
            ("kWh", "said"),
            "energy",
            "electricity",
            "",
        ),
        (seen("x", RISING, "furlong"), ("register", "likely"), ("", "unsure"), "", "", ""),
    ],
    ids=lambda one: one.point if isinstance(one, SeenPoint) else None,
)
def test_what_is_guessed(
    point: SeenPoint,
    kind: tuple[str, str],
    unit: tuple[str, str],
    quantity: str,
    medium: str,
    direction: str,
) -> None:
    found = guess(point)
    assert (found.kind.value, found.kind.sure) == kind
    assert (found.unit.value, found.unit.sure) == unit
    assert (found.quantity, found.medium, found.direction) == (quantity, medium, direction)


@given(
    st.text(max_size=40),
    st.lists(st.floats(allow_nan=False), max_size=12),
    st.sampled_from(["", "?", *UNITS]),
)
def test_any_point_is_guessed_as_something_that_can_be_registered(
    name: str, values: list[float], unit: str
) -> None:
    point = seen(name, values, unit)
    found = guess(point)
    assert found.kind.value in {"", *Kind}
    assert found.unit.value in {"", *UNITS}
    assert found.quantity in {"", *QUANTITIES}
    assert (found.kind.why is GuessReason.NOTHING) == (not found.kind.value)
    if found.kind.value and found.unit.value and unit != "?":
        fits(point, Kind(found.kind.value), found.unit.value)


@pytest.mark.parametrize(
    ("point", "kind", "unit", "field"),
    [
        (seen("E1", RISING, "kWh"), Kind.REGISTER, "kW", "unit"),
        (seen("E1", RISING, "kWh"), Kind.REGISTER, "furlong", "unit"),
        (seen("E1", RISING, "furlong"), Kind.REGISTER, "kWh", "unit"),
        (seen("E1", RISING, "kWh", kind=Kind.INTERVAL), Kind.REGISTER, "kWh", "kind"),
        (seen("E1", MOVING, "kWh"), Kind.REGISTER, "kWh", "kind"),
    ],
)
def test_what_contradicts_what_was_sent_is_refused(
    point: SeenPoint, kind: Kind, unit: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        fits(point, kind, unit)
    assert refused.value.field == field
    assert refused.value.fix


def test_a_register_that_may_fall_fits_one_that_fell() -> None:
    fits(seen("E1", MOVING, "kWh"), Kind.REGISTER, "MWh", signed=True)
    assert guess(seen("E1", [*RISING, 0.0, 1.0], "kWh")).kind.why is GuessReason.RISES_AND_RESETS
    assert Sureness.LIKELY is guess(seen("E1", [*RISING, 0.0, 1.0], "kWh")).kind.sure
