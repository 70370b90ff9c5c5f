"""Payloads of other people's devices, what others made of them, and what our decoders make."""

from proofs.decode_table.check import run_decode_table

__all__ = ["run_decode_table"]
