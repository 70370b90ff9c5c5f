"""The error tree. Every error says which field, which value, and how to put it right.

GreenOfficeError
├── InvalidInput        what came in cannot be accepted as it is
│   └── InvalidFiles    many of them at once, file by file and line by line
├── NotFound            the named thing does not exist, or not in this scope
├── Conflict            it exists already, or somebody else was faster
├── NotAllowed          the key or password is wrong, or does not reach that far
│   └── TooManyTries    so many wrong ones lately that no further one is even looked at
├── ConfigurationError  a setting, a port or a folder is unusable
└── Unavailable         a store does not answer now; the same call may work later
    ├── OutcomeUnknown  nobody said what became of it: it may be done now, later or never
    ├── StorageFull     the disk is full; nothing was acknowledged, nothing is lost
    └── Damaged         a file is not as it was written; only what `fix` says helps
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


class GreenOfficeError(Exception):
    """Base of all errors of the platform; carries data, not only a sentence."""

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        value: object = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.message]
        if self.field is not None:
            shown = "" if self.value is None else f" = {quoted(self.value)}"
            parts.append(f"({self.field}{shown})")
        if self.fix:
            parts.append(f"- {self.fix}")
        return " ".join(parts)


class InvalidInput(GreenOfficeError):
    code = "invalid_input"


class NotFound(GreenOfficeError):
    code = "not_found"


class Conflict(GreenOfficeError):
    code = "conflict"


class NotAllowed(GreenOfficeError):
    code = "not_allowed"


class TooManyTries(NotAllowed):
    code = "too_many_failures"


class ConfigurationError(GreenOfficeError):
    code = "configuration"


class Unavailable(GreenOfficeError):
    code = "unavailable"


class OutcomeUnknown(Unavailable):
    code = "outcome_unknown"


class StorageFull(Unavailable):
    code = "storage_full"


class Damaged(Unavailable):
    code = "damaged"


@dataclass(frozen=True)
class FileProblem:
    """One thing wrong in an imported file."""

    file: str
    line: int
    field: str
    value: str
    problem: str
    fix: str
    heading: str = ""
    """What the file calls the field, where that is known."""

    @property
    def column(self) -> str:
        """The field as whoever wrote the file calls it."""
        return self.heading or self.field

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.column} = {self.value!r}: {self.problem} - {self.fix}"


class InvalidFiles(InvalidInput):
    """Every problem found in a set of files; nothing of them was taken."""

    code = "invalid_files"

    def __init__(
        self, problems: Sequence[FileProblem], *, field: str = "files", fix: str = ""
    ) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(str(problem) for problem in self.problems)
        super().__init__(
            f"{len(self.problems)} problem(s), nothing imported:\n{listed}",
            field=field,
            fix=fix,
        )

    def __str__(self) -> str:
        return f"{self.message}\n{self.fix}".rstrip()


def quoted(value: object) -> str:
    """A value as an error quotes it: a number as people write it, of bytes only how many there
    are, since they may be of somebody's file; all else as `shorten` has it."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Decimal):
        # An exponent of a million would be as many digits: then it stays one.
        text = f"{value:f}" if abs(value.adjusted()) < 40 else str(value)
        return text if len(text) <= 120 else f"{text[:119]}…"
    return shorten(value)


def shorten(value: object, limit: int = 120) -> str:
    """`repr` of a value, cut so that an error never repeats a megabyte."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
