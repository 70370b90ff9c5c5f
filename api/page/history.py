"""A history that is being loaded, as the page shows it: its series, what would become of them, how
far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.page import formats
from api.page.language import N_
from api.page.setup_fields import ITEMS, choice
from api.page.visit import Visit
from metering.errors import InvalidInput
from metering.history_load import (
    HistoryAnswers,
    HistorySeen,
    HistoryStep,
    HistoryTold,
    NewMeter,
    SeriesChoice,
    SeriesSeen,
)
from metering.new_meters import proposed
from metering.reading import Kind
from metering.tables.delimited import SEPARATORS
from metering.tables.stamps import FORMS
from texts import word

MOST_SHOWN: Final = 200
"""Series with a choice on the page; the others go where they are called."""
MOST_OPTIONS: Final = 20_000
"""Points to choose from, over all series; above, a series shows those alone that fit it."""
MOST_TEXT: Final = 300
REFRESH_S: Final = 2
COUNTS: Final = {
    "stored": N_("stored"),
    "corrected": N_("corrected"),
    "duplicates": N_("there already"),
    "differing": N_("kept back: another value stands"),
    "entered": N_("kept back: entered by a person"),
    "unknown": N_("left out, or of no point"),
    "missing": N_("missing"),
    "refused": N_("refused"),
}
"""What the values of a file become; they add up to what was read."""
NEW: Final = "+"
"""Of a series for which a point is made."""
_CHOICES: Final = {"date": FORMS, "decimal": ("", ".", ","), "label": ("start", "end")}


@dataclass(frozen=True)
class _Option:
    value: str
    text: str


def history_page(visit: Visit, told: HistoryTold) -> dict[str, Any]:
    """What stands of an upload, and what may be done with it now."""
    registry = visit.caller.platform.registry()
    zone = _zone(visit, told)
    points = _points(visit, told.asked.answers.gateway)
    seen = told.seen
    return {
        "told": told,
        "zone": zone,
        "refresh": REFRESH_S if told.running else 0,
        "percent": _percent(told),
        "state": _state(told),
        "may_load": told.outcome is not None and told.asked.step is HistoryStep.TRY,
        "asks": told.refusal.asks if told.refusal else "",
        "said": told.asked.answers,
        "gateways": sorted(registry.gateways),
        "dates": tuple(FORMS),
        "separators": tuple(SEPARATORS.values()),
        "separator": SEPARATORS.get(told.asked.answers.separator, ""),
        "series": [] if seen is None else _series(seen, told, points, zone),
        "more": 0 if seen is None else max(0, len(seen.series) - MOST_SHOWN),
        "narrow": seen is not None and not _all_fit(seen, points),
        "counts": _counts(visit, told),
        "kinds": [(str(kind), choice(kind, visit.language)) for kind in Kind],
        "items": [_Option(one, word("item", one, visit.language)) for one in ITEMS],
        "places": _places(visit),
    }


def sent_before(told: Sequence[HistoryTold]) -> list[dict[str, Any]]:
    """Files that were sent, each with how far it is."""
    return [
        {"id": one.id, "file": one.file, "step": one.asked.step, "state": _state(one)}
        | {"percent": _percent(one), "refused": one.refusal is not None}
        for one in told
    ]


def _percent(told: HistoryTold) -> int | None:
    return 100 * told.done // told.count if told.count else None


def _state(told: HistoryTold) -> str:
    if told.running or told.died:
        return "running" if told.running else "died"
    return "loaded" if told.loaded else "waiting"


def _zone(visit: Visit, told: HistoryTold) -> str:
    top = visit.caller.reach.top()
    usual = visit.caller.reach.registry.zone(top[0].code) if top else "UTC"
    # What was said may be no zone: then the look says so.
    return usual if told.refusal or not told.asked.answers.zone else told.asked.answers.zone


def _points(visit: Visit, gateway: str) -> list[_Option]:
    """Points to choose from, with the names of the meters that they serve."""
    registry = visit.caller.platform.registry()
    serving: dict[int, str] = {}
    for meter in registry.meters.values():
        for one in registry.installations_of(meter.code):
            serving.setdefault(one.point, meter.name(visit.language))
    found = []
    for id, point in registry.points.items():
        if gateway in ("", point.gateway):
            value = f"{point.gateway}/{point.name}"
            name = serving.get(id, "")
            found.append(_Option(value, f"{value} · {name}" if name else value))
    return sorted(found, key=lambda one: one.value)


def _places(visit: Visit) -> list[_Option]:
    """Where new meters may be."""
    nodes = visit.caller.platform.registry().nodes.values()
    found = [_Option(one.code, one.name(visit.language)) for one in nodes]
    return sorted(found, key=lambda one: one.value)[:MOST_OPTIONS]


def _all_fit(seen: HistorySeen, points: Sequence[_Option]) -> bool:
    return min(len(seen.series), MOST_SHOWN) * len(points) <= MOST_OPTIONS


def _series(
    seen: HistorySeen, told: HistoryTold, points: Sequence[_Option], zone: str
) -> list[dict[str, Any]]:
    everything = _all_fit(seen, points)
    found = []
    for place, one in enumerate(seen.series[:MOST_SHOWN]):
        said = told.asked.choices.get(one.name) or _proposed(one, told.asked.answers)
        made = proposed(one, said.new or NewMeter(unit=said.unit))
        wanted = {*one.points, said.point}
        found.append(
            {
                "place": place,
                "name": one.name,
                "values": one.values,
                "first": formats.minute(one.first_us, zone) if one.values else "–",
                "last": formats.minute(one.last_us, zone) if one.values else "–",
                "examples": [
                    f"{formats.minute(at, zone)} = {formats.reading(value, one.unit)}"
                    for at, value in one.examples
                ],
                "unit": one.unit,
                "unit_said": said.unit or made.unit,
                "point": NEW if said.new else said.point,
                "new": made,
                "points": points if everything else [p for p in points if p.value in wanted],
            }
        )
    return found


def _proposed(one: SeriesSeen, said: HistoryAnswers) -> SeriesChoice:
    if not one.points and said.new:
        return SeriesChoice("", new=NewMeter())
    return SeriesChoice(one.points[0] if len(one.points) == 1 else "")


def _counts(visit: Visit, told: HistoryTold) -> list[tuple[str, str, int]]:
    """(name, words, count) of what is not 0."""
    counts = told.outcome.counts if told.outcome else {}
    return [
        (name, visit.text(words), counts[name])
        for name, words in COUNTS.items()
        if counts.get(name)
    ]


def answers_of(sent: Mapping[str, str]) -> HistoryAnswers:
    """What a form says of how the file is written. InvalidInput for what no form offers."""
    told: dict[str, Any] = {name: sent.get(name, "").strip()[:MOST_TEXT] for name in _TEXTS}
    for name, known in _CHOICES.items():
        if told[name] and told[name] not in known:
            raise InvalidInput(
                "unknown", field=name, value=told[name], fix="choose one of those that are offered"
            )
    minutes = sent.get("interval", "").strip()
    if minutes and not (minutes.isascii() and minutes.isdecimal() and 0 < int(minutes[:9]) < 10**6):
        raise InvalidInput(
            "not a number of minutes", field="interval", value=minutes[:40], fix="such as 60"
        )
    by_name = {name: sign for sign, name in SEPARATORS.items()}
    told["separator"] = by_name.get(told["separator"], "")
    told["label"] = told["label"] or "start"
    interval = int(minutes) if minutes else None
    return HistoryAnswers(
        **told, interval_min=interval, correct="correct" in sent, new="new" in sent
    )


_TEXTS = (
    *("zone", "date", "decimal", "label", "unit", "encoding", "separator", "time", "meter"),
    *("gateway", "node"),
)


def choices_of(sent: Mapping[str, str], seen: HistorySeen | None) -> dict[str, SeriesChoice]:
    """What a form says of each series that it shows."""
    if seen is None:
        return {}
    return {
        one.name: _choice(sent, place)
        for place, one in enumerate(seen.series[:MOST_SHOWN])
        if f"point.{place}" in sent
    }


def _choice(sent: Mapping[str, str], place: int) -> SeriesChoice:
    point, unit = sent[f"point.{place}"], sent.get(f"unit.{place}", "").strip()[:40]
    if point != NEW:
        return SeriesChoice(point[:MOST_TEXT], unit)
    node, item, kind = (sent.get(f"{one}.{place}", "") for one in ("node", "item", "kind"))
    return SeriesChoice("", unit, NewMeter(node.strip()[:64], item.strip()[:16], unit, kind[:16]))
