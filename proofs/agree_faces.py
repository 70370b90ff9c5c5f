"""The outside faces of `agree` that speak JSON: `/v1`, `/influx/query` and the feed.

Each is asked as its users ask it, and gives answers by figure. What it refuses is an answer,
too: with the reason that it gave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

from greenoffice.client import ApiClient
from metering.errors import GreenOfficeError
from proofs.agree_compare import Answers, AskedFigure, NoAnswer, Told
from proofs.agree_oracle import Oracle
from proofs.agree_questions import (
    ELECTRICITY,
    HOURS,
    LAST,
    MONEY,
    ONE,
    RATIOS,
    WEEK,
    hours,
    parts_of,
)
from proofs.agree_world import (
    AFTER,
    MONTH,
    PLACES,
    TODAY,
    WorldPlace,
    local,
    midnight,
    tenures,
)

Json = Any
DATABASE = "greenoffice"
SPANS = ((MONTH, AFTER - ONE), (AFTER, TODAY), (WEEK, LAST))
"""Full month, running month and week."""


def exact(text: str | None) -> Told:
    """An exact decimal; absent where there is none."""
    return NoAnswer("absent") if text in (None, "") else Fraction(str(text))


def stretch(
    kind: str, place: WorldPlace, item: str, first: date, last: date, name: str = ""
) -> AskedFigure:
    """A figure of the local days first..last, both included."""
    end = (last + ONE).isoformat()
    return AskedFigure(kind, place.code, item, first.isoformat(), end, name)


def of(figure: AskedFigure, kind: str, currency: str = "") -> AskedFigure:
    """Another kind of the same."""
    return AskedFigure(
        kind, figure.code, figure.item, figure.start, figure.end, figure.name, currency
    )


def _every(oracle: Oracle) -> Iterator[tuple[WorldPlace, str]]:
    for place in PLACES:
        for item in oracle.items(place.code):
            yield place, item


# --- /v1 ------------------------------------------------------------------------------------


def v1(client: ApiClient, oracle: Oracle) -> Answers:
    """/v1/energy by day and month, /v1/datacentre."""
    found: Answers = {}
    for place, item in _every(oracle):
        for step, first, last in (
            ("day", MONTH, LAST),
            ("month", MONTH, AFTER - ONE),
            ("month", AFTER, TODAY),
        ):
            found |= _v1_energy(client, place, item, step, first, last)
        for _, first, last in tenures(place.code, MONTH, AFTER - ONE):
            found |= _v1_energy(client, place, item, "month", first, last)
    for first, last in ((WEEK, LAST), (MONTH, AFTER - ONE)):
        found |= _v1_ratios(client, first, last)
    for node, item, day in HOURS:
        asked = {"node": node, "item": item, "step": "hour", "start": day, "end": day + ONE}
        for one in client.get("/v1/energy", **asked)["data"]:
            found[AskedFigure("energy", node, item, one["start"], one["end"])] = exact(one["value"])
    return found


def v1_parts(client: ApiClient, oracle: Oracle) -> Answers:
    """/v1/energy/parts over week and month, and over each day of an institution."""
    found: Answers = {}
    for place in PLACES:
        if parts_of(oracle, place):
            own = tenures(place.code, MONTH, AFTER - ONE)
            for first, last in ((WEEK, LAST), *((first, last) for _, first, last in own)):
                found |= _v1_parts(client, place, first, last)
            if place.type == "institution":
                for n in range((AFTER - MONTH).days):
                    found |= _v1_parts(client, place, MONTH + n * ONE, MONTH + n * ONE)
    return found


def v1_rest(client: ApiClient, oracle: Oracle) -> Answers:
    """What a reader of /v1/energy has left over of a week's total: months cut at the week,
    added up, the sub-items taken off."""
    found: Answers = {}
    for place in PLACES:
        items = parts_of(oracle, place)
        if not items:
            continue
        rest: dict[AskedFigure, Fraction] = defaultdict(Fraction)
        refused: Answers = {}
        for item, sign in ((ELECTRICITY, 1), *((item, -1) for item in items)):
            for figure, told in _v1_energy(client, place, item, "month", WEEK, LAST).items():
                asked = of(stretch("", place, ELECTRICITY, WEEK, LAST, "difference"), figure.kind)
                asked = of(asked, figure.kind, figure.currency)
                if isinstance(told, NoAnswer):
                    refused[asked] = told
                else:
                    rest[asked] += sign * Fraction(told)
        found |= {**rest, **refused}
    return found


def _v1_energy(
    client: ApiClient, place: WorldPlace, item: str, step: str, first: date, last: date
) -> Answers:
    asked = {"node": place.code, "item": item, "step": step}
    try:
        answer = client.get("/v1/energy", **asked, start=first, end=last + ONE)
    except GreenOfficeError as refused:
        return _all_kinds(stretch("", place, item, first, last), NoAnswer(str(refused)))
    found: Answers = {}
    for one in answer["data"]:
        start, end = (date.fromisoformat(one[name][:10]) for name in ("start", "end"))
        found |= _held(one, stretch("", place, item, start, end - ONE))
    if answer["remainder"]:
        found |= _all_kinds(stretch("", place, item, first, last), NoAnswer("not all in its days"))
    return found


def _v1_parts(client: ApiClient, place: WorldPlace, first: date, last: date) -> Answers:
    rows = client.get("/v1/energy/parts", node=place.code, start=first, end=last + ONE)["data"]
    found: Answers = {}
    for row in rows:
        name = "difference" if row["row"] == "difference" else ""
        found |= _held(row, stretch("", place, row["item"], first, last, name))
    return found


def _v1_ratios(client: ApiClient, first: date, last: date) -> Answers:
    answer = client.get("/v1/datacentre", node="dc", start=first, end=last + ONE)
    place = next(one for one in PLACES if one.code == "dc")
    return {
        stretch("ratio", place, ELECTRICITY, first, last, one["name"]): exact(one["value"])
        for one in answer["ratios"]
    }


def _held(one: Json, figure: AskedFigure) -> Answers:
    """Energy, money and carbon of a value; where it has one currency, `cost.value` must be the
    sum of that currency."""
    found: Answers = {
        of(figure, "energy"): exact(one["value"]),
        of(figure, "kgco2"): exact(one["kgco2"]["value"]),
    }
    cost = one["cost"]
    for money in cost["by_currency"]:
        for kind in MONEY:
            told = money["value" if kind == "cost" else kind]
            sole = cost["value" if kind == "cost" else kind]
            alone = len(cost["by_currency"]) == 1
            fits = sole == told if alone else sole is None
            answer = exact(told) if fits else NoAnswer(f"{told}, but of all currencies {sole}")
            found[of(figure, kind, money["currency"])] = answer
    return found


def _all_kinds(figure: AskedFigure, told: Told) -> Answers:
    return {of(figure, kind): told for kind in ("energy", "kgco2")}


# --- /influx/query --------------------------------------------------------------------------


def influx(client: ApiClient, oracle: Oracle) -> Answers:
    """Sums of the fields, by day and over stretches; ratios of a data centre."""
    found: Answers = {}
    for place, item in _every(oracle):
        spans = [(MONTH, LAST, " GROUP BY time(1d)"), *((a, b, "") for a, b in SPANS)]
        spans += [(a, b, "") for _, a, b in tenures(place.code, MONTH, AFTER - ONE)]
        for first, last, group in spans:
            found |= _summed(client, place, item, first, last, group)
    for first, last in ((WEEK, LAST), (MONTH, AFTER - ONE)):
        found |= _influx_ratios(client, first, last)
    for node, item, day in HOURS:
        found |= _by_hour(client, node, item, day)
    return found


def _summed(
    client: ApiClient, place: WorldPlace, item: str, first: date, last: date, group: str
) -> Answers:
    where = f"\"node\" = '{place.code}' AND \"item\" = '{item}' AND {_within(place, first, last)}"
    zone = f" TZ('{place.zone}')" if group else ""
    fields = {"energy": "value", "kgco2": "kgco2"}
    money = f'{group}, "currency"' if group else ' GROUP BY "currency"'
    found = _columns(client, fields, f'FROM "energy" WHERE {where}{group}{zone}')
    found += _columns(
        client, dict(zip(MONEY, MONEY, strict=True)), f'FROM "energy" WHERE {where}{money}{zone}'
    )
    answers: Answers = {}
    for kind, currency, time_us, value in found:
        day = local(time_us, place.zone).date() if group else first
        figure = stretch(kind, place, item, day, day if group else last)
        answers[of(figure, kind, currency)] = value
    return answers


def _by_hour(client: ApiClient, node: str, item: str, day: date) -> Answers:
    place = next(one for one in PLACES if one.code == node)
    where = f"\"node\" = '{node}' AND \"item\" = '{item}' AND {_within(place, day, day)}"
    rest = f"FROM \"energy\" WHERE {where} GROUP BY time(1h) TZ('{place.zone}')"
    told = {time_us: value for _, _, time_us, value in _columns(client, {"e": "value"}, rest)}
    absent = NoAnswer("absent")
    return {figure: told.get(start, absent) for figure, start, _ in hours(node, item, day)}


def _influx_ratios(client: ApiClient, first: date, last: date) -> Answers:
    place = next(one for one in PLACES if one.code == "dc")
    where = f"\"node\" = 'dc' AND {_within(place, first, last)}"
    found: Answers = {}
    for name in RATIOS:
        rest = f'FROM "datacentre" WHERE {where}'
        for _, _, _, value in _columns(client, {name: name}, rest, call="mean"):
            found[stretch("ratio", place, ELECTRICITY, first, last, name)] = value
    return found


def _within(place: WorldPlace, first: date, last: date) -> str:
    start, end = midnight(first, place.zone), midnight(last + ONE, place.zone)
    return f"time >= {start // 1000}ms AND time < {end // 1000}ms"


def _columns(
    client: ApiClient, fields: dict[str, str], rest: str, call: str = "sum"
) -> list[tuple[str, str, int, Told]]:
    """(kind, currency, time [us], value) of every cell that is not null."""
    chosen = ", ".join(f'{call}("{field}") AS "{kind}"' for kind, field in fields.items())
    answer = client.get("/influx/query", db=DATABASE, epoch="ms", q=f"SELECT {chosen} {rest}")
    result = answer["results"][0]
    if "error" in result:
        return [(kind, "", 0, NoAnswer(result["error"])) for kind in fields]
    return [
        (kind, series.get("tags", {}).get("currency", ""), int(row[0]) * 1000, float(cell))
        for series in result.get("series", ())
        for row in series["values"]
        for kind, cell in zip(series["columns"][1:], row[1:], strict=True)
        if cell is not None
    ]


# --- the feed -------------------------------------------------------------------------------


def feed(client: ApiClient) -> Answers:
    """Days of every institution, the latest of each, and months as sums of days."""
    latest: dict[str, Json] = {}
    for place in PLACES:
        if place.type == "institution":
            for entry in _entries(client, place.code):
                old = latest.get(entry["key"])
                if old is None or old["revision"] <= entry["revision"]:
                    latest[entry["key"]] = entry
    places = {place.code: place for place in PLACES}
    found: Answers = {}
    months: dict[AskedFigure, Fraction] = defaultdict(Fraction)
    for entry in latest.values():
        place, day = places[entry["node"]], date.fromisoformat(entry["day"])
        told = exact(entry["value"])
        found[stretch("energy", place, entry["item"], day, day)] = told
        if isinstance(told, Fraction) and MONTH <= day < AFTER:
            months[stretch("energy", place, entry["item"], MONTH, AFTER - ONE)] += told
    return {**found, **months}


def _entries(client: ApiClient, institution: str) -> Iterator[Json]:
    cursor, more = None, True
    while more:
        page = client.get("/v1/feed", institution=institution, cursor=cursor, limit=1000)
        yield from page["data"]
        cursor, more = page["next"], page["more"]
