"""A ratio as it stands on a transformer, in files and forms, for people who read it there."""

from __future__ import annotations

from decimal import Decimal

import pytest

from metering.errors import InvalidFiles
from metering.registry.files import read_registry_texts
from metering.tables import transformer_ratio

TREE = "code,parent,type,zone\no,,institution,UTC\ns,o,site,\n"


def ratio_of(text: str) -> Decimal:
    files = {
        "tree.csv": TREE,
        "gateways.csv": "site,code\ns,g\n",
        "meters.csv": "code,node,item\nm,s,01000\n",
        "points.csv": f"gateway,point,kind,unit,meter,ratio\ns/g,p,register,kWh,m,{text}\n",
    }
    (installed,) = read_registry_texts(files).installations
    return installed.ratio


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        *(
            ("200/5", 40),
            ("200／5", 40),
            ("200/5A", 40),
            ("200 A / 5 A", 40),
            ("200A/5", 40),
            ("10000:100V", 100),
        ),
        *(("1/1", 1), ("250/200", "1.25"), ("40", 40), ("1.5", "1.5")),
    ],
)
def test_what_stands_on_a_transformer_is_its_quotient(text: str, ratio: int | str) -> None:
    assert ratio_of(text) == Decimal(ratio)


@pytest.mark.parametrize(
    "text", ["5/200", "200/3", "200/0", "200/5/2", "200 A/5 V", "200/-5", "2026/10/1"]
)
def test_what_may_be_meant_otherwise_is_refused_with_the_number_to_write(text: str) -> None:
    assert transformer_ratio(text) is None
    with pytest.raises(InvalidFiles) as refused:
        ratio_of(text)
    (problem,) = refused.value.problems
    assert (problem.column, problem.value, problem.problem) == ("ratio", text, "not a ratio")
    assert "40 for 200/5" in problem.fix
