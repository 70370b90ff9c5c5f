"""A workbook on the page: fetched, filled in, shown with what it moves, and taken in as shown."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from api.page.setup_workbook import MOST_BYTES, XLSX
from greenoffice.registry_files import read_uploaded
from greenoffice.registry_workbook import registry_workbook
from tests.api.conftest import client_of

PATH = "/setup/workbook"


class Filling:
    """Whoever describes the platform by a workbook."""

    def __init__(self, world, signed):
        def read(files, end_missing=None):
            return read_uploaded(files, world.platform.registry(), end_missing=end_missing)

        self.platform = replace(
            world.platform,
            read_uploaded=read,
            workbook=lambda registry, language: registry_workbook(language, registry),
        )
        self.client = client_of(self.platform)
        self.csrf = signed(replace(world, platform=self.platform, client=self.client), "whole").csrf

    def look(self, content, **given):
        """The page after a workbook was given."""
        data = {"csrf": self.csrf, "step": "look", **given}
        return self.client.post(PATH, data=data, files={"file": ("o.xlsx", content, XLSX)})

    def save(self, page, **given):
        """What comes of saving what a page shows."""
        held = {one: re.search(rf'name="{one}" value="([^"]*)"', page)[1] for one in HELD}
        files = {"none": ("", b"")}  # a multipart form without a file of its own
        data = {"csrf": self.csrf, "step": "save", **held, **given}
        return self.client.post(PATH, data=data, files=files, follow_redirects=False)

    def registered(self):
        """The places that are registered; units of points of this world contradict its meters."""
        book = load_workbook(io.BytesIO(self.client.get("/setup/template?registered=true").content))
        for name in book.sheetnames:
            if name != "tree":
                del book[name]
        return saved(book)


HELD = ("seal", "name", "held")


@pytest.fixture
def filling(world, signed):
    return Filling(world, signed)


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(content, sheet, **cells):
    """The workbook with cells written otherwise."""
    book = load_workbook(io.BytesIO(content))
    for place, value in cells.items():
        book[sheet][place] = value
    return saved(book)


def area(platform, code):
    return platform.registry().nodes[code].area_m2


def place_of(content, code):
    """The cell of the area of a place."""
    cells = load_workbook(io.BytesIO(content))["tree"]
    column = next(one.column_letter for one in cells[1] if one.value == "area_m2")
    return next(f"{column}{row[0].row}" for row in cells if row[0].value == code)


def test_the_workbook_to_fill_in_changes_nothing_as_it_is(filling):
    answer = filling.client.get("/setup/template")
    assert answer.headers["content-type"] == XLSX
    assert 'href="/setup/workbook"' in filling.client.get("/setup").text
    empty = filling.look(answer.content).text
    assert 'role="alert"' in empty, "examples alone are nothing to take in"
    assert "Nothing would change" in filling.look(filling.registered()).text


def test_what_is_registered_is_given_out_as_a_building_model_too(filling):
    page = filling.client.get("/setup/workbook").text
    for path, media in (
        ("/setup/model", "text/turtle; charset=utf-8"),
        ("/setup/model?haystack=true", "application/json"),
    ):
        assert f'href="{path}"' in page
        answer = filling.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert "campus" in answer.text


def test_what_it_moves_is_shown_and_then_saved(filling):
    book = filling.registered()
    before = filling.platform.registry().version
    filled = changed(book, "tree", **{place_of(book, "office-a"): "4321"})
    page = filling.look(filled).text
    assert "4321" in page
    assert filling.platform.registry().version == before
    answer = filling.save(page, reason="measured anew")
    assert (answer.status_code, answer.headers["location"]) == (303, "/setup")
    assert area(filling.platform, "office-a") == 4321
    entry = filling.platform.access.entries(None, limit=1)[0]
    assert (entry.action, entry.reason) == ("registry.apply", "measured anew")


def test_what_was_not_shown_is_not_saved_by_a_workbook(filling):
    book = filling.registered()
    shown = filling.look(changed(book, "tree", **{place_of(book, "office-a"): "4321"})).text
    other = filling.look(changed(book, "tree", **{place_of(book, "office-a"): "5"})).text
    held = re.search(r'name="held" value="([^"]*)"', other)[1]
    page = filling.save(shown, held=held, reason="x").text
    assert "not what was shown" in page
    assert area(filling.platform, "office-a") not in (5, 4321)
    assert filling.save(page, reason="seen").status_code == 303
    assert area(filling.platform, "office-a") == 5


def test_a_complete_month_needs_a_reason_of_a_workbook_too(filling):
    book = filling.registered()
    filled = changed(book, "tree", **{place_of(book, "office-a"): "4321"})
    page = filling.look(filled).text
    refused = filling.save(page)
    assert refused.status_code == 200
    assert 'role="alert"' in refused.text
    assert "4321" in refused.text, "what it moves still stands there"
    assert area(filling.platform, "office-a") != 4321


def test_what_is_wrong_is_told_with_its_place_and_nothing_is_changed(filling):
    book = filling.registered()
    wrong = changed(book, "tree", **{place_of(book, "office-a"): "large"})
    page = filling.look(wrong).text
    assert "large" in page
    assert "<code>area_m2</code>" in page
    assert 'id="setup-preview"' not in page
    for content in (b"", b"code,parent\n", b"PK" + b"0" * MOST_BYTES, b"PK\x03\x04 no zip"):
        answer = filling.look(content)
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text, content[:20]
        assert 'id="setup-preview"' not in answer.text


def test_a_form_without_its_token_or_above_its_bound_is_refused(filling):
    book = filling.registered()
    assert filling.look(book, csrf="x").status_code == 403
    assert filling.look(b"0" * (9 << 20)).status_code == 413
