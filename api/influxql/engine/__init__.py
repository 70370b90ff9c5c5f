"""A statement over rows: which are wanted, how they are grouped, added up and shown.

The tables are handed in; the engine knows none of them.
"""
