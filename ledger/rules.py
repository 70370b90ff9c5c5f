"""The version of the booking rules: what a row says it was made by.

Raised by whoever changes what the same readings and registry are booked as.
"""

from metering.book import RULES_VERSION

__all__ = ["RULES_VERSION"]
