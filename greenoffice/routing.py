"""Routes of the settings, checked as those of the registry are."""

from __future__ import annotations

from collector.routes import check_route
from greenoffice.settings import RouteSettings, Settings
from metering.errors import ConfigurationError, InvalidInput
from metering.registry import Route
from metering.registry.routes import options_text


def settings_routes(settings: Settings) -> tuple[Route, ...]:
    """Routes that stand behind the registered ones.

    Raises ConfigurationError for the first that is of no use, or stands twice.
    """
    found: list[Route] = []
    for place, one in enumerate(settings.routes):
        try:
            route = Route(one.gateway, one.topic, one.decoder, options_text(one.options.items()))
            check_route(route)
            _check_alone(one, found)
        except InvalidInput as error:
            raise ConfigurationError(
                f"a route cannot be used: {error.message}",
                field=f"routes.{place}.{error.field}",
                value=error.value,
                fix=f"{error.fix}; set it in greenoffice.toml",
            ) from error
        found.append(route)
    return tuple(found)


def _check_alone(one: RouteSettings, others: list[Route]) -> None:
    if any((route.gateway, route.topic) == (one.gateway, one.topic) for route in others):
        raise InvalidInput(
            "the same topic a second time", field="topic", value=one.topic, fix="leave one of them"
        )
