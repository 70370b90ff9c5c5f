"""`greenoffice gateway`: gateways as a person manages them, on the host itself."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from collector.routes import check_route
from greenoffice.connected import (
    gateway_connections,
    gateway_filters,
    gateway_troubles,
    held_gateways,
)
from greenoffice.folder import DataFolder
from greenoffice.national_secrets import forget_gateway
from greenoffice.saying import language, say
from greenoffice.stores import open_stores
from metering.access import by_command
from metering.errors import InvalidInput, NotFound
from metering.gateway_life import (
    ListenerTold,
    ManagedGateway,
    NewGateway,
    add_gateway,
    by_reason,
    gateway_states,
    intake_told,
    next_step,
    rotate_gateway,
)
from metering.localtime import iso
from metering.registry.files import read_registry_texts
from storage import Stores
from texts import named, word

_HOURS = re.compile(r"([0-9]{1,4})h")


def add(folder: DataFolder, new: NewGateway) -> dict[str, str]:
    """The gateway and its password, which is shown this once; what it had for the national protocol
    before it was revoked lets it in no more. Errors as `add_gateway`."""
    stores = open_stores(folder)
    registry = stores.registry.load()
    password = add_gateway(
        stores.registry,
        stores.credentials,
        lambda files: read_registry_texts(files, registry, check_route=check_route),
        new,
        actor=str(by_command()),
        now_us=folder.clock().now_us(),
    )
    forget_gateway(folder, new.user)  # of before it was revoked
    return {"gateway": new.user, "password": password}


def rotate(folder: DataFolder, user: str, keep_old: str) -> dict[str, str]:
    """Likewise of a new password; `keep_old` is such as 24h, '' for not at all."""
    password = rotate_gateway(
        open_stores(folder).credentials,
        user,
        _hours(keep_old),
        actor=str(by_command()),
        now_us=folder.clock().now_us(),
    )
    return {"gateway": user, "password": password}


def revoke(folder: DataFolder, user: str) -> dict[str, str]:
    """Let a gateway in no more; NotFound where there is none."""
    now_us = folder.clock().now_us()
    open_stores(folder).credentials.revoke(user, actor=str(by_command()), now_us=now_us)
    return {"revoked": user}


def list_states(folder: DataFolder) -> list[dict[str, Any]]:
    """Every gateway as it is, by name."""
    return [told(state) for state in _states(folder, open_stores(folder))]


def status(folder: DataFolder, user: str) -> dict[str, Any]:
    """One gateway, with its open dead letters by reason and what to do next; NotFound where there
    is none."""
    stores = open_stores(folder)
    state = next((one for one in _states(folder, stores) if one.gateway.user == user), None)
    if state is None:
        raise NotFound(
            "no such gateway",
            field="gateway",
            value=user,
            fix="list them: greenoffice gateway list DATA",
        )
    letters = by_reason(stores.intake.dead_letter_groups(frozenset({user})))
    now_us = folder.clock().now_us()
    step = next_step(state, letters, now_us)
    rates = [round(one.per_minute(now_us), 2) for one in state.connections]
    found = told(state)
    for connection, rate in zip(found["connections"], rates, strict=True):
        connection["messages_per_minute"] = rate
    return {**found, "dead_letter_reasons": letters, "next": step}


def _states(folder: DataFolder, stores: Stores) -> list[ManagedGateway]:
    registry = stores.registry.load()
    return gateway_states(
        [gateway for _, gateway in sorted(registry.gateways.items())],
        registry.points.values(),
        intake_told(stores.intake, registry.gateways),
        stores.credentials.revoked_users(),
        ListenerTold(
            held_gateways(folder),
            gateway_troubles(folder),
            gateway_connections(folder),
            gateway_filters(folder),
        ),
    )


def _hours(text: str) -> int:
    found = _HOURS.fullmatch(text or "0h")
    if found is None:
        raise InvalidInput("not a number of hours", field="keep-old", value=text, fix="such as 24h")
    return int(found[1])


def told(state: ManagedGateway) -> dict[str, Any]:
    """As JSON holds it: instants as text, and how far the clock is behind in seconds."""
    clock = state.clock_repair
    found = _plain(replace(state, clock_offset_us=None, clock_repair=None))
    found |= found.pop("counts")
    del found["connection"], found["clock_offset"], found["clock_repair"]
    offset_us = state.clock_offset_us
    found["clock_offset_seconds"] = None if offset_us is None else offset_us / 1e6
    for way in ("proposed", "repaired"):
        ahead_s = clock.offset_us / 1e6 if clock is not None and clock.state == way else None
        found[f"clock_{way}_seconds"] = ahead_s
    named = {"name_zh": state.gateway.name_zh, "name_en": state.gateway.name_en}
    del found["connected"]
    return {**found, "gateway": state.gateway.user, **named, "state": state.standing}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return dict(_named(one.name, getattr(value, one.name)) for one in fields(value))
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _named(name: str, value: Any) -> tuple[str, Any]:
    if name == "last_skew_us":
        return "skew_seconds", None if value is None else value / 1e6
    if name.endswith("_us"):
        return name.removesuffix("_us"), iso(value) if value else None
    return name, _plain(value)


def say_status(one: dict[str, Any]) -> None:
    """The same in sentences, in the terminal's language."""
    print(one["gateway"])
    for each in one["connections"]:
        spoken = _spoken(each["protocol"])
        say(
            f"connected since {each['since']}, from {each['address']}, {spoken}, "
            f"client id {each['client_id']}"
        )
        say(
            f"{each['messages']} messages on it, {each['messages_per_minute']} a minute, "
            f"the last at {each['last']}"
        )
        if each["unacknowledged"]:
            say(f"{each['unacknowledged']} messages wait for its acknowledgement")
        if each["subscriptions"]:
            say(f"subscribed to {', '.join(each['subscriptions'])}")
    if not one["connections"]:
        print(_standing(one))
    _say_counts(one)
    spoken = named("gateway_next", one["next"], "command", language())
    say(f"next: {spoken}")


