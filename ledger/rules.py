"""The version of the booking rules: what a row says it was made by."""

from metering.book import RULES_VERSION as RULES_VERSION
"""Raised by whoever changes what the same readings and registry are booked as."""
