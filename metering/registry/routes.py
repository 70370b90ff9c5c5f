"""Rows of routes.csv: which decoder reads which topics of a gateway, with which options.

What decoders there are is not known here: whoever reads the files brings a check of that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from metering.errors import InvalidInput
from metering.registry.model import Route
from metering.registry.rows import Row
from metering.registry.tables import Facts
from metering.topic_filter import check_filter

RouteCheck = Callable[[Route], None]
"""Raises InvalidInput, naming a column, for a route that nothing could be read by."""

_OPTION = re.compile(r"[a-z0-9_]{1,64}=[^;]{0,200}")
LONGEST_TOPIC = 1000


def take_route(row: Row, facts: Facts) -> None:
    """Note the route of a row."""
    gateway, topic = row.text("gateway"), row.named("topic", LONGEST_TOPIC)
    if not gateway:
        row.wrong("gateway", "no gateway", "SITE/CODE as in gateways.csv")
    try:
        check_filter(topic)
    except InvalidInput as error:
        row.wrong("topic", error.message, error.fix or "")
    route = Route(gateway, topic, row.code("decoder"), _options(row), row.validity())
    facts.routes.append((row, route))


def options_text(options: Iterable[tuple[str, str]]) -> str:
    """Options as a route holds them: `name=value;name=value` in the order of their names.

    Raises InvalidInput with field `options` for what cannot be written so.
    """
    parts = [f"{name}={value}" for name, value in sorted(options)]
    for part in parts:
        if not _OPTION.fullmatch(part) or not part.isprintable():
            raise _not_an_option(part)
    names = [part.partition("=")[0] for part in parts]
    if len(set(names)) < len(names):
        raise _not_an_option(";".join(parts))
    return ";".join(parts)


def _not_an_option(text: str) -> InvalidInput:
    return InvalidInput(
        "not options",
        field="options",
        value=text,
        fix="name=value, several by ; such as profile=em24;zone=Asia/Shanghai; each name once",
    )


def _options(row: Row) -> str:
    given = [part.strip() for part in row.text("options").split(";") if part.strip()]
    try:
        pairs = [(name.strip(), value.strip()) for name, _, value in map(_split, given)]
        return options_text(pairs)
    except InvalidInput as error:
        row.wrong("options", error.message, error.fix or "")
        return ""


def _split(part: str) -> tuple[str, str, str]:
    if "=" not in part:
        raise _not_an_option(part)
    return part.partition("=")


def check_routes(facts: Facts, check: RouteCheck) -> None:
    """Note every route that the check refuses, in the column it names."""
    for row, route in facts.routes:
        try:
            check(route)
        except InvalidInput as error:
            row.wrong(error.field or "decoder", error.message, error.fix or "")
