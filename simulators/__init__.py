"""A simulated campus: buildings, a data centre and gateways that push over MQTT."""
