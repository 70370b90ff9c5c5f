"""Closed periods: whatever comes later, their numbers are those that were closed."""
