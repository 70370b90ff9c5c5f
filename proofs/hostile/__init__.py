"""Attacks from outside on a running platform, while good gateways and keys work."""
