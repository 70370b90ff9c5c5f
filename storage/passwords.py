"""Generated secrets, kept only as salted hashes.

    stored   hmac-sha256$<salt>$<hash>                          base64, one text column
             scrypt$10$8$1$<salt>$<hash>                        of those made before
             hmac-sha256$...new <until, us> scrypt$...old       both let in until then
             revoked                                            nothing lets in

Secrets are random and long (190 bits): no list of words and no computer reaches them, so the
hash only has to be one-way (NIST SP 800-63B, 5.1.2.2: approved and salted from 112 bits on). A
slow one would cost whoever guesses nothing more, and the gateways that all come back after a
restart 2 ms of a core each, one after the other. Of those that are stored so, the last answer per
name is remembered by a keyed digest, for as long as the stored hash stands.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import threading
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from metering.errors import Unavailable
from metering.tries import UNCOUNTED, Tries, unknown

_ALPHABET: Final = string.ascii_letters + string.digits
_LENGTH: Final = 32
"""190 random bits, in characters that no shell or URL minds."""
_SALT_BYTES = 16
_FAST: Final = "hmac-sha256"


def new_secret() -> str:
    """A random secret of 32 letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def hashed(secret: bytes) -> str:
    """The text to store for a secret as `new_secret` makes them, with a salt of its own."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return "$".join((_FAST, *(b64encode(one).decode() for one in (salt, _hmac(secret, salt)))))


REVOKED = "revoked"
"""Stands where a hash stood that somebody took away."""


def with_old(fresh: str, old: str | None, until_us: int) -> str:
    """The text to store for a renewed secret, `fresh` its hash, where the one before, as it is
    stored, is to let in too until an instant [us]. Of two that did the older one goes."""
    before = "" if old in (None, REVOKED) else (old or "").partition(" ")[0]
    return f"{fresh} {until_us} {before}" if before else fresh


def holding(stored: str | None, now_us: int) -> str | None:
    """The hashes that let in at an instant [us], separated by a space; None where none does."""
    if stored is None or stored == REVOKED:
        return None
    fresh, _, before = stored.partition(" ")
    until, _, old = before.partition(" ")
    return f"{fresh} {old}" if until.isdecimal() and now_us < int(until) else fresh


def matches(secret: bytes, stored: str) -> bool:
    """Whether the secret is one of those stored, hashes separated by a space; Unavailable where
    one of them cannot be read."""
    return any(_matches_one(secret, one) for one in stored.split(" "))


def _matches_one(secret: bytes, stored: str) -> bool:
    try:
        scheme, *parameters, salt, digest = stored.split("$")
        wanted = b64decode(digest)
        found = _SCHEMES[scheme](secret, b64decode(salt), *map(int, parameters))
    except (ValueError, TypeError, KeyError) as error:
        raise Unavailable(
            "a stored password hash is unreadable",
            field="password",
            fix="renew the password or key",
        ) from error
    return hmac.compare_digest(found, wanted)


class Verifier:
    """Checks secrets and remembers the last answer per name, for at most `size` names.

    One hash at a time: guesses from outside burn at most one core, also where it is a slow one.
    """

    def __init__(self, size: int = 20_000) -> None:
        self._size = size
        self._key = secrets.token_bytes(32)
        self._answers: OrderedDict[str, tuple[str, bytes, bool]] = OrderedDict()
        self._lock = threading.Lock()
        self._hashing = threading.Lock()

    def verify(self, name: str, secret: bytes, stored: str, tries: Tries = UNCOUNTED) -> bool:
        """Whether `secret` matches `stored`, the hash kept for `name` now. TooManyTries where that
        is not remembered and the name may not be tried."""
        digest = hashlib.blake2b(secret, key=self._key).digest()
        remembered = self._remembered(name, stored, digest)
        if remembered is not None:
            return remembered
        with self._hashing:
            # Who waited here may have come after the same secret, or after the last try.
            remembered = self._remembered(name, stored, digest)
            if remembered is not None:
                return remembered
            tries.check(name)
            answer = matches(secret, stored)
            if not answer:
                tries.failed(name)
            self._remember(name, stored, digest, answer)
        return answer

    def admits(
        self, name: str, secret: bytes, stored: str | None, tries: Tries = UNCOUNTED
    ) -> bool:
        """Whether there is such a name (None: there is not) and the secret is its own.
        TooManyTries as `verify`."""
        if stored is None:
            unknown(tries)
            return False
        return self.verify(name, secret, stored, tries)

    def _remembered(self, name: str, stored: str, digest: bytes) -> bool | None:
        with self._lock:
            known = self._answers.get(name)
            if known is None or known[0] != stored or not hmac.compare_digest(known[1], digest):
                return None
            self._answers.move_to_end(name)
            return known[2]

    def _remember(self, name: str, stored: str, digest: bytes, answer: bool) -> None:
        with self._lock:
            known = self._answers.get(name)
            if known is not None and known[0] == stored and known[2] and not answer:
                return  # a wrong guess must not push out the right password
            self._answers[name] = (stored, digest, answer)
            self._answers.move_to_end(name)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)


def _hmac(secret: bytes, salt: bytes) -> bytes:
    return hmac.digest(salt, secret, "sha256")


def _scrypt(secret: bytes, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    memory = 128 * r * (1 << log_n) * 2
    return hashlib.scrypt(secret, salt=salt, n=1 << log_n, r=r, p=p, maxmem=memory, dklen=32)


_SCHEMES: Final[Mapping[str, Callable[..., bytes]]] = {_FAST: _hmac, "scrypt": _scrypt}
"""From a secret, its salt and what stands before that."""
