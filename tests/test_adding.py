"""What it takes to add a part: done in a copy of the tree, whose own checks must then pass.

Each addition is a set of files and the lines that change others; so a test names every file that
had to be touched, and fails as soon as one more place needs to know.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.sql.migrate import head

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".venv",
    ".peers",
    ".interop",
    ".demo",
    "demo-data",
    ".git",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "upgrades",
    "simulators",
)


@dataclass(frozen=True)
class Addition:
    """What somebody writes to add a part."""

    files: Mapping[str, str]
    """New files by their path."""
    changes: Mapping[str, Sequence[tuple[str, str]]]
    """(text, what stands there afterwards) in files that are there."""
    places: Sequence[str]
    """The folder of the part, and the one table that names it."""

    def touched(self) -> list[str]:
        return sorted([*self.files, *self.changes])


@dataclass(frozen=True)
class Tree:
    """A copy of the project."""

    folder: Path

    def add(self, addition: Addition) -> None:
        for name, text in addition.files.items():
            path = self.folder / name
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for name, changes in addition.changes.items():
            path = self.folder / name
            text = path.read_text(encoding="utf-8")
            for before, after in changes:
                assert text.count(before) == 1, f"{before!r} in {name}"
                text = text.replace(before, after)
            path.write_text(text, encoding="utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Python in the copy, which sees nothing of the original."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    folder = tmp_path / "tree"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    return Tree(folder)


DECODER = Addition(
    files={
        "collector/decode/lines/__init__.py": '''"""Lines of `name=value`."""

from collector.decode.decoder import Decoder
from collector.decode.lines.decoder import decode

LINES = Decoder(decode)
''',
        "collector/decode/lines/decoder.py": '''"""Reading lines of `name=value`."""

from __future__ import annotations

from collector.decode.message import Decoded, Incoming, MessageLimits, Refusal


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """A reading for each line, at the time of arrival."""
    found = Decoded()
    for index, line in enumerate(incoming.payload.decode("utf-8", "replace").splitlines()):
        name, _, value = line.partition("=")
        if not value.isdecimal() or len(value) > 15 or index >= limits.readings:
            raise Refusal("bad_message", "not a line", "payload", line, "send name=123")
        found.index.append(index)
        found.points.append(name)
        found.kinds.append(None)
        found.units.append(None)
        found.times.append(None)
        found.values.append(float(value))
    return found
''',
        "collector/decode/lines/README.md": """# lines

Lines of `name=value`.

## Format

`E1=5`, one a line.

## Units

Those registered.

## Times

That of arrival.

## Refused

`bad_message`, as a whole.
""",
        "collector/decode/lines/cases/two/payload": "E1=5\nE2=7\n",
        "collector/decode/lines/cases/two/expected.json": json.dumps(
            {
                "order": [None, None],
                "sent": None,
                "readings": [[0, "E1", None, None, None, 5.0], [1, "E2", None, None, None, 7.0]],
                "problems": [],
            }
        ),
        "collector/decode/lines/cases/no_value/payload": "E1\n",
        "collector/decode/lines/cases/no_value/error.txt": (
            'bad_message\nnot a line\npayload = "E1"\nsend name=123\n'
        ),
    },
    changes={
        "collector/decode/__init__.py": [
            (
                "from collector.decode.journal_only import JOURNAL_ONLY\n",
                "from collector.decode.journal_only import JOURNAL_ONLY\n"
                "from collector.decode.lines import LINES\n",
            ),
            (
                '    "journal_only": JOURNAL_ONLY,\n',
                '    "journal_only": JOURNAL_ONLY,\n    "lines": LINES,\n',
            ),
        ],
    },
    places=["collector/decode/lines/", "collector/decode/__init__.py"],
)

ROUTED = """
from collector.routes import check_route
from metering.registry.files import read_registry_texts

