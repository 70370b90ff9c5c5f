"""`greenoffice grafana provision`: a folder for Grafana to start on, with keys of its own."""

from __future__ import annotations

from pathlib import Path

from dashboards import write_provisioning
from greenoffice.folder import DataFolder, write_secret
from greenoffice.stores import open_stores
from metering.access import ActorKind, Role, by_command
from storage.passwords import new_secret


def provision_grafana(
    folder: DataFolder, target: Path, api_url: str, *, verified: bool = True
) -> Path:
    """Write data source and boards; a key to read and an administrator's password, once. Not
    `verified`: Grafana takes any certificate of the API."""
    admin = target / "admin.password"
    key = _key(folder, target / "grafana.key")
    written = write_provisioning(target, api_url, key, verified=verified)
    if not admin.exists():
        write_secret(admin, new_secret())
    return written


def _key(folder: DataFolder, file: Path) -> str:
    """The key Grafana has already, or a new one."""
    if file.exists():
        return file.read_text(encoding="utf-8").strip()
    return open_stores(folder).access.create_key(
        "grafana",
        "",
        Role.READ,
        actor=str(by_command("grafana provision", ActorKind.SYSTEM)),
        now_us=folder.clock().now_us(),
    )
