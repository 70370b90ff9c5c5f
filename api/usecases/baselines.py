"""Meters in which waste is looked for: their baselines, and a person's reason for a new one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from api.caller import Caller
from metering.baseline import (
    BaselineProgress,
    BaselineRequest,
    BaselineVersion,
    is_checked,
    least_days,
    open_requests,
)
from metering.errors import InvalidInput
from metering.localtime import local_day
from metering.registry import Meter, NodeType
from metering.wording import worded


@dataclass(frozen=True)
class MeterBaselines:
    """A meter with its versions, oldest first; without one it is not checked yet."""

    meter: Meter
    site: str
    """'' where there is none."""
    versions: Sequence[BaselineVersion]
    noted: BaselineProgress | None
    request: BaselineRequest | None

    @property
    def history_days(self) -> int:
        """Days that the latest version rests on, or that are known so far."""
        if self.versions:
            return self.versions[-1].days
        return 0 if self.noted is None else self.noted.days

    @property
    def least_days(self) -> int:
        """Days of history from which on it is checked."""
        return least_days(self.meter.item)

    @property
    def checked(self) -> bool:
        """Whether it has a version that tells waste."""
        return bool(self.versions) and self.versions[-1].days >= self.least_days

    @property
    def checked_from(self) -> date | None:
        """First local day that is judged, or will be; None where that cannot be said."""
        enough = [one.day for one in self.versions if one.days >= self.least_days]
        if self.checked:
            return enough[0]
        if self.versions:
            last = self.versions[-1]
            return last.day + timedelta(days=self.least_days - last.days)
        return self.noted.ready(self.least_days) if self.noted and self.noted.days else None


def checked_meters(caller: Caller) -> list[Meter]:
    """Meters of the scope in which waste is looked for, by code."""
    return [meter for _, meter in sorted(caller.reach.meters.items()) if is_checked(meter.item)]


def baselines_of(caller: Caller, meters: Sequence[Meter]) -> list[MeterBaselines]:
    """Each meter's versions, progress and open request."""
    kept, codes = caller.platform.baselines, [meter.code for meter in meters]
    versions: dict[str, list[BaselineVersion]] = defaultdict(list)
    scope, nodes = caller.reach.scope, {meter.code: meter.node for meter in meters}
    for version in kept.versions(codes, models=False):
        days = (version.first_day, version.day)
        if all(scope.holds(nodes[version.meter], day) for day in days):
            versions[version.meter].append(version)
    noted = {
        one.meter: one
        for one in kept.progress(codes)
        if caller.reach.holds_now(nodes[one.meter], caller.platform.now_us())
    }
    asked = open_requests(kept.requests(codes), [v for own in versions.values() for v in own])
    return [
        MeterBaselines(
            meter,
            _site(caller, meter),
            versions[meter.code],
            noted.get(meter.code),
            asked.get(meter.code),
        )
        for meter in meters
    ]


def unchecked(caller: Caller) -> tuple[int, date | None]:
    """How many meters of the scope are not checked yet, and the first day on which one of them
    will be; None where that cannot be said."""
    found = [one for one in baselines_of(caller, checked_meters(caller)) if not one.checked]
    days = [one.checked_from for one in found if one.checked_from is not None]
    return len(found), min(days, default=None)


def ask(caller: Caller, code: str, reason: str, from_day: date) -> BaselineRequest:
    """Ask for a version fitted on a meter's hours from a day on, and leave a trace."""
    meter = caller.reach.meter(code)
    registry = caller.reach.registry
    today = local_day(caller.platform.now_us(), registry.zone(meter.node))
    if not is_checked(meter.item):
        raise InvalidInput(
            "waste is not looked for in this item",
            field="meter",
            value=f"{code} ({meter.item})",
            fix="name a meter of electricity, gas, heat or cooling",
        )
    reason = worded(reason, "reason")
    if not reason:
        raise InvalidInput(
            "a reason is needed", field="reason", value=reason, fix="say what changed"
        )
    if from_day >= today:
        raise InvalidInput(
            "the day is not over yet",
            field="from",
            value=from_day.isoformat(),
            fix=f"name a day before {today.isoformat()}: the first on which the new use is normal",
        )
    now_us, institution = caller.platform.now_us(), registry.institution(meter.node, today)
    wanted = BaselineRequest(institution, code, from_day, reason, str(caller.actor), now_us)
    kept = caller.platform.baselines.ask(wanted)
    caller.trace("baseline.ask", f"{code} from {from_day.isoformat()}", reason, institution)
    return kept


def _site(caller: Caller, meter: Meter) -> str:
    """The site that the meter stands on; '' where there is none."""
    registry = caller.reach.registry
    places = [meter.node, *registry.ancestors(meter.node)]
    return next((one for one in places if registry.nodes[one].type is NodeType.SITE), "")