files = {
    "tree.csv": "code,parent,type\\ns,,site\\n",
    "gateways.csv": "site,code\\ns,g\\n",
    "routes.csv": "gateway,topic,decoder\\ns/g,meter/+,lines\\n",
}
print(read_registry_texts(files, check_route=check_route).routes[0].decoder)
"""


@pytest.mark.timeout(400)
def test_a_decoder_is_its_folder_and_a_row_of_the_table(tree: Tree) -> None:
    """Its golden cases, its README and the laws of all decoders are then checked of themselves,
    and a route can name it."""
    assert all(name.startswith(tuple(DECODER.places)) for name in DECODER.touched())
    assert len(DECODER.changes) == 1
    assert tree.run("-c", ROUTED).returncode != 0
    tree.add(DECODER)
    told = tree.run("-c", ROUTED)
    assert told.stdout == "lines\n", told.stderr
    tests = "tests/collector/test_decode_cases.py"
    ran = tree.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA", tests)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert "test_golden_case[lines/two]" in ran.stdout
    assert "test_any_message_gives_columns_and_problems[lines]" in ran.stdout


@pytest.mark.parametrize(
    ("left_out", "failing"),
    [
        ("collector/decode/__init__.py", "test_every_folder_stands_in_the_table"),
        ("collector/decode/lines/README.md", "test_a_decoders_folder_says_what_it_takes"),
        ("collector/decode/lines/cases/two/expected.json", "test_golden_case"),
    ],
)
@pytest.mark.timeout(400)
@pytest.mark.sampled(1)
def test_a_decoder_that_is_added_by_half_is_told(tree: Tree, left_out: str, failing: str) -> None:
    half = Addition(
        {name: text for name, text in DECODER.files.items() if name != left_out},
        {name: changes for name, changes in DECODER.changes.items() if name != left_out},
        DECODER.places,
    )
    tree.add(half)
    ran = tree.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/collector/test_decode_cases.py"
    )
    assert ran.returncode == 1
    assert f"::{failing}" in ran.stdout


DETECTOR = Addition(
    files={
        "analytics/detectors/meter_reset.py": '''"""Reset meter: its register began anew.

Whatever the ledger calls a reset is flagged, long ones alone; a rollover is none.
"""

from __future__ import annotations

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.register_events import from_events
from analytics.detectors.site import Candidate, Input, Site

NAME = "meter_reset"


def _resets(site: Site) -> list[Candidate]:
    return from_events(site, NAME, (event for event in site.events if event.kind == "reset"))


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.EVENTS}),
    candidates=_resets,
    quantity=EvidenceUnit.FAULT,
    causes=("register_replaced", "register_frozen"),
    action="check_register",
)
''',
    },
    changes={
        "texts/zh_CN.po": [
            (
                'msgctxt "pattern.meter_stuck"\n',
                'msgctxt "pattern.meter_reset"\nmsgid "Meter reset"\nmsgstr "仪表读数归零"\n\n'
                'msgctxt "cause.register_replaced"\nmsgid "The meter was replaced"\n'
                'msgstr "仪表已更换"\n\n'
                'msgctxt "cause_short.register_replaced"\nmsgid "Meter replaced"\n'
                'msgstr "更换仪表"\n\n'
                'msgctxt "fault.meter_reset"\nmsgid "the register began anew"\n'
                'msgstr "累计值重新开始"\n\n'
                'msgctxt "pattern.meter_stuck"\n',
            )
        ],
    },
    places=["analytics/detectors/meter_reset.py", "texts/zh_CN.po"],
)

DETECTED = """
from analytics import DETECTORS, FAULTS

print(*DETECTORS, sorted(FAULTS))
"""


@pytest.mark.timeout(900)
def test_a_detector_is_its_file_and_its_texts(tree: Tree) -> None:
    """The table, the sums, the sentences and the checks of the texts then know it."""
    assert DETECTOR.touched() == DETECTOR.places
    half = Addition(DETECTOR.files, {}, DETECTOR.places)
    tree.add(half)
    told = tree.run("-c", DETECTED)
    names, _, faults = told.stdout.strip().partition(" [")
    assert "meter_reset" in names.split(), told.stderr
    assert "'meter_reset'" in faults
    words = ["-m", "pytest", "-p", "no:cacheprovider", "tests/texts/test_texts.py", "-k"]
    lacking = tree.run(*words, "every_value_that_people_read")
    assert lacking.returncode == 1
    assert "pattern.meter_reset" in lacking.stdout
    tree.add(Addition({}, DETECTOR.changes, DETECTOR.places))
    passed = tree.run(*words, "not sentence")
    assert passed.returncode == 0, passed.stdout[-3000:]
    laws = tree.run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/analytics/test_analytics_detectors.py",
        "-k",
        "not faults_come_first",
    )
    assert laws.returncode == 0, laws.stdout[-3000:]


FACT = Addition(
    files={
        "metering/registry/facts/contacts.py": '''"""contacts.csv: whom to call about a place."""

from __future__ import annotations

from dataclasses import dataclass

from metering.registry.kind import FactKind, Reference
from metering.registry.rows import Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity


@dataclass(frozen=True)
class Contact:
    """Who answers for a node and all below it."""

    node: str
    phone: str
    name: str | None = None
    valid: Validity = ALWAYS


def _read(row: Row) -> Contact:
    return Contact(row.code("node"), row.code("phone"), row.named("name") or None, row.validity())


KIND = FactKind(
    name="contact",
    type=Contact,
    table=Table("contacts.csv", ("node", "phone"), ("name", *DATED)),
    by=("node", "valid"),
    refers=(Reference("node", "nodes"),),
    apart=("node",),
    read=_read,
)
''',
        "storage/sql/migrations/versions/r0099_contacts.py": '''"""whom to call about a place"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.sql.types import WORDS

