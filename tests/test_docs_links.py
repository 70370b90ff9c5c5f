"""Documents that test themselves: links lead somewhere, commands exist, nothing is left out."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
ALONE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
DECODERS = sorted(ROOT.glob("collector/decode/*/README.md"))
DOCUMENTS = (
    *READMES,
    *(ROOT / name for name in ALONE),
    *sorted((ROOT / "docs").rglob("*.md")),
    *DECODERS,
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text(path):
    return path.read_text(encoding="utf-8")


def links(path):
    return LINK.findall(FENCE.sub("", text(path)))


def commands(path):
    return [
        line
        for language, code in FENCE.findall(text(path))
        if language == "sh"
        for line in code.splitlines()
    ]


def make_targets():
    return set(re.findall(r"^([a-z-]+):.*## ", text(ROOT / "Makefile"), re.MULTILINE))


def anchor(heading):
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def named(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_relative_links_lead_to_something(document):
    for link in links(document):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), f"{named(document)} links to {link}"
        if fragment:
            headings = re.findall(r"^#+ (.+)$", text(target), re.MULTILINE)
            assert fragment in map(anchor, headings), f"{named(document)} links to {link}"


def test_every_document_can_be_reached_from_the_readme():
    reached, waiting = set(), [READMES[0]]
    while waiting:
        document = waiting.pop()
        if document in reached or document.suffix != ".md" or not document.exists():
            continue
        reached.add(document)
        waiting += [
            (document.parent / link.partition("#")[0]).resolve()
            for link in links(document)
            if "://" not in link
        ]
    assert {named(document) for document in DOCUMENTS} <= {named(document) for document in reached}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_make_target_named_exists(document):
    inline = re.findall(r"`make ([a-z-]+)", text(document))
    fenced = [line.split()[1] for line in commands(document) if line.startswith("make ")]
    assert set(inline) | set(fenced) <= make_targets()


def test_the_readme_names_every_make_target_that_proves_something():
    written = "\n".join(commands(READMES[0]))
    for target in make_targets() - {"lock", "clean"}:
        assert f"make {target}" in written


def test_the_page_for_contributors_says_what_every_proof_guards():
    rows = re.findall(r"^\| `make ([a-z-]+)` \|", text(ROOT / "CONTRIBUTING.md"), re.MULTILINE)
    proofs = re.findall(
        r"^([a-z-]+):.*\n(?:\t@sh .*\n)?\t@\$\(PROVE\)", text(ROOT / "Makefile"), re.MULTILINE
    )
    assert len(proofs) > 8
    assert sorted(rows) == sorted([*proofs, "test-long"])


def test_the_licence_is_named_where_it_is_looked_for():
    project = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]
    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])
    words = text(ROOT / "LICENSE")
    assert "Apache License\n" in words
    assert "END OF TERMS AND CONDITIONS" in words
    for readme in READMES:
        assert "(LICENSE)" in text(readme)


def page_of(link):
    """What a link leads to, whichever language it is in."""
    return re.sub(r"-(?:en|zh)\.png$", ".png", link.replace("docs/zh/", "docs/").partition("#")[0])


def test_each_readme_leads_to_the_manual_in_its_language():
    english, chinese = READMES
    there = {path.name for path in (ROOT / "docs/zh").glob("*.md")}
    assert [one for one in links(english) if one.startswith("docs/zh/")] == ["docs/zh/README.md"]
    found = [one for one in links(chinese) if Path(one.partition("#")[0]).parent == Path("docs")]
    assert [one for one in found if Path(one.partition("#")[0]).name in there] == []


def test_both_readmes_say_the_same():
    english, chinese = READMES
    heading = re.compile(r"^(#+) ", re.MULTILINE)
    assert heading.findall(text(english)) == heading.findall(text(chinese))
    assert FENCE.findall(text(english)) == FENCE.findall(text(chinese))
    assert sorted({*map(page_of, links(english))} - {named(chinese)}) == sorted(
        {*map(page_of, links(chinese))} - {named(english)}
    )
    for mark in ("| [", "- **", "- ["):
        assert text(english).count(f"\n{mark}") == text(chinese).count(f"\n{mark}")


def test_the_readme_maps_every_package():
    for package in sorted(path.parent.name for path in ROOT.glob("*/__init__.py")):
        assert f"[`{package}/`]({package})" in text(READMES[0])


def test_every_subcommand_in_the_documents_exists():
    from greenoffice.cli import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    for document in DOCUMENTS:
        used = re.findall(r"(?:bin/|`)greenoffice ([a-z-]+)", text(document))
        assert set(used) <= known, named(document)


def test_every_setting_is_documented():
    from pydantic import BaseModel

    from greenoffice.settings import Settings

    operations = text(ROOT / "docs/operations.md")

    def names(model, prefix=""):
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                yield from names(field.annotation, f"{prefix}{name}.")
            else:
                yield prefix + name

    assert [name for name in names(Settings) if f"`{name}`" not in operations] == []


def test_every_reason_of_a_dead_letter_is_documented():
    reasons = set()
    for module in (ROOT / "collector").rglob("*.py"):
        for call in ast.walk(ast.parse(text(module))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                place = {"Problem": 0, "Refusal": 0, "_add": 3}.get(call.func.id, len(call.args))
                for argument in call.args[place : place + 1]:
                    if isinstance(argument, ast.Constant):
                        reasons.add(argument.value)
    gateways = text(ROOT / "docs/gateways.md")
    assert {"bad_json", "unknown_point", "conflicting"} <= reasons
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in gateways] == []


def test_every_metric_in_the_documents_exists():
    sources = "".join(
        text(path)
        for folder in ("collector", "api", "greenoffice")
        for path in (ROOT / folder).rglob("*.py")
    )
    for document in DOCUMENTS:
        for metric in re.findall(r"`greenoffice_(\w+?)(?:_total)?`", text(document)):
            assert f'_{metric}"' in sources or f'"{metric}"' in sources, metric


def test_every_column_of_the_registry_files_is_documented():
    from metering.registry.files import TABLES

    sections = dict(
        re.findall(
            r"^## (\w+\.csv)\n(.*?)(?=^## |\Z)",
            text(ROOT / "docs/registry.md"),
            re.MULTILINE | re.DOTALL,
        )
    )
    assert sections.keys() == TABLES.keys()
    for file, table in TABLES.items():
        rows = re.findall(r"^\| `(\w+)` \| (yes)? *\|", sections[file], re.MULTILINE)
        assert sorted(name for name, needed in rows if needed) == sorted(table.required), file
        assert sorted(name for name, _ in rows) == sorted(table.columns), file


def test_every_term_of_the_code_stands_in_the_glossary():
    from metering import quality
    from metering.reading import Kind, Outcome

    glossary = text(ROOT / "docs/glossary.md")
    for name in (*quality.NAMES, *Kind, *(o.name.lower() for o in Outcome if o is not Outcome.NEW)):
        assert name in glossary


@pytest.mark.parametrize("code", sorted((ROOT / "docs/adr").glob("0*.md")), ids=lambda p: p.stem)
def test_every_decision_has_the_same_sections_and_a_number_of_its_own(code):
    headings = re.findall(r"^#+ (.+)$", text(code), re.MULTILINE)
    assert headings[0].startswith(code.name[:4])
    assert headings[1:] == ["Objective", "Is", "Is not", "Consequences"]
    assert f"({code.name})" in text(code.parent / "README.md")
