"""What a run found, as tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from proofs.detect.asking import OURS, OWN
from proofs.detect.figures import BUDGETS, FROZEN, TOLD, Figures
from proofs.detect.goals import EASY
from proofs.detect.real.splits import Half
from proofs.detect.scoring import LENGTHS

SHARES = (
    *("precision", "recall", "named_recall", "kwh_recall", "kwh_covered"),
    "alerts_per_meter_year",
)
HEADS = (
    *("Detector", "Meters", "Precision", "Found", "Right word", "kWh found", "kWh covered"),
    *("Alerts", "Delay [d]", "CPU [ms]"),
)
NOTHING = "-"
HOLD = "Share of 90 % intervals that hold the net kWh, by days of the event, and of how many:"


def markdown(result: Figures) -> str:
    """All tables of the sections that ran, each with a heading; what was not measured is a dash."""
    result = _in_order(result)
    parts = [
        *_fleets(result),
        *_recorded(result),
        *_office(result),
        *_media(result),
        *_harmless(result),
        *_lasting(result),
        *_hours(result),
        *_second(result),
        *_signals(result),
        *_goals(result),
    ]
    return "\n\n".join(parts)


def _in_order(result: Figures) -> Figures:
    """The same with detectors in the order of the run: a line of JSON has them by name."""
    order = result["detectors"]

    def sorted_in(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        names = sorted(value, key=lambda name: order.index(name) if name in order else -1)
        return {name: sorted_in(value[name]) for name in names}

    return {name: sorted_in(value) for name, value in result.items()}


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of Markdown; None is a dash."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _share(value: Sequence[float | None] | None) -> str:
    """A share with its interval, to hundredths."""
    if value is None or value[0] is None:
        return NOTHING
    shown, low, high = (NOTHING if one is None else f"{one:.2f}" for one in value)
    return f"{shown} ({low}-{high})"


def _of_detectors(detectors: Figures, at: str) -> str:
    rows: list[list[Any]] = []
    for name, figures in detectors.items():
        shares = [_share(figures[at][figure]) for figure in SHARES]
        delay, cpu = figures[at]["delay_days"], figures["cpu_ms_per_meter"]
        rows.append([name, figures["meters"], *shares, delay, cpu])
    return table(HEADS, rows)


def _budgets(detectors: Figures) -> Iterator[str]:
    own = " and ".join(OWN)
    yield f"As told: {own} at thresholds of their own, others at the best within 1 on tuning data:"
    yield _of_detectors(detectors, TOLD)
    for budget in BUDGETS:
        yield f"Threshold set on tuning data for at most {budget} a meter-year:"
        yield _of_detectors(detectors, f"frozen {budget}")
    for budget in BUDGETS:
        yield f"For comparison, at exactly {budget} a meter-year on the scored data themselves:"
        yield _of_detectors(detectors, f"exact {budget}")


def _kinds(kinds: dict[str, dict[str, list[int]]]) -> str:
    """Of each detector with a threshold of its own, how many events of a kind it tells."""
    every = kinds[OURS]
    rows = [[kind, every[kind][1], *(kinds[name][kind][0] for name in OWN)] for kind in every]
    return table(("Kind", "Events", *OWN), rows)


def _inside(detectors: Figures) -> str:
    rows = []
    for name in OWN:
        inside = detectors[name][TOLD]["inside"]
        rows.append([name, *(f"{_cell(inside[x][0])} of {inside[x][1]}" for x in LENGTHS)])
    return table(("Detector", *LENGTHS), rows)


def _fleets(result: Figures) -> Iterator[str]:
    section = result.get("fleets")
    if section is None:
        return
    last = result["seed"] + result["seeds"] - 1
    yield f"### Generated meters, seeds {result['seed']} to {last}"
    yield from _budgets(section["detectors"])
    yield "As told, by kind:"
    yield _kinds(section["kinds"])
    yield HOLD
    yield _inside(section["detectors"])
    limits = " and ".join(f"{figure} {limit}" for figure, limit in EASY.items())
    yield f"The frozen generic score is to stay under {limits} at exactly one a meter-year."


def _recorded(result: Figures) -> Iterator[str]:
    for name, fleet in result.get("recorded", {}).get("fleets", {}).items():
        yield f"### Recorded buildings with events, {name}"
        yield from _budgets(fleet["detectors"])
        yield "Alerts in a meter-year of the same buildings without events, and those that stand:"
        rows = [
            [
                detector,
                *(figures[f"untouched {at}"] for at in FROZEN),
                *(figures[at]["standing"] for at in FROZEN),
            ]
            for detector, figures in fleet["detectors"].items()
        ]
        heads = [f"{what} {at}" for what in ("Untouched", "Standing") for at in FROZEN]
        yield table(("Detector", *heads), rows)
        yield "As told, by kind:"
        yield _kinds(fleet["kinds"])
        yield HOLD
        yield _inside(fleet["detectors"])


def _office(result: Figures) -> Iterator[str]:
    section = result.get("office")
    if section is None:
        return
    heads = ("Run", "Meter", "Kind", "Days", "Net kWh", "Of its month", "Found", "As", "Told kWh")
    names = ("run", "meter", "kind", "days", "kwh", "of_month", "found")
    for half, detector in product(Half, OWN):
        asked = section[half][detector]
        yield f"### Simulated office, {half}, {detector}"
        yield table(
            (*heads, "Near"),
            [
                [
                    *(event[name] for name in names),
                    ", ".join(event["patterns"]) or None,
                    event["told_kwh"],
                    event["near"],
                ]
                for event in asked["events"]
            ],
        )
        yield "Net kWh over electricity and gas:"
        what = ("run", "kind", "kwh", "told_kwh", "near")
        yield table(
            ("Run", "Kind", "Net kWh", "Told kWh", "Near"),
            [[row[name] for name in what] for row in asked["whole"]],
        )
        yield "Alerts that no fault of the meter explains, and those of the clean year:"
        yield table(
            ("Run", "Beside faults", "Clean year"),
            [[run, counts["harmless"], counts["twin"]] for run, counts in asked["false"].items()],
        )


def _media(result: Figures) -> Iterator[str]:
    section = result.get("media")
    if section is None:
        return
    yield "### Recorded meters of other mediums, without labels"
    heads = ("Fleet", "Medium", "Meters", "Meter-years", "Detector", "Alerts", "As what")
    rows = [
        [
            *(fleet, *(asked[one] for one in ("medium", "meters", "meter_years"))),
            *(name, told["alerts_per_meter_year"], _counted(told["patterns"])),
        ]
        for fleet, asked in section.items()
        for name, told in asked["detectors"].items()
    ]
    yield table(heads, rows)


def _counted(patterns: Figures) -> str:
    most = sorted(patterns.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{name} {count}" for name, count in most) or NOTHING


def _harmless(result: Figures) -> Iterator[str]:
    section = result.get("harmless")
    if section is None:
        return
    yield "### Harmless things: alerts in a meter-year"
    kinds = [*section["things"], "none"]
    for point in FROZEN:
        yield f"At the threshold {point}:"
        rows = []
        for name, at in section["detectors"].items():
            figures = at[point]
            by_kind = [figures["by_kind"][kind] for kind in kinds]
            rows.append([name, figures["alerts_per_meter_year"], *by_kind])
        yield table(("Detector", "All", *kinds), rows)
    things = ", ".join(f"{count} of {kind}" for kind, count in section["things"].items())
    yield f"There were {things}."


def _lasting(result: Figures) -> Iterator[str]:
    for world, detectors in result.get("lasting", {}).items():
        yield f"### Lasting waste, {world}: share found, share of kWh covered"
        lengths = list(detectors[OURS])
        heads = [f"{days} d ({detectors[OURS][days]['events']})" for days in lengths]
        rows = [
            [
                name,
                *(f"{_cell(at[x]['found'])}, {_cell(at[x]['kwh_covered'])}" for x in lengths),
            ]
            for name, at in detectors.items()
        ]
        yield table(("Detector", *heads), rows)


def _hours(result: Figures) -> Iterator[str]:
    section = result.get("hours")
    if section is None:
        return
    yield f"### Single hours, at {section['threshold']}"
    heads = ("", "Precision", "Found", "Alerts", "Delay [h]")
    names = ("precision", "recall", "alerts_per_meter_year")
    for seeds, side in (("Tuning", "tuned"), ("Fresh", "told")):
        yield f"{seeds} seeds:"
        rows = [
            [who, *(_share(one[name]) for name in names), one["delay_hours"]]
            for who, one in section[side].items()
        ]
        yield table(heads, rows)
    yield "Fresh seeds, by kind:"
    kinds = section["kinds"]
    every = next(iter(kinds.values()))
    rows = [[kind, every[kind][1], *(own[kind][0] for own in kinds.values())] for kind in every]
    yield table(("Kind", "Events", *kinds), rows)
    held = " and ".join(f"{share} of {hours} h" for hours, share in section["held"].items())
    yield f"Of 90 % intervals {held} hold; a meter's day costs {section['cpu_ms_of_a_day']} ms."


def _second(result: Figures) -> Iterator[str]:
    if "second" not in result:
        return
    yield "### A second model, by weeks left out"
    heads = ("World", "Meters", "Model", "Clearly better", "Chosen", "Median gain", "Highest")
    rows = [
        [world, found["meters"], model, own["clear"], own["chosen"], *own["gain"], own["ms"]]
        for world, found in result["second"].items()
        for model, own in found["models"].items()
    ]
    yield table((*heads, "CPU [ms]"), rows)
    costs = [f"{found['regression_ms']} ({world})" for world, found in result["second"].items()]
    yield f"The regression costs a meter {', '.join(costs)} ms."


def _signals(result: Figures) -> Iterator[str]:
    section = result.get("signals")
    if section is None:
        return
    yield "### Labelled readings, by the hour"
    heads = ("Series", "Learnt [d]", "Scored [d]", "Marks", "Detector", "Alerts", "Right", "Found")
    rows = [
        [*(name, one["learnt_days"], one["days"], one["events"]), who, *_three(counts)]
        for name, one in section["hours"].items()
        for who, counts in one["detectors"].items()
    ]
    yield table(heads, rows)
    yield "By the reading, plain scores at as many spans as there are marks:"
    rows = [
        [*(name, one["rows"], one["events"]), who, *_three(counts)]
        for name, one in section["readings"].items()
        for who, counts in one["detectors"].items()
    ]
    yield table(("Series", "Rows", "Marks", "Detector", "Spans", "Right", "Found"), rows)
    yield "Fans by the day, beyond all days without a fault:"
    rows = [
        [*(name, one["days"], one["faulty"]), one["beyond"], one["sound_beyond"]]
        for name, one in section["fans"].items()
    ]
    yield table(("Fan of", "Days", "With a fault", "Of these beyond", "Of others beyond"), rows)
    yield "Not tried: " + "; ".join(section["not_tried"]) + "."


def _three(counts: Figures) -> list[int]:
    return [counts[name] for name in ("alerts", "right", "found")]


def _goals(result: Figures) -> Iterator[str]:
    yield "### Goals"
    rows = [
        [goal["name"], goal["value"], goal["wanted"], "met" if goal["met"] else "missed"]
        for goal in result["goals"]
    ]
    yield table(("Goal", "Measured", "Wanted", ""), rows)
    if result["losses"]:
        yield "Where another is better than ours at its frozen threshold:"
        names = ("where", "figure", "ours", "other", "theirs")
        yield table(
            ("Where", "Figure", "Ours", "Other", "Theirs"),
            [[loss[name] for name in names] for loss in result["losses"]],
        )
