"""What is given out cannot be changed by who gets it."""

from __future__ import annotations

from decimal import Decimal

import figures
from figures import Cost, Counted, Emission, Energy
from tests.figures.made import case_of, hourly
from tests.values import alone, changeable


def test_only_what_adds_up_can_change():
    assert changeable(figures) == {"DayTally", "Tally", "_Making", "_Slot"}


def test_what_holds_arrays_or_such_equals_itself_alone():
    holders = {"Energy", "Held", "Parts", "Period", "Priced", "RoleEnergy", "SharedPart", "SoFar"}
    holders |= {"FigureSheet", "Scaled", "SheetMoney", "MonthSoFar", "_Emitted", "_Group"}
    assert alone(figures) == holders


def test_what_is_left_unsaid_is_nothing():
    case = case_of(1, 1)
    assert Counted(case, case.evidence).part_of is None
    plain: Energy = hourly([1])
    assert (plain.silent, plain.exactly, plain.remainder) == ((), False, ())
    assert Cost() == Cost((), (), (), 0, 0, True)
    empty = Emission("kgco2", None)
    assert (empty.factors, empty.covered, empty.uncovered) == ((), 0, 0)
    assert Emission("kgco2", Decimal(1), uncovered=-1).whole is None
