"""Every way in under every fault of the field: what was acknowledged is stored or a dead letter."""

from proofs.fault_ingest.check import run_fault_ingest

__all__ = ["run_fault_ingest"]
