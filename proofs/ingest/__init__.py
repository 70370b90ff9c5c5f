"""What `make bench-ingest` is made of.

wire    the MQTT packets of load and drain, which share nothing with the platform
load    a process that publishes packets it prepared before, as fast as they are acknowledged
drain   a process that subscribes, acknowledges and does nothing else
peers   Telegraf into InfluxDB, where both are on PATH
scene   platforms: embedded, and on servers
"""
