"""Device profiles: what the bytes of a LoRaWAN device say, by vendor and model.

A module per vendor, each with its own dict of `vendor/model`; `PROFILES` joins them.

profile   what a profile is      table   all of them, and finding one by name
"""

import collector.decode  # noqa: F401  (it reads this table in turn: it has to be first)
from collector.profiles.profile import Profile
from collector.profiles.table import PROFILES, find_profile

__all__ = ["PROFILES", "Profile", "find_profile"]
