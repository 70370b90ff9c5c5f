"""What an absent package says."""

from importlib import import_module

import pytest

from metering.errors import ConfigurationError
from metering.extras import extra


def test_an_absent_package_says_which_extra_has_it():
    said = r"no_such_package.*greenoffice\[reports\]"
    with pytest.raises(ConfigurationError, match=said), extra("reports"):
        import_module("no_such_package")


def test_another_failure_of_an_import_stays_what_it_is():
    with pytest.raises(ImportError, match="cannot import name"), extra("reports"):
        from metering.extras import no_such_name  # noqa: F401
