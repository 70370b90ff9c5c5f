"""The alert rules of deploy/prometheus as names and expressions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

_NAME = re.compile(r"\bgreenoffice_\w+")


def rules_of(file: Path) -> list[dict[str, Any]]:
    """Every rule that the file states."""
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def names_of(file: Path) -> set[str]:
    """Every metric of ours that a rule asks for."""
    return {name for rule in rules_of(file) for name in _NAME.findall(rule["expr"])}
