"""How to start a Grafana on a provisioning folder, for oneself on this machine."""

from __future__ import annotations

from pathlib import Path

from texts import code_of, own


def environment(
    provisioning: Path, data: Path, port: int, language: str = "zh-CN"
) -> dict[str, str]:
    """Variables for `grafana-server`: on loopback, boards open at once, nothing sent out.

    Whoever reaches the port may look, as on the board of a wall; nobody can change anything.
    """
    provisioning, data = provisioning.resolve(), data.resolve()
    home = provisioning / "boards" / f"greenoffice-campus-{code_of(language)}.json"
    return {
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_PATHS_DATA": str(data),
        "GF_PATHS_LOGS": str(data / "log"),
        "GF_PATHS_PLUGINS": str(data / "plugins"),
        "GF_PATHS_PROVISIONING": str(provisioning),
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_NEWS_NEWS_FEED_ENABLED": "false",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_USERS_DEFAULT_THEME": "light",
        "GF_LOG_MODE": "console",
        "GF_LOG_LEVEL": "warn",
        "GF_USERS_DEFAULT_LANGUAGE": own(language, zh="zh-Hans", en="en-US"),
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(home),
    }
