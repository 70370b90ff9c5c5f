"""Every way in under every fault of the field: what was acknowledged is stored or a dead letter."""
