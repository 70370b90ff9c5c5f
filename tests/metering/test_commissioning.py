"""Which proposals can be approved as they are, and that one that cannot keeps no other back."""

from __future__ import annotations

import pytest

from metering.commissioning import approval, proposals, sure_ones
from metering.errors import InvalidInput
from metering.guessing import GuessReason, Sureness
from metering.joining import SeenPoint, Sighting, noted
from metering.reading import Kind
from metering.registry import Registry

STEP_US = 900_000_000
RISING, MOVING = (1.0, 2.0, 3.0, 5.0), (5.0, 3.0, 9.0, 1.0, 8.0, 2.0, 9.0, 1.0)


def seen(name: str, values: tuple[float, ...], *units: str) -> SeenPoint:
    """A register by its own word, whose values come in these units by turns."""
    sent = tuple((n * STEP_US, value, units[n % len(units)]) for n, value in enumerate(values, 1))
    return noted(SeenPoint("s/g", name), Sighting("s/g", name, 1, 2, sent, (Kind.REGISTER,), None))


GOOD = seen("E1", RISING, "kWh")
ODD = (
    seen("falls", MOVING, "kWh"),
    seen("two units", RISING, "kWh", "L"),
    seen(" E1", RISING, "kWh"),
    seen("\u3000", RISING, "kWh"),
)


def test_sure_ones_are_approved_beside_those_that_contradict_themselves() -> None:
    sure = sure_ones(proposals([*ODD, GOOD], Registry()))
    assert sure == [{"point": "E1"}]
    assert approval("s/g", [*ODD, GOOD], Registry(), sure).approved == ("E1",)


def test_units_that_contradict_each_other_are_said_by_nobody() -> None:
    agreeing, two_units = proposals([seen("E2", RISING, "kWh", "Wh"), ODD[1]], Registry())
    assert agreeing.guess.unit.sure is Sureness.SAID
    told = two_units.guess.unit
    assert (told.value, told.sure, told.why) == ("kWh", Sureness.UNSURE, GuessReason.DISAGREES)


@pytest.mark.parametrize(
    ("point", "field"), list(zip(ODD, ("kind", "unit", "point", "point"), strict=True))
)
def test_what_cannot_be_registered_as_it_is_says_why(point: SeenPoint, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        approval("s/g", [point], Registry(), [{"point": point.point}])
    assert refused.value.field == field
    assert type(refused.value.value) is str
    assert refused.value.fix
