"""How often Python looks for objects that only hold each other.

Its usual look at all objects comes with every quarter more of them. A ledger holds rows and
readings by the hundred thousand, next to none of them in circles, and a fifth of its time went into
looking.
"""

import gc
from typing import Final

THRESHOLDS: Final = (50_000, 20, 100)
"""New objects before those are looked at; such looks before what they left is; and those before all
is."""


def look_seldom() -> None:
    """For this process, from now on."""
    gc.set_threshold(*THRESHOLDS)
