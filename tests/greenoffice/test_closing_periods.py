"""`greenoffice close`, `reopen` and `closings` on a data folder."""

from __future__ import annotations

import pytest

from greenoffice.closing import close, listed, reopen
from greenoffice.commands import init
from metering.errors import NotFound


def test_a_folder_without_the_institution_or_the_closing_says_so(tmp_path):
    data = tmp_path / "data"
    init(data, 8080, 1883, 9464, "en")
    for act in (lambda: close(data, "nobody", "2026-10", ""), lambda: listed(data, "nobody")):
        with pytest.raises(NotFound, match="no such institution"):
            act()
    for confirm in (False, True):
        with pytest.raises(NotFound, match="no such closing"):
            reopen(data, "c1", "a meter was read wrongly", confirm)