revision = "r0099"
down_revision = "HEAD"
branch_labels = None
depends_on = None

STANDS = sa.text("gone_version IS NULL")


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("node", WORDS, nullable=False),
        sa.Column("valid_start", sa.Date(), nullable=False),
        sa.Column("phone", WORDS, nullable=False),
        sa.Column("name", WORDS),
        sa.Column("valid_end", sa.Date()),
        sa.Column("recorded_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gone_version", sa.BigInteger()),
        sa.PrimaryKeyConstraint("node", "valid_start", "recorded_version", name="pk_contact"),
    )
    op.create_index(
        "uq_contact_stands",
        "contact",
        ["node", "valid_start"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )


def downgrade() -> None:
    op.drop_index("uq_contact_stands", "contact")
    op.drop_table("contact")
'''.replace("HEAD", head()),
    },
    changes={
        "docs/registry.md": [
            (
                "## limits.csv\n",
                """## contacts.csv

Whom to call about a place and all below it.

| Column | Needed | Meaning |
|---|---|---|
| `node` | yes | the place |
| `phone` | yes | digits |
| `name` |  | who answers |
| `valid_from` |  | first day |
| `valid_to` |  | first day on which it is another |

```csv
node,phone,name,valid_from,valid_to
i,110,Gate,,2026-05-01
i,119,Guard,2026-05-01,
b,120,,,
```

## limits.csv
""",
            )
        ],
        "figures/view.py": [
            (
                "from metering.registry import",
                "from metering.registry.facts.contacts import KIND as CONTACTS  # noqa: F401\n"
                "from metering.registry import",
            )
        ],
    },
    places=[
        "docs/registry.md",
        "figures/view.py",
        "metering/registry/facts/contacts.py",
        "storage/sql/migrations/versions/r0099_contacts.py",
    ],
)
"""Its user here is any module that asks for it."""


@pytest.mark.timeout(900)
def test_a_registered_fact_touches_four_files(tree: Tree) -> None:
    """Its declaration, its migration, its user and its section in the documents: it is then read,
    written, merged, told, ended, audited and kept by version in every store."""
    assert FACT.touched() == FACT.places
    assert len(FACT.places) == 4
    tree.add(FACT)
    ran = tree.run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA"),
        "tests/metering/test_registry_facts.py",
        "tests/contract/test_contract_registry.py",
        "tests/storage/test_sql_migrations.py",
        "tests/test_docs_links.py",
        "tests/test_docs_tables.py",
        *("-k", "contact or brings_the_schema or keys_are_those or registry_files or shown_in"),
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert "test_what_is_shown_is_read_written_and_read_again[contact]" in ran.stdout
    for store in ("memory", "sqlite"):
        kept = f"test_facts_of_a_file_are_kept_by_version_and_traced[{store}-contact]"
        assert kept in ran.stdout or f"[contact-{store}]" in ran.stdout, ran.stdout[-3000:]
    assert "test_every_column_of_the_registry_files_is_documented" in ran.stdout


@pytest.mark.parametrize(
    ("left_out", "failing"),
    [
        (FACT.places[3], "test_opening_brings_the_schema_to_the_model"),
        (FACT.places[0], "test_every_column_of_the_registry_files_is_documented"),
    ],
)
@pytest.mark.timeout(900)
@pytest.mark.sampled(1)
def test_a_fact_that_is_added_by_half_is_told(tree: Tree, left_out: str, failing: str) -> None:
    files = {name: text for name, text in FACT.files.items() if name != left_out}
    changes = {name: text for name, text in FACT.changes.items() if name != left_out}
    tree.add(Addition(files, changes, FACT.places))
    ran = tree.run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider"),
        "tests/storage/test_sql_migrations.py",
        "tests/test_docs_links.py",
        *("-k", "(brings_the_schema and sqlite) or registry_files"),
    )
    assert ran.returncode == 1
    assert f"::{failing}" in ran.stdout
