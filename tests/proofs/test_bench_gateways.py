"""A collector with few handles: as many gateways as fit, the rest told so, files still opened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from greenoffice.handles import for_connections
from proofs.gateways.check import fits, gateways_scene, measured

HARD = 256
GATEWAYS = 400


def test_with_few_handles_as_many_are_let_in_as_fit_and_the_rest_are_told(tmp_path: Path) -> None:
    with gateways_scene(tmp_path, GATEWAYS, HARD) as scene:
        result = asyncio.run(measured(scene, 0.5))
        result |= {"journalled": scene.journalled(), "runs": scene.process.poll() is None}
    assert result["connected"] == for_connections(HARD)
    assert result["refused"].keys() == {"3", "137"}
    assert result["soft_limit_after"] == HARD
    assert result["handles_open"] < HARD
    assert fits(result), result


GOOD: dict[str, Any] = {
    "gateways": 400,
    "hard_limit": HARD,
    "connected": 64,
    "after_restart": {"connected": 64},
    "refused_politely": 336,
    "sent": 9,
    "acknowledged": 9,
    "journalled": 9,
    "comes_in_later": True,
    "runs": True,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"connected": 63, "refused_politely": 337},
        {"after_restart": {"connected": 63}},
        {"refused_politely": 335},
        {"journalled": 8},
        {"acknowledged": 8},
        {"comes_in_later": False},
        {"runs": False},
    ],
)
def test_what_the_proof_would_notice(wrong: dict[str, Any]) -> None:
    assert fits(GOOD)
    assert not fits(GOOD | wrong)
