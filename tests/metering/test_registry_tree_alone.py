"""A tree.csv by itself that divides a place whose parents are registered."""

from __future__ import annotations

from datetime import date

import pytest

from metering.errors import InvalidInput
from metering.registry import Registry
from metering.registry.files import read_registry_texts
from metering.registry.merge import merged

HEAD = "code,parent,type,share,valid_from,valid_to\n"
SINCE = "h,s,building,0.6,2026-11-01,\nh,t,building,0.4,2026-11-01,\n"


def present() -> Registry:
    rows = "a,,institution\nb,,institution\ns,a,site\nt,b,site\nh,s,building\n"
    zoned = "".join(f"{row},{zone}\n" for row in rows.split() for zone in ["Asia/Shanghai"])
    return read_registry_texts({"tree.csv": "code,parent,type,zone\n" + zoned})


def test_it_divides_the_place_where_the_registered_row_is_ended() -> None:
    known = present()
    text = HEAD + "h,s,building,,,2026-11-01\n" + SINCE
    told = merged(known, read_registry_texts({"tree.csv": text}, known))
    assert [body for _, body in told.bodies("h")] == ["a", ""]
    assert told.institution("h", date(2026, 10, 31)) == "a"


def test_it_says_how_where_the_registered_row_still_holds() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_registry_texts({"tree.csv": HEAD + SINCE}, present())
    text = str(caught.value)
    assert "share = '0.4': two shares of one parent at once" in text
    assert "end one that is registered by its row with valid_to" in text
