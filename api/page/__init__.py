"""The built-in page: server-rendered, in Chinese and English, for people with a key."""

from api.page.wiring import install

__all__ = ["install"]
