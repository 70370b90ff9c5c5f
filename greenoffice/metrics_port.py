"""A port of its own for what a process counts, in the Prometheus text format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, start_http_server

from greenoffice.patience import patiently
from metering.errors import ConfigurationError


def serve_metrics(registry: CollectorRegistry, host: str, port: int, *, field: str) -> None:
    """Serve /metrics until the process ends; waits for a predecessor that is still ending.

    `field` is the setting or option that names the port. ConfigurationError where it cannot be had.
    """

    def serve() -> None:
        try:
            start_http_server(port, host, registry=registry)
        except OSError as refused:
            raise ConfigurationError(
                f"the port of /metrics cannot be had: {refused.strerror}",
                field=field,
                value=port,
                fix="name another port, or stop what listens there",
            ) from refused

    patiently(serve)
