"""Milesight: one format for all its sensors, a table of channels for each model.

layout        how channels are written down      frame     reading a payload by them
device        what every device says of itself
air currents environment switches thermostats controllers people probes     the models

Names of values are those of the manufacturer's decoders, nested ones joined by dots. What those
tell as a text is a state here, its value the code on the wire; the head of each module says what
the codes mean. Records of the past have the same names, and their own times.
"""

from collector.profiles.milesight.air import AIR
from collector.profiles.milesight.controllers import CONTROLLERS
from collector.profiles.milesight.currents import CURRENTS
from collector.profiles.milesight.environment import ENVIRONMENT
from collector.profiles.milesight.people import PEOPLE
from collector.profiles.milesight.probes import PROBES
from collector.profiles.milesight.switches import SWITCHES
from collector.profiles.milesight.thermostats import THERMOSTATS
from collector.profiles.profile import Profile

MILESIGHT: dict[str, Profile] = {
    f"milesight/{model}": profile
    for models in (
        AIR, CONTROLLERS, CURRENTS, ENVIRONMENT, PEOPLE, PROBES, SWITCHES, THERMOSTATS,
    )
    for model, profile in models.items()
}  # fmt: skip
"""By `milesight/model` in lower case, a version after it: `milesight/ct103-v2`."""
