"""Other people's MQTT clients before a running platform, each as its documentation uses it."""

from proofs.interop.check import run_interop

__all__ = ["run_interop"]
