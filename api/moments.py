"""What `as_of` says: a revision of the books, and by which version of the registry.

57       the books at revision 57, under the present registry
57@12    and under version 12 of the registry: its tree, prices and factors
c7       what closing 7 pins
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from api.caller import Caller
from figures import AsOf
from metering.closing import Closing, no_such_closing, number_of_closing
from metering.errors import InvalidInput
from reports import moment_of

FORM: Final = (
    "REVISION, REVISION@VERSION of the registry, or the name of a closing; such as 57@12 or c7"
)
_FORM = re.compile(r"([1-9][0-9]{0,14})(?:@([1-9][0-9]{0,14}))?", re.ASCII)


def as_of_text(caller: Caller, text: str, institution: str) -> AsOf:
    """The moment that a text says, of the institution where it is a revision.

    InvalidInput where it says none; NotFound for a closing that is none, or of an institution that
    the key reaches nothing of.
    """
    if text.startswith("c"):
        return moment_of(closing_of(caller, text))
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidInput("not a moment of the books", field="as_of", value=text, fix=FORM)
    revision, version = found.groups()
    return AsOf(institution, int(revision), None if version is None else int(version))


def moment_at(caller: Caller, as_of: str | None, node: str, last: date) -> AsOf | None:
    """The moment that is asked for, None where none is; a revision is that of the institution
    which the node is of on a local day. Errors as of `as_of_text`."""
    if as_of is None:
        return None
    body = caller.reach.registry.institution(node, caller.reach.last_day(node, last))
    return as_of_text(caller, as_of, body or caller.reach.institution_of(node))


def closed_moment(caller: Caller, as_of: str | None) -> AsOf | None:
    """The moment of a closing, None where none is asked for. InvalidInput for a revision, which
    does not say what people had stated by then."""
    if as_of is None:
        return None
    if not as_of.startswith("c"):
        raise InvalidInput(
            "a revision does not say what had been entered by then",
            field="as_of",
            value=as_of,
            fix="the name of a closing, such as c7",
        )
    return as_of_text(caller, as_of, "")


def closing_of(caller: Caller, name: str) -> Closing:
    """A closing of an institution that the key reaches something of."""
    found = caller.platform.closings.closing(number_of_closing(name))
    if found is None or found.institution not in caller.reach.institutions:
        raise no_such_closing(name)
    return found
