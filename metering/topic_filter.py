"""MQTT topic filters: their grammar, what they match, and which of two is the narrower one."""

from __future__ import annotations

from metering.errors import InvalidInput


def check_filter(text: str) -> str:
    """The MQTT topic filter itself; InvalidInput where a wildcard stands wrong."""
    levels = text.split("/")
    wrong = [
        level
        for place, level in enumerate(levels)
        if ("#" in level and (level != "#" or place != len(levels) - 1))
        or ("+" in level and level != "+")
    ]
    if not text or wrong:
        raise InvalidInput(
            "not an MQTT topic filter",
            field="filter",
            value=text,
            fix="+ stands for one whole level, # for all levels from the last place on",
        )
    return text


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic matches a filter [MQTT 3.1.1, section 4.7]."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    if given[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(given) or level not in ("+", given[place]):
            return False
    return len(wanted) == len(given)


def width(topic_filter: str) -> tuple[int, ...]:
    """Of two filters that match one topic, the one with the lower width is the narrower: level
    by level, a name before `+` before `#`. Equal widths are equal filters then."""
    return tuple({"+": 1, "#": 2}.get(level, 0) for level in topic_filter.split("/"))
