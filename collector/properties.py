"""What MQTT 5 says beside a message: kept with it, and given to its decoder."""

from __future__ import annotations

import msgspec

MOST_USER_PROPERTIES = 64
"""Of more than these the first ones are kept."""


class Properties(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Properties of one message [MQTT 5, 3.3.2.3]; all empty where it had none, as over 3.1.1."""

    content_type: str = ""
    is_text: bool = False
    """The sender marked the payload as UTF-8."""
    user: tuple[tuple[str, str], ...] = ()
    """Names and values in their order; a name may stand several times."""
    response_topic: str = ""
    correlation: bytes = b""
    expiry_s: int | None = None

    def user_value(self, name: str) -> str | None:
        """The first user property of that name."""
        return next((value for key, value in self.user if key == name), None)


NO_PROPERTIES = Properties()
