"""Real servers on free loopback ports, started and stopped by proofs and tests.

influx    InfluxDB of either generation       postgres   PostgreSQL
relay     HTTP passed on, held or refused     mosquitto  an MQTT broker
hanging   a PostgreSQL that stands still, or is killed with all its processes
"""
