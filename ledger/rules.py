"""The version of the booking rules: what a row says it was made by."""

RULES_VERSION = 1
"""Raised by whoever changes what the same readings and registry are booked as."""
