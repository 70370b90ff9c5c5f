"""The built-in page: server-rendered, in Chinese and English, for people with a key."""

from api.page.visit import error_page, need_session, session_key
from api.page.wiring import install

__all__ = ["error_page", "install", "need_session", "session_key"]
