"""What all tests share."""

from hypothesis import HealthCheck, settings

# The machine that runs the tests may be slow or busy: laws are judged by results, not by time.
settings.register_profile(
    "laws", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("laws")
