"""Formulas of meters: what one is of others, as a text, a tree and its laws.

    (t - p) * 0.97
          *
         / \\
        -   0.97      what is added is of one category, what comes out is of the meter's own
       / \\
      t   p

A code runs as far as it can: `t - p` is a difference, `t-p` a code. A code that reads as a number,
or begins with a hyphen, stands in brackets: `[12] + a`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Final

from metering.errors import InvalidInput

LONGEST: Final = 500
DEEPEST: Final = 16
"""Brackets and signs inside each other."""
MOST_MEMBERS: Final = 50
MOST_UNITS: Final = 10**15
"""Book units of a slot; what comes out larger is missing."""
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,12}(?:\.\d{1,9})?)(?![A-Za-z0-9._-])"
    r"|(?P<code>[A-Za-z0-9._][A-Za-z0-9._-]{0,63})(?![A-Za-z0-9._-])"
    r"|\[(?P<quoted>[A-Za-z0-9._-]{1,64})\]|(?P<sign>[-+*/()]))",
    re.ASCII,
)
FIX: Final = "meters, numbers, + - * / and brackets, such as t - p or 0.5 * (a + b)"


@dataclass(frozen=True)
class Constant:
    """A constant, without a unit."""

    value: Fraction


@dataclass(frozen=True)
class Member:
    """What a meter counts in the slot."""

    code: str


@dataclass(frozen=True)
class Operation:
    """Two terms and what is done with them."""

    sign: str
    """+, -, * or /."""
    left: Expression
    right: Expression


Expression = Constant | Member | Operation
Exponents = dict[str, int]
"""By category how often it is a factor; {} of a plain number."""


@dataclass(frozen=True)
class FormulaTree:
    """A formula that was read."""

    root: Expression

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The meters that it names, each once, in its order."""
        return tuple(dict.fromkeys(_codes(self.root)))

    @cached_property
    def is_linear(self) -> bool:
        """Whether meters are only added, taken off, and taken times constants."""
        return _is_linear(self.root)

    def times(self, code: str) -> Fraction:
        """How often a member is in what comes out, of a linear formula."""
        return _value(self.root, lambda one: int(one == code))

    def of(self, amount: Callable[[str], int]) -> int | None:
        """Book units of a slot from those of its members, to the nearest, halves to even; None
        where it divides by 0, or comes to more than `MOST_UNITS`."""
        try:
            found = round(_value(self.root, amount))
        except ZeroDivisionError:
            return None
        return found if abs(found) <= MOST_UNITS else None

    def check(self, category: Callable[[str], str], own: str) -> None:
        """Raise InvalidInput where what is added is not alike, or does not come out as `own`."""
        if _exponents(self.root, category) != {own: 1}:
            problem = "what comes out is not of the meter's category"
            raise _wrong(problem, own, "sums of meters of its category; ratios only as factors")


@lru_cache(maxsize=4096)
def read_formula(text: str) -> FormulaTree:
    """The formula of a text. Raises InvalidInput with field `formula` where it is none."""
    if not 0 < len(text) <= LONGEST:
        raise _wrong(f"no formula of 1 to {LONGEST} characters", text[:60], FIX)
    parser = _Parser(text, _tokens(text))
    formula = FormulaTree(parser.sum(0))
    parser.end()
    if not formula.members:
        raise _wrong("it names no meter", text, FIX)
    if len(formula.members) > MOST_MEMBERS:
        fix = "formulas of parts, each a meter of its own"
        raise _wrong(f"it names more than {MOST_MEMBERS} meters", text[:60], fix)
    return formula


def _tokens(text: str) -> list[tuple[str, str]]:
    """(number, code, quoted or sign; what it says) of each."""
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise _wrong("it cannot be read", text[place : place + 20], FIX)
        name = match.lastgroup or ""
        found.append((name, match[name]))
        place = match.end()
    return found


@dataclass
class _Parser:
    text: str
    tokens: list[tuple[str, str]]
    place: int = 0

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def _take(self, *signs: str) -> str:
        """The next sign, where it is one of these; '' else."""
        name, said = self._next()
        if name != "sign" or said not in signs:
            return ""
        self.place += 1
        return said

    def sum(self, depth: int) -> Expression:
        left = self._product(depth)
        while sign := self._take("+", "-"):
            left = Operation(sign, left, self._product(depth))
        return left

    def _product(self, depth: int) -> Expression:
        left = self._factor(depth)
        while sign := self._take("*", "/"):
            right = self._factor(depth)
            if sign == "/" and not any(_codes(right)) and _constant(right, self.text) == 0:
                raise _wrong("it divides by 0", self.text, "another number")
            left = Operation(sign, left, right)
        return left

    def _factor(self, depth: int) -> Expression:
        if depth > DEEPEST:
            raise _wrong(f"brackets more than {DEEPEST} deep", self.text, "fewer brackets")
        if self._take("-"):
            return Operation("*", Constant(Fraction(-1)), self._factor(depth + 1))
        if self._take("("):
            inside = self.sum(depth + 1)
            if not self._take(")"):
                raise _wrong("a bracket is not closed", self.text, FIX)
            return inside
        name, said = self._next()
        self.place += 1
        if name == "number":
            return Constant(Fraction(said))
        if name in ("code", "quoted"):
            return Member(said)
        raise _wrong("a meter or a number is missing", said or self.text, FIX)

    def end(self) -> None:
        name, said = self._next()
        if name != "end":
            raise _wrong("a sign is missing", said, FIX)


def _constant(one: Expression, text: str) -> Fraction:
    try:
        return _value(one, lambda _: 0)
    except ZeroDivisionError:
        raise _wrong("it divides by 0", text, "another number") from None


def _wrong(problem: str, value: str, fix: str) -> InvalidInput:
    return InvalidInput(problem, field="formula", value=value, fix=fix)


def _codes(one: Expression) -> Iterator[str]:
    if isinstance(one, Member):
        yield one.code
    elif isinstance(one, Operation):
        yield from _codes(one.left)
        yield from _codes(one.right)


def _is_linear(one: Expression) -> bool:
    if not isinstance(one, Operation):
        return True
    if one.sign == "/" and any(_codes(one.right)):
        return False
    if one.sign == "*" and any(_codes(one.left)) and any(_codes(one.right)):
        return False
    return _is_linear(one.left) and _is_linear(one.right)


def _value(one: Expression, amount: Callable[[str], int]) -> Fraction:
    if isinstance(one, Constant):
        return one.value
    if isinstance(one, Member):
        return Fraction(amount(one.code))
    left, right = _value(one.left, amount), _value(one.right, amount)
    match one.sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right


def _exponents(one: Expression, category: Callable[[str], str]) -> Exponents:
    if isinstance(one, Constant):
        return {}
    if isinstance(one, Member):
        return {category(one.code): 1}
    left, right = _exponents(one.left, category), _exponents(one.right, category)
    if one.sign in "+-":
        if left != right:
            names = " and ".join(sorted({*left, *right})) or "numbers"
            fix = "sums of meters of one category; a number is only a factor"
            raise _wrong(f"what is added is not alike: {names}", names, fix)
        return left
    times = 1 if one.sign == "*" else -1
    found = {name: left.get(name, 0) + times * right.get(name, 0) for name in {*left, *right}}
    return {name: power for name, power in found.items() if power}
