"""The demo: a simulated campus on the real platform."""

from greenoffice.demo.command import run_demo
from greenoffice.demo.options import DemoOptions, DemoServers, history_months

__all__ = ["DemoOptions", "DemoServers", "history_months", "run_demo"]
