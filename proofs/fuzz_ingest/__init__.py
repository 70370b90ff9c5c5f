"""Mutated input of every kind, against every decoder and every way in."""
