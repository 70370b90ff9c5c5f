"""What `as_of` says: a revision of the books, and by which version of the registry.

57       the books at revision 57, under the present registry
57@12    and under version 12 of the registry: its tree, prices and factors
"""

from __future__ import annotations

import re
from typing import Final

from figures import AsOf
from metering.errors import InvalidInput

FORM: Final = "REVISION, or REVISION@VERSION of the registry, such as 57@12"
_FORM = re.compile(r"([1-9][0-9]{0,14})(?:@([1-9][0-9]{0,14}))?")


def as_of_text(text: str, institution: str) -> AsOf:
    """The moment of an institution's books that a text says; InvalidInput where it says none."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidInput("not a moment of the books", field="as_of", value=text, fix=FORM)
    revision, version = found.groups()
    return AsOf(institution, int(revision), None if version is None else int(version))
