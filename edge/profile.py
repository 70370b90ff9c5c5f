"""Profiles of meters: which registers a kind of meter has, and what stands in them.

A profile is a TOML file: `models`, the `source` it was written from, the Modbus `function` that
reads (3 holding, 4 input registers), the `order` of words, and its `registers`. Those that come
with the platform lie in `edge/profiles/`; an office may name a file of its own.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from metering.errors import ConfigurationError, shorten
from metering.reading import Kind
from metering.units import UNITS

FOLDER = Path(__file__).parent / "profiles"
WORDS = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2, "u64": 4, "i64": 4, "f64": 4}
"""Registers of 16 bits that a type takes."""
MOST_REGISTERS = 500
MOST_WORDS = 125
"""So many one request may ask for (Modbus application protocol V1.1b3, 6.3)."""

Order = Literal["big", "little"]
Model = TypeVar("Model", bound=BaseModel)


def _known_unit(unit: str) -> str:
    if unit not in UNITS:
        raise ValueError(f"unknown unit; one of: {', '.join(UNITS)}")
    return unit


class ProfileRegister(BaseModel):
    """One value of a meter: value = what stands there * scale, in `unit`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,63}$")
    address: int = Field(ge=0, le=65_535)
    type: Literal["u16", "i16", "u32", "i32", "f32", "u64", "i64", "f64"]
    unit: Annotated[str, AfterValidator(_known_unit)]
    kind: Kind
    scale: float = Field(1.0, gt=0)

    @property
    def words(self) -> int:
        """Registers of 16 bits that it takes."""
        return WORDS[self.type]


def _told_once(registers: tuple[ProfileRegister, ...]) -> tuple[ProfileRegister, ...]:
    names = [one.name for one in registers]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"registers named twice: {', '.join(twice)}")
    if beyond := [one.name for one in registers if one.address + one.words > 65_536]:
        raise ValueError(f"they end beyond the last register, 65535: {', '.join(beyond)}")
    return registers


class Profile(BaseModel):
    """What a kind of meter has to tell, and how it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[str, ...] = ()
    source: str
    function: Literal[3, 4]
    order: Order
    most: int = Field(60, ge=4, le=MOST_WORDS)
    registers: Annotated[tuple[ProfileRegister, ...], AfterValidator(_told_once)] = Field(
        min_length=1, max_length=MOST_REGISTERS
    )


def profile_names() -> list[str]:
    """Names of the profiles that come with the platform, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_profile(name: str, beside: Path) -> Profile:
    """The profile of a name or, where it ends with .toml, of a file, looked for beside `beside`.

    ConfigurationError names the field and the fix where there is none, or it is of no use.
    """
    if not name.endswith(".toml") and name not in profile_names():
        raise ConfigurationError(
            "no profile of that name",
            field="profile",
            value=name,
            fix=f"use one of: {', '.join(profile_names())}; or a file, NAME.toml",
        )
    file = beside / name if name.endswith(".toml") else FOLDER / f"{name}.toml"
    return checked(Profile, toml_of(file), file)


def toml_of(file: Path) -> dict[str, Any]:
    """What a TOML file holds; ConfigurationError where it is absent, or none."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"the file cannot be read: {error.strerror}",
            field="file",
            value=str(file),
            fix="name a file that is there, or make one with: greenoffice edge init",
        ) from error
    except ValueError as broken:
        raise ConfigurationError(
            f"the file is not TOML: {broken}",
            field="file",
            value=str(file),
            fix="mend the line named, and save it as UTF-8",
        ) from broken


def checked(model: type[Model], told: dict[str, Any], file: Path) -> Model:
    """A model of what a file holds; ConfigurationError names the first field that is wrong."""
    try:
        return model.model_validate(told)
    except ValidationError as refused:
        first = refused.errors()[0]
        raise ConfigurationError(
            f"{file.name} is not usable ({refused.error_count()} in all)",
            field=".".join(str(part) for part in first["loc"]) or "file",
            value=shorten(first.get("input")),
            fix=f"{first['msg']}; change it in {file.name}",
        ) from refused
