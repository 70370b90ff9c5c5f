"""Arrays in, findings out: baselines, detectors and the price of what they find."""

from analytics.baseline import Baseline, fit
from analytics.bins import Clock, OfficeHours
from analytics.detectors import DETECTORS, Limits
from analytics.fitting import Rung, Settings
from analytics.report import CAUSES, finding_id
from analytics.service import Inputs, find

__all__ = [
    "CAUSES",
    "DETECTORS",
    "Baseline",
    "Clock",
    "Inputs",
    "Limits",
    "OfficeHours",
    "Rung",
    "Settings",
    "find",
    "finding_id",
    "fit",
]
