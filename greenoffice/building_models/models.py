"""A file of a building model: which kind it is, how it is written, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from greenoffice.building_models.found import ModelFound, PassedOver
from greenoffice.building_models.haystack_reading import read_haystack
from greenoffice.building_models.haystack_writing import hayson_of
from greenoffice.building_models.model_rows import ModelWishes, rows_of
from greenoffice.building_models.said import said_of
from greenoffice.building_models.standing import with_standing
from metering.errors import FileProblem, InvalidFiles, InvalidInput
from metering.extras import extra
from metering.registry import Registry
from metering.registry.csv_rows import noted
from metering.registry.rows import Problems
from metering.registry.taking import take

BRICK: Final = ".ttl"
HAYSTACK: Final = ".json"
MODEL_ENDINGS: Final = (BRICK, HAYSTACK)
MOST_BYTES: Final = 16 << 20


@dataclass(frozen=True)
class ModelRead:
    """What a model says, to be applied."""

    wanted: Registry
    tables: tuple[str, ...]
    """Those that it says anything of."""
    passed_over: tuple[PassedOver, ...]


def is_model(name: str) -> bool:
    """Whether a file is a building model by its name."""
    return Path(name).suffix.lower() in MODEL_ENDINGS


def model_bytes(file: Path) -> bytes:
    """What is in a file; of one that is too large no more than tells so. Raises InvalidInput where
    it cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInput(
            f"unreadable: {error.strerror}", field="file", value=str(file), fix="check it"
        ) from None


def model_text(registry: Registry, day: date, ending: str) -> str:
    """What a registry says on a local day as Turtle (`.ttl`) or as Haystack's JSON (`.json`).
    Raises ConfigurationError where this installation cannot write Turtle."""
    rows = said_of(registry, day)
    if ending == HAYSTACK:
        return hayson_of(rows, registry)
    text: str = _brick("writing").turtle_of(rows)
    return text


def read_model(
    name: str,
    data: bytes,
    existing: Registry,
    day: date,
    wishes: ModelWishes | None = None,
) -> ModelRead:
    """What the file of that name says, as a registry of its own to be applied beside `existing`:
    of what is registered, as it holds on a local day, it changes what it says, and the rest stays.

    Raises InvalidFiles with all that is wrong, each at its thing; ConfigurationError where this
    installation cannot read Turtle.
    """
    problems = Problems()
    found = _found(name, data, problems)
    rows, passed_over = rows_of(name, found, existing, wishes or ModelWishes(), problems)
    if not rows and not problems.found:
        fix = "a model with buildings, meters or points"
        kinds = ", ".join(sorted({one.type for one in passed_over}))
        problems.add(name, 0, "class", kinds, "nothing in it has a place in the registry", fix)
    if problems.found:
        raise _refused(problems.found)
    sheets, subjects = with_standing(name, rows, existing, day)
    try:
        wanted = take(sheets, existing)
    except InvalidFiles as error:
        raise _refused([_at_thing(one, name, subjects) for one in error.problems]) from None
    return ModelRead(wanted, tuple(rows), tuple(passed_over))


def _found(name: str, data: bytes, problems: Problems) -> ModelFound:
    read = read_haystack if Path(name).suffix.lower() == HAYSTACK else _brick("reading").read_brick
    try:
        if len(data) > MOST_BYTES:
            raise InvalidInput(
                "file too large",
                field="file",
                value=name,
                fix=f"at most {MOST_BYTES >> 20} MiB: a model of fewer buildings",
            )
        found: ModelFound = read(name, _text(name, data), problems)
        return found
    except InvalidInput as error:
        noted(name, error, problems)
        raise _refused(problems.found) from None


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(
            "not UTF-8", field="file", value=name, fix="save it in UTF-8, as models are"
        ) from None


def _brick(part: str) -> ModuleType:
    """The half that needs the library of RDF."""
    with extra("brick"):
        return import_module(f"greenoffice.building_models.brick_{part}")


def _at_thing(problem: FileProblem, name: str, subjects: list[str]) -> FileProblem:
    """A problem of a row, told of the thing that the row is of."""
    if problem.file != name or not 0 < problem.line <= len(subjects):
        return problem
    return replace(problem, file=f"{name} {subjects[problem.line - 1]}", line=0)


def _refused(problems: list[FileProblem]) -> InvalidFiles:
    return InvalidFiles(problems, field="files", fix="mend what is listed, then import again")
