"""What became of the inputs of one target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_SHOWN: Final = 5


@dataclass
class FuzzRow:
    """One row of the answer."""

    inputs: int = 0
    not_decoded: int = 0
    """Of which nothing was read, but a refusal with its reason."""
    stalls: int = 0
    worst_s: float = 0.0
    """For one input."""
    worst_bytes: int = 0
    """Of memory at once for one input; of processes, by how much they grew."""
    failures: list[str] = field(default_factory=list)
    """Which inputs broke which law."""

    def note(self, at: str, wrong: str) -> None:
        """Keep what is wrong with an input, where anything is."""
        if wrong:
            self.failures.append(f"{at}: {wrong}"[:500])

    @property
    def ok(self) -> bool:
        """Whether every law held."""
        return not self.failures and not self.stalls

    def told(self) -> dict[str, object]:
        """As the line of JSON has it; the first failures alone."""
        return {
            "inputs": self.inputs,
            "crashes": len(self.failures),
            "stalls": self.stalls,
            "not_decoded": self.not_decoded,
            "worst_s": round(self.worst_s, 4),
            "worst_bytes": self.worst_bytes,
            **({"failed": self.failures[:_SHOWN]} if self.failures else {}),
        }
