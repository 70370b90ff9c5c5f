"""Faults of meters and gateways, each on a made-up plant whose energy is known to the second.

    plant ─▶ feed, what a gateway sends ─▶ a fault ─▶ messages ─▶ platform ─▶ figures
      │                                                                          │
      └───────────────── what passed, and what good readings bound ─▶ judge ◀────┘

Nothing of the ledger is asked what is right: a slot between good neighbouring readings is known to
the last unit, and what a fault touches is bounded by the good readings around it.
"""
