"""The built-in page: server-rendered, in Chinese and English, for people with a key."""

from api.page.visit import error_page, session_key
from api.page.wiring import install

__all__ = ["error_page", "install", "session_key"]
