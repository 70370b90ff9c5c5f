"""Replay: push a recorded long table over MQTT, as the gateway that recorded it would have."""
