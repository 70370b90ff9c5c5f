"""A reload of a page that shows a secret sends its form again: it makes no second secret."""

from __future__ import annotations

import re

import pytest

from tests.api.test_page_admin import PageOf

NEW_KEY = {"name": "Chen Wei", "node": "office-a", "role": "read"}
NEW_GATEWAY = {"site": "campus", "code": "gw-9"}


@pytest.fixture
def admin(world, signed):
    return PageOf(world, signed, "bureau")


def second_form(admin, path, **first):
    """Where the form that asks for the reason goes, and what it sends with one."""
    shown = admin.post(path, **first)
    form = shown[shown.index('id="confirm"') :]
    held = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))
    return re.search(r'action="([^"]*)"', form)[1], {**held, "step": "save", "reason": "agreed"}


def secret_in(text):
    return re.search(r"<code>(go_[^<]+)</code>", text)[1]


def keys_of_chen(admin):
    known = admin.platform.access.keys()
    return [one.id for one in known if one.name == "Chen Wei"]


def test_a_new_key_is_made_once_however_often_its_form_is_sent(admin):
    action, form = second_form(admin, "/keys/new", **NEW_KEY)
    secret = secret_in(admin.post(action, **form))
    again = admin.post(action, 409, **form)
    assert "this was done already" in again
    assert secret not in again
    assert keys_of_chen(admin) == [admin.platform.access.key(secret).id]
    admin.confirmed("/keys/new", status=200, **NEW_KEY)
    assert len(keys_of_chen(admin)) == 2


def test_a_secret_that_was_shown_opens_after_a_reload_too(admin):
    key = admin.key("reader").id
    action, form = second_form(admin, f"/keys/{key}/rotation")
    secret = secret_in(admin.post(action, **form))
    admin.post(action, 409, **form)
    assert admin.platform.access.key(secret) is not None


def test_a_password_that_was_shown_stays_that_of_its_gateway(admin):
    action, form = second_form(admin, "/gateways/campus/gw-1/password")
    admin.post(action, **form)
    before = admin.platform.access.entries(None, limit=1)[0]
    admin.post(action, 409, **form)
    assert admin.platform.access.entries(None, limit=1)[0] == before


def test_a_form_that_was_refused_may_be_sent_again(admin):
    for path, first in (("/keys/new", NEW_KEY), ("/gateways/new", NEW_GATEWAY)):
        action, form = second_form(admin, path, **first)
        admin.post(action, 422, **{**form, "reason": " "})
        admin.post(action, 200, **form)
        admin.post(action, 409, **form)
