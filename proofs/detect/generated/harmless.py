"""What changes a load and wastes nothing: closed weeks, another tenant, weather never seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from proofs.detect.fleet import Label
from proofs.detect.generated.chance import HOURS, YEAR
from proofs.detect.generated.physics import Physics
from proofs.detect.generated.weather import Spell

CLOSED_WORK, CLOSED_RESPONSE = 0.05, 0.3


@dataclass(frozen=True)
class Often:
    """How likely a meter sees each in the second year."""

    closures: float
    """Mean number of them."""
    tenants: float


FEW = Often(closures=0.04, tenants=0.005)
MANY = Often(closures=1.2, tenants=0.3)


def changed(
    rng: np.random.Generator, physics: Physics, meter: int, often: Often
) -> tuple[Physics, list[Label]]:
    """The physics with what befell one meter in the second year, and its labels."""
    labels = []
    for _ in range(rng.poisson(often.closures)):
        first = YEAR + 24 * int(rng.integers(10, 320))
        end = first + 24 * int(rng.integers(5, 29))
        physics = _closed(physics, first, end)
        labels.append(Label(meter, "closure", first, end, 0.0, harmless=True))
    if rng.random() < often.tenants:
        first = YEAR + 24 * int(rng.integers(20, 330))
        physics = _let_anew(physics, first, float(rng.choice([0.6, 0.75, 1.25, 1.5])))
        labels.append(Label(meter, "tenant_change", first, HOURS, 0.0, harmless=True))
    return physics, labels


def _closed(physics: Physics, first: int, end: int) -> Physics:
    work, response = physics.work.copy(), physics.response.copy()
    work[first:end] *= CLOSED_WORK
    response[first:end] *= CLOSED_RESPONSE
    return replace(physics, work=work, response=response)


def _let_anew(physics: Physics, first: int, factor: float) -> Physics:
    kw = physics.kw.copy()
    kw[first:] *= factor
    return replace(physics, kw=kw)


def of_weather(spells: Iterable[Spell], station: int, meter: int) -> list[Label]:
    """Labels of the second year's spells at the station of a meter."""
    return [
        Label(meter, "weather_spell", spell.first, spell.end, 0.0, harmless=True)
        for spell in spells
        if spell.station == station and spell.first >= YEAR
    ]
