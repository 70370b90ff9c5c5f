"""Reads every register of every meter once, so that a person sees whether the profile fits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from edge.config import EdgeMeter
from edge.modbus import ModbusLine, Unanswered, by_line
from edge.profile import Order, ProfileRegister
from edge.values import number, plausible


@dataclass(frozen=True)
class CheckedRegister:
    """What one register says now; `register` None where the whole meter did not answer."""

    meter: EdgeMeter
    register: ProfileRegister | None
    words: tuple[int, ...] = ()
    value: float | None = None
    other: float | None = None
    """What it would be with its words the other way round; None where that is not plausible."""
    fits: bool = False
    problem: str = ""


async def check_meters(meters: Sequence[EdgeMeter]) -> AsyncIterator[CheckedRegister]:
    """Every register once, line by line; a meter that does not answer is one entry with its
    problem."""
    for address, on_line in by_line(meters).items():
        line = ModbusLine(address)
        for meter in on_line:
            try:
                words = await line.words(meter)
            except Unanswered as failed:
                yield CheckedRegister(meter, None, problem=str(failed))
                continue
            for register in meter.registers:
                yield _checked(meter, register, words[register.name])
        line.close()


def _checked(meter: EdgeMeter, register: ProfileRegister, words: list[int]) -> CheckedRegister:
    value = number(register, words, meter.order)
    turned: Order = "little" if meter.order == "big" else "big"
    other = number(register, words, turned) if register.words > 1 else None
    return CheckedRegister(
        meter,
        register,
        tuple(words),
        value,
        other if plausible(register, other) else None,
        plausible(register, value),
    )
