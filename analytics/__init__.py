"""Arrays in, findings out: baselines, detectors and what the books say their finds are worth."""

from analytics.ahead import Outlook, beyond, outlook
from analytics.baseline import Baseline, fit
from analytics.bins import HourCalendar, OfficeHours, Working
from analytics.cases import settle
from analytics.detectors import DETECTORS, FAULTS, UNPRICED, Limits
from analytics.feeding import BookRates, site_inputs, sites
from analytics.feeding_verdicts import day_verdicts
from analytics.fitting import FitSettings, Rung
from analytics.forecast import PROMISE, forecast_rest
from analytics.learning import Memory
from analytics.lessons import Lesson, lesson_of
from analytics.patterns import Checking, Need, PatternChecked, checked, provided
from analytics.pricing import FlatRates, Rates
from analytics.renewal import LONGEST_DAYS, may_be_due
from analytics.scan.again import Sights
from analytics.service import Inputs, Look, find, is_due, look
from analytics.silences import catching_up
from analytics.standing import SiteState, is_same, said_of, site_state
from analytics.verdicts import DayVerdict, VerdictKind, VerdictLack

__all__ = [
    "DETECTORS",
    "FAULTS",
    "LONGEST_DAYS",
    "PROMISE",
    "UNPRICED",
    "Baseline",
    "BookRates",
    "Checking",
    "DayVerdict",
    "FitSettings",
    "FlatRates",
    "HourCalendar",
    "Inputs",
    "Lesson",
    "Limits",
    "Look",
    "Memory",
    "Need",
    "OfficeHours",
    "Outlook",
    "PatternChecked",
    "Rates",
    "Rung",
    "Sights",
    "SiteState",
    "VerdictKind",
    "VerdictLack",
    "Working",
    "beyond",
    "catching_up",
    "checked",
    "day_verdicts",
    "find",
    "fit",
    "forecast_rest",
    "is_due",
    "is_same",
    "lesson_of",
    "look",
    "may_be_due",
    "outlook",
    "provided",
    "said_of",
    "settle",
    "site_inputs",
    "site_state",
    "sites",
]
