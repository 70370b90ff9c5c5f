"""Cleaning of cumulative registers: which readings stand, and what lies between them.

readings ─▶ rates      how fast the register may run, registered or learned
         ─▶ story      the cheapest chain of links through the readings
         ─▶ decisions  the same by time, with what is told of it
"""
