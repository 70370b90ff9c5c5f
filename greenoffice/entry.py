"""Where every command begins. What is asked every few seconds is answered before anything large is
loaded; all else is left to the whole command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point."""
    if sys.argv[1:2] == ["health"]:
        from greenoffice.quick_health import answered

        status = answered(sys.argv[2:])
        if status is not None:
            sys.exit(status)
    from greenoffice import garbage

    garbage.look_seldom()  # also while all that is loaded: it holds no circles to find
    from greenoffice.cli import main as whole

    whole()
