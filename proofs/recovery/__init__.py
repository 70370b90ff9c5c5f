"""Faults done to a running platform and undone: what is seen, told, kept and mended by itself."""
