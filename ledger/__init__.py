"""The ledger: readings become integer energy, and energy becomes books."""
