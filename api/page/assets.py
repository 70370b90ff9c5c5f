"""The page's own style, script and icon, and the chart library from its wheel.

A page names a file with a hash of its content, `page.1f2e3d4c5b6a.css`, so that browsers keep it
for good; by its plain name it is kept for a minute.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

import plotly

STATIC = Path(__file__).parent / "static"
PLOTLY: Final = "plotly.min.js"
FILES: dict[str, tuple[Path, str]] = {
    "page.css": (STATIC / "page.css", "text/css"),
    "page.js": (STATIC / "page.js", "text/javascript"),
    "icon.svg": (STATIC / "icon.svg", "image/svg+xml"),
    PLOTLY: (Path(plotly.__file__).parent / "package_data" / PLOTLY, "text/javascript"),
}
FOR_GOOD: Final = "public, max-age=31536000, immutable"
FOR_A_MINUTE: Final = "public, max-age=60"
HASH_DIGITS: Final = 12


@dataclass(frozen=True)
class Asset:
    """A file of the page."""

    path: Path
    media: str

    @cached_property
    def name(self) -> str:
        """With the hash of its content."""
        told = sha256(self.path.read_bytes()).hexdigest()[:HASH_DIGITS]
        return f"{self.path.stem}.{told}{self.path.suffix}"

    @cached_property
    def compressed(self) -> bytes:
        """By gzip; the same bytes each time."""
        return gzip.compress(self.path.read_bytes(), mtime=0)


@cache
def asset(name: str) -> Asset:
    """The file of a plain name."""
    return Asset(*FILES[name])


def way_to(name: str) -> str:
    """Where a page finds the file of a plain name."""
    return f"/static/{asset(name).name}"


def found(name: str) -> tuple[Asset, str] | None:
    """The file of a plain name, or of one with its hash, and for how long it may be kept; None
    where there is none."""
    if name in FILES:
        return asset(name), FOR_A_MINUTE
    own = next((asset(one) for one in FILES if asset(one).name == name), None)
    return None if own is None else (own, FOR_GOOD)
