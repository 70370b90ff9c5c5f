"""The whole way from socket to books in one process, under a scheduler that a seed decides.

runtime   an event loop over virtual time, processes, and threads that take turns
disk      files that forget what was not synced, tear, fill up and flip bits
sqlite    the standard library's face over a SQLite whose files lie there
network   connections that cut, delay and break off
gateways  meters and the MQTT clients in front of them, written apart from the collector
platform  the product's own parts, started, killed and mended
faults    what goes wrong, and when
laws      what must hold once all is at rest
"""
