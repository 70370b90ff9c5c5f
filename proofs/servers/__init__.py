"""Real servers on free loopback ports, started and stopped by proofs and tests.

influx    InfluxDB of either generation       postgres   PostgreSQL
relay     HTTP passed on, or cut              mosquitto  an MQTT broker
"""
