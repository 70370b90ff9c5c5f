"""Blocks of meters fitted and scored by the workers of a cluster."""

from __future__ import annotations

from distributed import Client, Future

from proofs.station import StationYears, meter_hashes

BLOCKS = (1, 5, 16, 17)
"""Meters of a block, one after the other: what a meter gets does not depend on its block."""


def spread_hashes(client: Client, block: StationYears) -> list[str]:
    """`meter_hashes`, worked out block by block on workers."""
    orders: list[Future] = []
    first = 0
    while first < len(block.energy):
        size = BLOCKS[len(orders) % len(BLOCKS)]
        orders.append(client.submit(meter_hashes, block.of(first, size), pure=False))
        first += size
    return [one for own in client.gather(orders) for one in own]
