"""So many gateways at once before one collector."""

from proofs.gateways.check import run_bench_gateways

__all__ = ["run_bench_gateways"]
