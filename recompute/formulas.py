"""Formulas of meters, read and worked out in exact fractions: docs/recompute.md, "Formulas".

(t - p) * 0.97      in the order in which it is worked out:    t p - 0.97 *
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

T = TypeVar("T")
MOST = 10**15
"""Book units; what comes to more is not known."""
_PIECE = re.compile(r"\s*(?:\[([^\]]*)\]|([A-Za-z0-9._][A-Za-z0-9._-]*)|([-+*/()]))")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_RANK = {"(": 0, "+": 1, "-": 1, "*": 2, "/": 2, "minus": 3}


@dataclass(frozen=True)
class RecomputedFormula:
    """A formula in the order in which it is worked out: numbers, codes of meters in brackets, and
    signs."""

    order: tuple[Fraction | str, ...]

    @property
    def members(self) -> list[str]:
        """The meters that it names."""
        return sorted({one[1:-1] for one in self.order if isinstance(one, str) and one[0] == "["})

    @property
    def is_linear(self) -> bool:
        """Whether meters are only added, taken off and taken times numbers."""

        def joined(sign: str, left: int, right: int) -> int:
            if sign == "*":
                return left + right
            if sign == "/":
                return left if right == 0 else 2
            return max(left, right)

        return self._worked(lambda one: int(isinstance(one, str)), joined) <= 1

    def value(self, amounts: Mapping[str, int | None]) -> int | None:
        """Book units to the nearest, halves to even; None where a meter says nothing, where it is
        divided by 0, or where it comes to more than `MOST`."""

        def leaf(one: Fraction | str) -> Fraction | None:
            known = amounts[one[1:-1]] if isinstance(one, str) else one
            return None if known is None else Fraction(known)

        def joined(sign: str, a: Fraction | None, b: Fraction | None) -> Fraction | None:
            if a is None or b is None or (sign == "/" and not b):
                return None
            if sign in "*/":
                return a * b if sign == "*" else a / b
            return a + b if sign == "+" else a - b

        exact = self._worked(leaf, joined)
        if exact is None:
            return None
        low = exact.numerator // exact.denominator
        twice = 2 * (exact - low)
        found = low + (twice > 1 or (twice == 1 and low % 2 == 1))
        return found if abs(found) <= MOST else None

    def _worked(self, leaf: Callable[[Fraction | str], T], joined: Callable[[str, T, T], T]) -> T:
        """Worked out from the left, with a stack."""
        stack: list[T] = []
        for one in self.order:
            if one == "minus":
                stack.append(joined("*", leaf(Fraction(-1)), stack.pop()))
            elif isinstance(one, str) and one in _RANK:
                right = stack.pop()
                stack.append(joined(one, stack.pop(), right))
            else:
                stack.append(leaf(one))
        (found,) = stack
        return found


def formula_of(text: str) -> RecomputedFormula:
    """The formula of a text. Raises ValueError where it is none."""
    found, waiting, after_value = list[Fraction | str](), list[str](), False
    for value, sign in _pieces(text):
        if value is not None:
            if after_value:
                raise ValueError(text)
            found.append(value)
            after_value = True
        elif sign == "(":
            if after_value:
                raise ValueError(text)
            waiting.append(sign)
        elif sign == ")":
            while waiting and waiting[-1] != "(":
                found.append(waiting.pop())
            if not waiting or not after_value:
                raise ValueError(text)
            waiting.pop()
        elif not after_value:
            if sign != "-":
                raise ValueError(text)
            waiting.append("minus")
        else:
            while waiting and _RANK[waiting[-1]] >= _RANK[sign]:
                found.append(waiting.pop())
            waiting.append(sign)
            after_value = False
    found += reversed(waiting)
    if not after_value or "(" in waiting:
        raise ValueError(text)
    return RecomputedFormula(tuple(found))


def _pieces(text: str) -> list[tuple[Fraction | str | None, str]]:
    """(number or [code], sign) of each piece."""
    found: list[tuple[Fraction | str | None, str]] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _PIECE.match(text, place)
        if match is None:
            raise ValueError(text)
        place = match.end()
        bracketed, word, sign = match.groups()
        if word is not None and _NUMBER.fullmatch(word):
            found.append((Fraction(word), ""))
        elif bracketed is not None or word is not None:
            found.append((f"[{word or bracketed}]", ""))
        else:
            found.append((None, sign))
    return found
