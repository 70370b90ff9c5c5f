"""Arrays in, findings out: baselines, detectors and what the books say their finds are worth."""

from analytics.baseline import Baseline, fit
from analytics.bins import Clock, OfficeHours
from analytics.cases import settle
from analytics.detectors import DETECTORS, Limits
from analytics.feeding import BookRates, site_inputs, sites
from analytics.fitting import Rung, Settings
from analytics.pricing import FlatRates, Rates
from analytics.report import CAUSES
from analytics.service import Inputs, Look, find, look

__all__ = [
    "CAUSES",
    "DETECTORS",
    "Baseline",
    "BookRates",
    "Clock",
    "FlatRates",
    "Inputs",
    "Limits",
    "Look",
    "OfficeHours",
    "Rates",
    "Rung",
    "Settings",
    "find",
    "fit",
    "look",
    "settle",
    "site_inputs",
    "sites",
]