def _say_counts(one: dict[str, Any]) -> None:
    say(f"last message {one['last_arrival'] or '–'}, last reading of {one['last_time'] or '–'}")
    say(
        f"{one['messages']} messages, {one['readings']} readings, {one['duplicates']} duplicates, "
        f"{one['corrections']} corrections, {one['dead']} refused, {one['points']} points"
    )
    if one["skew_seconds"] is not None:
        say(f"its clock is {one['skew_seconds']:.1f} s behind")
    if (ahead_s := one["clock_proposed_seconds"]) is not None:
        say(f"its clock seems {ahead_s:.1f} s ahead: see `greenoffice gateway clock`")
    if (ahead_s := one["clock_repaired_seconds"]) is not None:
        say(f"its clock is {ahead_s:.1f} s ahead, its times are put right")
    if one["quarantined"]:
        say(f"{one['quarantined']} dead letters wait for its clock")
    if held := one["held"]:
        say(f"held back since {held['since']}: {held['why']}")
    if trouble := one["trouble"]:
        reason = word("mqtt", trouble["reason"], language())
        fix = word("mqtt_fix", trouble["reason"], language())
        say(
            f"turned away or cut off {trouble['times']} times in a row, last {trouble['at']} "
            f"from {trouble['address']}: {reason} {trouble['detail']}"
        )
        print(f"  {fix}")
    for reason, count in one["dead_letter_reasons"].items():
        say(f"open dead letters: {count} of {reason}")


def say_list(states: list[dict[str, Any]]) -> None:
    """A line for each gateway."""
    for one in states:
        say(f"{one['gateway']}  {_standing(one)}  last message {one['last_arrival'] or '–'}")


def _spoken(protocol: str) -> str:
    """A version of MQTT, or another protocol by its name."""
    return f"MQTT {protocol}" if protocol[:1].isdigit() else protocol


def _standing(one: dict[str, Any]) -> str:
    return word("gateway_state", one["state"], language())


def say_password(made: dict[str, str]) -> None:
    """The password, this once."""
    say(f"gateway {made['gateway']}  password {made['password']}   (shown this once)")
