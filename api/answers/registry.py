"""Nodes, meters and points."""

from __future__ import annotations

from typing_extensions import TypedDict


class ReachedDays(TypedDict):
    """Local days of a node that the key reaches, the last one excluded; null is without limit."""

    valid_from: str | None
    valid_to: str | None


class NodeAnswer(TypedDict):
    """A node with its neighbours inside the scope."""

    code: str
    type: str
    name_zh: str
    name_en: str
    zone: str
    area_m2: str | None
    persons: int | None
    institution: str
    parents: list[str]
    children: list[str]
    reached: list[ReachedDays]


class InstallationAnswer(TypedDict):
    """A point that serves a meter, from a local day to a local day, the last one excluded; where
    more than the day is known, from or to an instant, or a window with / between its ends."""

    point: int
    ratio: str
    digits: int | None
    register_unit: str | None
    signed: bool
    direction: str
    accuracy_class: str | None
    calibrated_until: str | None
    valid_from: str | None
    valid_to: str | None


class MeterFormulaAnswer(TypedDict):
    """What a meter is of others on days. `formula` is null where it names a meter outside of the
    key's reach; `members_left_out` counts these."""

    formula: str | None
    members: list[str]
    members_left_out: int
    valid_from: str | None
    valid_to: str | None


class MeterAnswer(TypedDict):
    """A meter with its installations, or the formulas that it is in turn."""

    code: str
    node: str
    item: str
    item_name_zh: str
    item_name_en: str
    unit: str
    total: bool
    step_min: int
    dc_role: str | None
    name_zh: str
    name_en: str
    installations: list[InstallationAnswer]
    formulas: list[MeterFormulaAnswer]


class NodeMetersAnswer(NodeAnswer):
    """A node with the meters that hang on it."""

    meters: list[MeterAnswer]


class PointAnswer(TypedDict):
    """A point with the meters it serves."""

    id: int
    gateway: str
    name: str
    kind: str
    unit: str
    role: str | None
    node: str | None
    low: float | None
    high: float | None
    meters: list[str]
