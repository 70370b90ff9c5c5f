"""The built-in page: server-rendered, in Chinese and English, for people with a key."""

from api.page.install import install

__all__ = ["install"]
