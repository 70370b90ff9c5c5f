"""What somebody says of a history that is to be loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from collector.tables import HistoryForm
from metering.errors import InvalidInput
from metering.history_load import HistoryAnswers
from metering.registry import Registry
from metering.tables import TextForm


@dataclass(frozen=True)
class HistoryOptions(HistoryAnswers):
    """Which files, to which points, and how they are written."""

    files: tuple[Path, ...] = ()
    mapping: Path | None = None
    dry_run: bool = False
    reason: str = ""
    """Why new meters are made."""

    @property
    def text(self) -> TextForm:
        """How texts are written."""
        return TextForm(self.encoding, self.separator)

    def form(self, registry: Registry) -> HistoryForm:
        """How their values are written. InvalidInput where no zone is said, the place of new meters
        tells none, and the sites have several, or none is registered."""
        return HistoryForm(
            zone=self.zone or _zone(registry, self.gateway, self.node),
            date=self.date,
            decimal=self.decimal,
            unit=self.unit,
            label=self.label,
            interval_min=self.interval_min,
            time=self.time,
            meter=self.meter,
        )


def _zone(registry: Registry, gateway: str, node: str) -> str:
    if node in registry.nodes and not gateway:
        return registry.zone(node)
    chosen = [gateway] if gateway else list(registry.gateways)
    sites = {one.partition("/")[0] for one in chosen}
    zones = sorted({registry.zone(site) for site in sites if site in registry.nodes})
    if len(zones) != 1:
        raise InvalidInput(
            f"the sites are in {len(zones)} time zones",
            field="--zone",
            value=" ".join(zones),
            fix="say that of the file, such as --zone Asia/Shanghai",
        )
    return zones[0]
