"""Meters that a seed makes up, whose every kilowatt-hour is known.

Two years by the hour: the first may be learnt from and has its own events, as real years have; the
second is scored. Written without knowledge of the detectors that are tried on it.

    weather    stations: seasons, days, spells of cold and heat, hours without a reading
    calendars  weekends, public holidays, working days that make up for them, school vacations
    plants     what a meter measures: size, schedule, weather response, noise, register
    physics    what a plant takes hour by hour when nothing is wrong
    waste      what it takes more, and gives back
    faults     what its meter tells instead
    plans      which event comes when
    register   gaps, and the steps of a register that counts pulses
    fleets     all of it put together

Thirteen kinds of events (shares are of the meter's mean power):

    after_hours_plant   plant runs in the hours after work; some of it is given back next morning
    weekend_run         off days run like working days, in part
    schedule_change     starts 1 to 4 hours early, or stops as late
    high_base_load      a constant load more
    base_load_creep     a load that grows evenly over weeks
    lost_setback        cooling and heating answer the weather at night as by day
    slope_degradation   cooling and heating take more for each kelvin
    peak_excess         much more for 2 to 6 hours of a working day
    meter_stuck         one value stands; or the register does, and catches up at the end
    meter_zero          nothing is counted
    meter_spike         1 to 3 hours far too high, or below zero
    meter_multiplier    all readings by a wrong factor of the current transformers
    meter_clock         the clock of the meter is 1 or 2 hours off

and three of harmless things: `closure`, `tenant_change`, `weather_spell`. Gaps are no event: who
has no reading knows it without a detector.
"""

from proofs.detect.generated.fleets import (
    generated_fleet,
    harmless_fleet,
    lasting_fleet,
    undisturbed,
)

__all__ = ["generated_fleet", "harmless_fleet", "lasting_fleet", "undisturbed"]
