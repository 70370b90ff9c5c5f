"""The newest hour against its band says what a whole window says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from analytics import HourCalendar, fit
from analytics.watch import HourWatch


def until(clock: HourCalendar, hours: int) -> HourCalendar:
    arrays = ("hour", "day", "weekday", "opens", "closes")
    return replace(clock, **{name: getattr(clock, name)[:hours] for name in arrays})


@pytest.mark.parametrize("weather", ["known", "partly", "never"])
def test_a_band_is_what_a_window_says_of_its_last_hour(campus: Any, weather: str) -> None:
    place = campus(12, date(2026, 8, 24), date(2026, 11, 22))
    place.energy[3] = np.nan
    place.energy[4, 10:20] *= 3
    if weather == "partly":
        place.temperature[300:340] = np.nan
    elif weather == "never":
        place.temperature[:] = np.nan
    baseline = fit(place.energy, place.temperature, place.clock, place.hours_us)
    expected = baseline.predict(place.clock, place.temperature)
    sigma, watch = baseline.sigma(place.clock, place.temperature), HourWatch.of(baseline)
    rng, seen = np.random.default_rng(1), 0
    for hour in (0, 15, 310, 339, 345, *rng.integers(0, place.hours_us.size, 60).tolist()):
        clock, air = until(place.clock, hour + 1), place.temperature[: hour + 1]
        band, came = watch.band(clock, air), place.energy[:, hour] * rng.uniform(0.5, 2)
        np.testing.assert_allclose(band.expected, expected[:, hour], rtol=1e-10, atol=1e-10)
        np.testing.assert_array_equal(band.sigma, sigma[:, hour])
        above = band.above(came, 3.0)
        wanted = came - expected[:, hour] > 3.0 * sigma[:, hour]
        np.testing.assert_array_equal(above, wanted)
        seen += int(above.sum())
    assert seen
    assert not above[3]
