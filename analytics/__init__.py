"""Arrays in, findings out: baselines, detectors and what the books say their finds are worth."""

from analytics.baseline import Baseline, fit
from analytics.bins import Clock, OfficeHours
from analytics.detectors import DETECTORS, Limits
from analytics.feeding import BookRates, site_inputs, sites
from analytics.fitting import Rung, Settings
from analytics.pricing import FlatRates, Rates
from analytics.report import CAUSES, finding_id
from analytics.service import Inputs, find

__all__ = [
    "CAUSES",
    "DETECTORS",
    "Baseline",
    "BookRates",
    "Clock",
    "FlatRates",
    "Inputs",
    "Limits",
    "OfficeHours",
    "Rates",
    "Rung",
    "Settings",
    "find",
    "finding_id",
    "fit",
    "site_inputs",
    "sites",
]
