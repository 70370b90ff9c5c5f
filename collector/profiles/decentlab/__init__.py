"""Decentlab: one frame for all its sensors, a table of groups for each model.

layout   how values are written down     formulas   those that are no straight line
frame    reading a payload by them       models     the models

Names of values are those of the manufacturer's decoders.
"""

from collector.profiles.decentlab.models import MODELS
from collector.profiles.profile import Profile

DECENTLAB: dict[str, Profile] = {f"decentlab/{model}": profile for model, profile in MODELS.items()}
"""By `decentlab/model` in lower case: `decentlab/dl-pm`."""
