"""Arrays in, findings out: baselines, detectors and the price of what they find."""
