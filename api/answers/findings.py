"""Cases and baselines."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.answers.common import InLanguages


class AmountAnswer(TypedDict):
    """Money of one currency."""

    currency: str
    value: str


class WasteAnswer(TypedDict):
    """Span, waste [`unit`], money and carbon [kg] of a finding."""

    start: str
    end: str
    evidence_hours: int
    unit: str
    waste: float
    waste_low: float
    waste_high: float
    cost: str | None
    currency: str
    costs: list[AmountAnswer]
    kgco2: str | None


class CaseHeadAnswer(TypedDict):
    """Which case, of which meter."""

    id: str
    institution: str
    node: str
    meter: str
    item: str
    pattern: str


class SavingAnswer(TypedDict):
    """What putting a case right saved [`unit`], a day and over the measured days. The verdict is
    `verified`, `not_yet` or `did_not_work`; `known` is the share of the hours that are measured."""

    verdict: str
    first_day: str
    last_day: str
    days: int
    known: float
    unit: str
    before: float
    saved: float
    saved_low: float
    saved_high: float
    total: float
    money: str | None
    currency: str


class RankAnswer(TypedDict):
    """What a case is listed by: `cost`, else `carbon`, else `energy` [`unit`], `amount` in a year
    where it `runs`, else in all; `value` is that times the confidence. A `fault` has the hours that
    it lasted."""

    by: str
    unit: str
    runs: bool
    amount: float
    value: float


class CaseEventAnswer(TypedDict):
    """What somebody, or the platform, did with a case: `act` is `state`, `comment`, `snooze` or
    `saving`; `old` and `new` are states, a day or verdicts."""

    at: str
    by: str
    act: str
    old: str
    new: str
    comment: str
    assignee: str


class LessonAnswer(TypedDict):
    """What an expected or dismissed case teaches of its meter and pattern: runs of up to `up_to`
    [`unit` an hour] above expectation are not told again, at these local hours (null: at any)."""

    case: str
    state: str
    institution: str
    node: str
    meter: str
    pattern: str
    hours: list[int] | None
    weekend_hours: list[int] | None
    up_to: float
    unit: str
    by: str
    since: str
    reason: str


class CaseTailAnswer(TypedDict):
    """What a case means, and what became of it. `told` says why it is told at once (`budget`,
    `dear`, `fault`, `said`), or that it waits (`digest`)."""

    confidence: float
    cause: str
    action: str
    sentence: InLanguages
    state: str
    state_by: str
    state_note: str
    state_at: str | None
    closed: str
    part_of: str | None
    found_at: str | None
    assignee: str
    snoozed_until: str | None
    relapses: int
    saving: SavingAnswer | None
    rank: RankAnswer
    told: str
    so_far: InLanguages


class CaseAnswer(CaseHeadAnswer, WasteAnswer, CaseTailAnswer):
    """A case as listed, with what was found last."""


class WastedAnswer(TypedDict):
    """Waste of one unit."""

    unit: str
    value: float


class AccountAnswer(TypedDict):
    """How many new cases a place and what is below it were told of in the 365 days until now, and
    how many are allowed."""

    institution: str
    node: str
    meters: int
    per_meter_year: str
    dear_a_year: str | None
    allowed: int
    told: int


BudgetAnswer = TypedDict(
    "BudgetAnswer",
    {
        "node": str,
        "per_meter_year": str,
        "dear_a_year": str | None,
        "from": str,
        "to": str | None,
    },
)
"""The alert budget of a place, from a day until one that has another."""


class DigestAnswer(TypedDict):
    """The cases of a week that were not told at once: `data` holds the first of `count`, the sums
    are over all. `a_year` is what a year costs of those that run, and have for 14 days."""

    week: str
    first_day: str
    last_day: str
    count: int
    energy: list[WastedAnswer]
    costs: list[AmountAnswer]
    kgco2: str | None
    a_year: list[AmountAnswer]
    accounts: list[AccountAnswer]
    data: list[CaseAnswer]


class EvidenceAnswer(TypedDict):
    """An hour that tells, and where its energy comes from."""

    time: str
    lineage: str


class HourAnswer(TypedDict):
    """Expected and measured of an hour [`unit` per hour]."""

    time: str
    expected: float | None
    measured: float | None


class ToldHeadAnswer(TypedDict):
    """When a finding told a case, and on what it rests."""

    day: str
    found_at: str | None
    revision: int
    baseline_version: str


class ToldAnswer(ToldHeadAnswer, WasteAnswer):
    """One of the findings by which a case was told."""


class BesideAnswer(TypedDict):
    """What another medium of the place took above expectation [`unit`] in the evidence hours, below
    0 where it saved; `evidence_hours` are those that are known of it."""

    meter: str
    item: str
    unit: str
    evidence_hours: int
    value: float
    value_low: float
    value_high: float
    costs: list[AmountAnswer]
    kgco2: str | None
    baseline_version: str
    lineage: str


class CaseDetailAnswer(CaseAnswer):
    """A case with its evidence; `expected` and `measured` are in whole `book_unit`s. `net_costs` is
    its money with that of all `beside` it, empty where any has no price or is out of reach."""

    expected: int | None
    measured: int | None
    book_unit: str
    baseline_version: str
    detail: dict[str, str | int | float]
    evidence: list[EvidenceAnswer]
    hourly: list[HourAnswer]
    beside: list[BesideAnswer]
    net_costs: list[AmountAnswer]
    history: list[ToldAnswer]
    life: list[CaseEventAnswer]


class VersionAnswer(TypedDict):
    """A version of a meter's baseline."""

    version: str
    number: int
    made_at: str
    judges_from: str
    fitted_from: str
    fitted_to: str
    history_days: int
    resolution: str
    cvrmse: float | None
    reason: str
    made_by: str
    revision: int
    hours_left_out: int
    settings: str


RequestAnswer = TypedDict(
    "RequestAnswer",
    {
        "from": str,
        "reason": str,
        "asked_by": str,
        "asked_at": str,
        "made_not_before": str,
    },
)
"""A person's wish for a version fitted on the hours from a day on."""


class BaselineAnswer(TypedDict):
    """A meter's state, versions and open request."""

    meter: str
    node: str
    site: str
    item: str
    state: str
    history_days: int
    checked_from: str | None
    versions: list[VersionAnswer]
    request: RequestAnswer | None


class NeedAnswer(TypedDict):
    """Something to register: its name, and in words what to add."""

    need: str
    add: InLanguages


class PatternAnswer(TypedDict):
    """A pattern of the catalogue at a place. `checking` is `checked`, `needs` or `not_there`; of a
    checked one `lacking` names the places right below that lack something for it."""

    pattern: str
    name: InLanguages
    group: str
    checking: str
    needs: list[NeedAnswer]
    lacking: list[str]
    lacking_left_out: int


class PatternsAnswer(TypedDict):
    """All patterns of the catalogue at a node on a local day."""

    node: str
    day: str
    data: list[PatternAnswer]


class DayMarkAnswer(TypedDict):
    """Hours of a meter beside such hours of the 60 days before, energies in `unit`; `side` is
    `above` or `below`."""

    institution: str
    node: str
    meter: str
    item: str
    day: str
    start: str
    end: str
    side: str
    unit: str
    measured: float
    usual_low: float
    usual_high: float
    beyond: float
    score: float
    baseline_version: str
    vanishes_at: str
    sentence: InLanguages
