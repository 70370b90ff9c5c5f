"""The files that docs/registry.md shows of each kind of facts that has a file of its own."""

from __future__ import annotations

import re
from pathlib import Path

from metering.registry import Registry
from metering.registry.files import read_registry_texts
from metering.registry.merge import merged

DOCUMENT = Path(__file__).parents[1] / "docs" / "registry.md"
BASE = {
    "tree.csv": "code,parent,type,zone\ni,,institution,UTC\nb,i,building,\n",
    "meters.csv": "code,node,item\ncharging,b,01000\ncharging-kvarh,b,90000\n"
    "charging-kvarh-back,b,90000\n",
}
"""What they refer to."""


def shown(file: str) -> str:
    """The file in its section."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {re.escape(file)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    (found,) = re.findall(r"^```csv\n(.*?)^```", section, re.M | re.S)
    return str(found)


def registered(*files: str) -> Registry:
    """The base, and these files as they are shown."""
    texts = BASE | {file: shown(file) for file in files}
    return merged(Registry(), read_registry_texts(texts))
