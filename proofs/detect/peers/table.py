"""The peers that are asked in an environment of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proofs.detect.peers.boosted import boosted_band, boosted_mean
from proofs.detect.peers.centres import day_types
from proofs.detect.peers.days import MeterDays
from proofs.detect.peers.given import Floats
from proofs.detect.peers.motifs import profile_of_loads, profile_of_shapes
from proofs.detect.peers.opendsm_hourly import opendsm_hourly
from proofs.detect.peers.outliers import ecod, isolation_forest
from proofs.detect.peers.seasonal import seasonal

PEERS: Final[dict[str, Callable[[MeterDays], Floats]]] = {
    "pyod isolation forest": isolation_forest,
    "pyod ecod": ecod,
    "adtk seasonal": seasonal,
    "stumpy aamp": profile_of_loads,
    "stumpy stump": profile_of_shapes,
    "k-means": day_types,
    "boosted quantiles": boosted_band,
    "boosted mean": boosted_mean,
    "opendsm hourly": opendsm_hourly,
}
"""How strange each day of a meter is, (days,), by name; a package is loaded when it is asked."""
