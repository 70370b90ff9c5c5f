"""Outages of the servers and of the processes that work on them, while gateways push.

feed      what the gateways push, and the gateways      case      a case, and what it may use
scene     the processes over one data folder            owners, influx, postgres, broker, signs
ground    servers for all cases                                   the cases
numbers   what came of it, against undisturbed numbers  check     the proof
"""
