"""Settings, wiring, supervision and the command line: the one place that knows every part."""
