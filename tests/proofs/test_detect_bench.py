"""The bench of detectors: thresholds that are set elsewhere, figures, tables, all of it once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.crossfit import History, folds
from metering.errors import ConfigurationError, InvalidInput
from proofs.detect.asking import GENERIC, INSIDE, OURS, OWN, STRETCHES, Said
from proofs.detect.bench import BenchRun, measured, show_table
from proofs.detect.figures import BUDGETS, FROZEN, TOLD, Thresholds, figures_of, together
from proofs.detect.fleet import Alert, Fleet, Label
from proofs.detect.generated import generated_fleet, harmless_fleet
from proofs.detect.generated.plans import KINDS as GENERATED
from proofs.detect.goals import EASY, MOST_TOLD, goals_of, judged_at, losses_of, too_easy
from proofs.detect.real.energyplus import KINDS as SIMULATED
from proofs.detect.real.energyplus import METERS, TwinFleets
from proofs.detect.real.inject import INJECTIONS, LASTING_DAYS
from proofs.detect.real.splits import FIRST_SCORED_SEED, TUNING_SEEDS
from proofs.detect.scoring import alerts_above
from proofs.detect.sections import office, second
from proofs.detect.sections.harmless import NO_KIND, kind_of
from proofs.detect.sections.lasting import days_of
from proofs.detect.sections.trial import TUNED_RECORDED, TUNED_SEEDS, Sizes
from proofs.detect.stretches import before_scored, clock_of
from proofs.detect.tables import markdown, table
from proofs.detect.words import GAP_KINDS, WORDS, gaps_unlabelled, without_gaps
from proofs.steps import data_folder_with_recordings

DATA = (Path(__file__).parents[2] / data_folder_with_recordings()).resolve()
HOURS, LEARNT = 24 * 60, 24 * 20


def fleet_of(*labels: Label, meters: int = 4, name: str = "small") -> Fleet:
    return Fleet(
        name=name,
        start=np.datetime64("2025-01-01T00", "h"),
        load=np.full((meters, HOURS), 2.0),
        temperature=np.ones((1, HOURS)),
        station=np.zeros(meters, np.int64),
        off_days=np.zeros((1, HOURS // 24), bool),
        holidays=np.zeros((1, HOURS // 24), bool),
        calendar=np.zeros(meters, np.int64),
        scored_from=LEARNT,
        labels=labels,
    )


def alert(meter: int, first: int, end: int, score: float = 1.0, pattern: str = "p") -> Alert:
    """In days."""
    return Alert(meter, pattern, first * 24, end * 24, score, end * 24 - 1, 10.0, 5.0, 15.0)


def label(meter: int, first: int, end: int, kind: str = "weekend_run", kwh: float = 10.0) -> Label:
    """In days."""
    return Label(meter, kind, first * 24, end * 24, kwh)


def said(*alerts: Alert, of: Fleet | None = None) -> Said:
    return Said(OURS, of or fleet_of(), list(alerts), 0.5, 0)


def scattered(seed: int, count: int) -> Said:
    """A fleet in which a detector says many things of different scores."""
    rng = np.random.default_rng(seed)
    first = rng.integers(20, 55, count)
    return said(
        *(
            alert(int(meter), int(day), int(day) + 3, float(score))
            for meter, day, score in zip(
                rng.integers(0, 4, count), first, rng.random(count), strict=True
            )
        ),
        of=fleet_of(label(0, 30, 40), label(2, 25, 30), name=f"fleet {seed}"),
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_threshold_keeps_to_its_budget_on_what_it_is_set_on_and_no_lower_one_does(seed):
    tuned = [scattered(seed, 11), scattered(seed + 1, 15)]
    tuned = [replace(one, fleet=replace(one.fleet, load=np.ones((40, HOURS)))) for one in tuned]
    thresholds = Thresholds.tuned({OURS: tuned})
    fleet, answer = together(tuned)
    scores = sorted({one.score for one in answer})
    for budget in BUDGETS:
        fitting = [
            score
            for score in scores
            if sum(one.score >= score for one in answer) <= budget * fleet.meter_years
        ]
        assert thresholds.of[OURS, f"frozen {budget}"] == min(fitting)


def test_a_frozen_threshold_does_not_move_with_what_is_scored():
    thresholds = Thresholds({(OURS, at): 0.5 for at in FROZEN})
    for count in (3, 30):
        scored = scattered(count, count)
        figures = figures_of([scored], thresholds)
        above = [one for one in scored.answer if one.score >= 0.5]
        rate = len(above) / scored.fleet.meter_years
        for budget in BUDGETS:
            shown = figures[f"frozen {budget}"]["alerts_per_meter_year"][0]
            assert shown == pytest.approx(rate, abs=1e-3)
            exact = figures[f"exact {budget}"]["alerts_per_meter_year"][0]
            assert exact <= budget


def test_fleets_taken_together_count_as_each_of_them():
    several = [scattered(seed, 6) for seed in (1, 2, 3)]
    fleet, answer = together(several)
    assert fleet.load.shape == (12, HOURS)
    assert len(set(fleet.building)) == 12
    assert fleet.meter_years == pytest.approx(sum(one.fleet.meter_years for one in several))
    for number, one in enumerate(several):
        shifted = [replace(x, meter=x.meter + 4 * number) for x in one.answer]
        assert [x for x in answer if x.meter // 4 == number] == shifted
        labels = [replace(x, meter=x.meter + 4 * number) for x in one.fleet.labels]
        assert [x for x in fleet.labels if x.meter // 4 == number] == labels
    days = [
        replace(one, answer=np.full((4, HOURS // 24), float(number)))
        for number, one in enumerate(several)
    ]
    np.testing.assert_array_equal(together(days)[1][:, 0], np.repeat([0.0, 1.0, 2.0], 4))


def test_what_stands_without_events_is_neither_right_nor_false():
    events = said(alert(0, 30, 33), alert(1, 30, 33), of=fleet_of(label(0, 29, 34)))
    thresholds = Thresholds({(OURS, at): 0.0 for at in FROZEN})
    alone = figures_of([events], thresholds)["frozen 1"]
    beside = figures_of([events], thresholds, [said(alert(1, 31, 32))])["frozen 1"]
    assert (alone["precision"][0], alone["standing"]) == (0.5, 0)
    assert (beside["precision"][0], beside["standing"]) == (1.0, 1)


def test_thresholds_are_set_where_nothing_is_scored():
    assert {*TUNED_SEEDS, TUNED_RECORDED} <= set(TUNING_SEEDS)
    with pytest.raises(InvalidInput, match="1000"):
        BenchRun.of("", "none", False, TUNED_SEEDS[0], 1, 1)
    asked = BenchRun.of("", "none", False, FIRST_SCORED_SEED, 3, 300)
    assert not set(asked.sizes.fresh) & set(TUNING_SEEDS)


def test_what_there_is_not_is_named_with_what_there_is():
    with pytest.raises(ConfigurationError, match="recorded"):
        BenchRun.of("fleet", "none", False, 1000, 1, 1)
    with pytest.raises(ConfigurationError, match="stumpy aamp"):
        BenchRun.of("", "stumpy", False, 1000, 1, 1)


def test_every_kind_that_is_made_up_has_a_word_and_gaps_are_left_out():
    known = set().union(*WORDS.values()) | GAP_KINDS
    harmless = {"closure"}
    assert set(GENERATED) <= known
    assert {one.kind for one in INJECTIONS} <= known
    assert set(SIMULATED.values()) - harmless <= known
    assert without_gaps([alert(0, 1, 2, pattern="meter_gap"), alert(0, 1, 2)]) == [alert(0, 1, 2)]
    fleet = fleet_of(label(0, 21, 22, "gap"), label(0, 30, 31))
    assert gaps_unlabelled(fleet).labels == (label(0, 30, 31),)


def test_a_fault_of_an_office_is_told_with_what_it_cost():
    twin = replace(fleet_of(meters=2), medium=("electricity", "gas"))
    large = label(0, 25, 35, kwh=60.0)
    fleet = replace(twin, labels=(large, label(1, 25, 35), label(0, 40, 45, "spike", 500.0)))
    rows = office.events_of(
        TwinFleets(fleet, twin),
        [alert(0, 26, 30, pattern="weekend_run"), alert(1, 26, 30)],
        {"electricity"},
    )
    assert [(row["found"], row["named"]) for row in rows] == [(True, True), (False, False)]
    assert rows[0]["told_kwh"] == 10.0
    # 30 days from day 25 on at 2 kW
    assert rows[0]["of_month"] == pytest.approx(60.0 / (2.0 * 30 * 24), abs=1e-3)
    assert not rows[0]["near"]
    assert office.near(replace(large, kwh=12.4), [alert(0, 26, 30)])
    assert office.near(replace(large, kwh=15.0), [alert(0, 26, 30)])
    assert not office.near(replace(large, kwh=15.1), [alert(0, 26, 30)])
    assert office.near(replace(large, kwh=24.0), [alert(0, 26, 28), alert(0, 29, 30)])


def test_what_a_fault_takes_of_all_mediums_is_held_against_what_is_told_of_them():
    electric, gas = (METERS.index(name) for name in office.WHOLE)
    fleet = fleet_of(
        label(electric, 25, 35, kwh=60.0), label(gas, 25, 35, kwh=-40.0), meters=len(METERS)
    )
    case = TwinFleets(replace(fleet, medium=("electricity",) * len(METERS)), fleet)
    (row,) = office.over_mediums(case, [alert(electric, 26, 30), alert(gas, 26, 30)])
    assert (row["kwh"], row["told_kwh"], row["near"]) == (20.0, 20.0, True)
    (row,) = office.over_mediums(case, [alert(2, 26, 30)])
    assert (row["told_kwh"], row["near"]) == (None, False)


def test_a_long_fault_weighs_by_what_falls_into_a_month():
    twin = fleet_of()
    sixty = Label(0, "weekend_run", 0, HOURS, 200.0)
    assert office.share_of_month(twin, sixty) == pytest.approx(100.0 / (2.0 * 30 * 24))


def test_an_alert_on_nothing_harmful_is_of_the_kind_that_it_shares_most_hours_with():
    things = [label(0, 30, 60, "tenant_change"), label(0, 40, 45, "closure")]
    assert kind_of(alert(0, 41, 43), things) == "closure"
    assert kind_of(alert(0, 38, 46), things) == "tenant_change"
    assert kind_of(alert(0, 20, 25), things) == NO_KIND


@pytest.mark.parametrize("days", LASTING_DAYS)
def test_a_lasting_waste_is_of_the_length_it_was_made_with(days):
    assert days_of(Label(0, "weekend_run", 0, days * 24 - 60, 1.0)) == days


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Generated meters, few of them, by ours and the generic scores."""
    asked = BenchRun(Sizes(FIRST_SCORED_SEED, 2, 6), ("fleets", "harmless"), tuple(INSIDE))
    return measured(asked, tmp_path_factory.mktemp("without-recordings"))


def test_a_small_run_says_everything_of_every_detector(result):
    detectors = result["fleets"]["detectors"]
    assert list(detectors) == list(INSIDE)
    for name, figures in detectors.items():
        assert figures["meters"] == 12
        assert figures["cpu_ms_per_meter"] > 0
        for at in (*FROZEN, "exact 1", "exact 2"):
            assert (figures[at]["named_recall"] is None) == (name not in (OURS, STRETCHES))
            assert figures[at]["recall"][0] is not None
        assert figures["exact 1"]["alerts_per_meter_year"][0] <= 1
    events = {
        sum(count for _, count in kinds.values()) for kinds in result["fleets"]["kinds"].values()
    }
    assert events == {one["events"] for one in detectors.values()}
    assert result["harmless"]["things"]["holiday"] > 0
    for name in INSIDE:
        told = result["harmless"]["detectors"][name][TOLD]
        parts = sum(told["by_kind"].values())
        assert parts == pytest.approx(told["alerts_per_meter_year"], abs=5e-3)
    assert {goal["name"] for goal in result["goals"] if not goal["met"]} == set(result["missed"])


def test_the_tables_come_from_the_line_that_a_run_ends_with(result, tmp_path, capsys):
    line = json.dumps(result, sort_keys=True)
    (tmp_path / "run").write_text(f"words before\n{line}\n", encoding="utf-8")
    show_table(tmp_path / "run")
    shown = capsys.readouterr().out
    assert shown == markdown(result) + "\n"
    for name in INSIDE:
        assert shown.count(f"\n| {name} | 12 |") == 5
    precision = result["fleets"]["detectors"][GENERIC]["frozen 1"]["precision"][0]
    assert f"| {GENERIC} | 12 | {precision:.2f} (" in shown
    for goal in result["goals"]:
        assert f"| {goal['name']} |" in shown


@pytest.mark.long
def test_hours_are_judged_beside_stretches_at_a_threshold_of_tuning_seeds(tmp_path):
    asked = BenchRun(Sizes(FIRST_SCORED_SEED, 1, 6), ("hours",), tuple(INSIDE))
    run = measured(asked, tmp_path)
    found = run["hours"]
    for side in ("tuned", "told"):
        rate = {name: one["alerts_per_meter_year"][0] for name, one in found[side].items()}
        both = rate["stretches"] + rate["hours that no stretch tells"]
        assert rate["stretches and hours"] == pytest.approx(both, abs=2e-3)
        assert rate["hours that no stretch tells"] <= rate["hours"]
    assert 0 < found["tuned"]["hours"]["alerts_per_meter_year"][0] <= 1
    events = {name: [count for _, count in own.values()] for name, own in found["kinds"].items()}
    assert events["hours"] == events[STRETCHES]
    assert f"### Single hours, at {found['threshold']}" in markdown(run)
    assert all(0.8 < share < 1 for share in found["held"].values())
    assert found["cpu_ms_of_a_day"] > 0


def test_trees_of_other_weeks_are_the_same_twice_and_have_not_seen_what_they_tell(monkeypatch):
    monkeypatch.setattr(second, "ROUNDS", 5)
    fleet = generated_fleet(TUNING_SEEDS[0], 1)
    hours_us, clock = clock_of(fleet, int(fleet.calendar[0]))
    whole = History(fleet.load, fleet.temperature[0], clock, hours_us)
    history = before_scored(whole, 7 * 168)
    told = second.by_trees(history, 1)
    assert (second.by_trees(history, 1) == told).all()
    fold = folds(history.clock)
    changed = replace(history, energy=np.where(fold == fold[0], 1e3, history.energy))
    again = second.by_trees(changed, 1)
    assert (again[:, fold == fold[0]] == told[:, fold == fold[0]]).all()
    assert (again[:, fold != fold[0]] != told[:, fold != fold[0]]).any()


def test_what_was_not_measured_is_a_dash():
    assert table(("A", "B"), [[None, 0.25], [True, 3]]).splitlines()[2:] == [
        "| - | 0.25 |",
        "| yes | 3 |",
    ]


def test_a_figure_in_which_another_is_better_is_told_and_easy_meters_are_noticed(result):
    better = json.loads(json.dumps(result))
    rows = better["fleets"]["detectors"]
    for at in FROZEN:
        for figure in ("precision", "recall", "kwh_recall", "kwh_covered"):
            for name in INSIDE:
                rows[name][at][figure][0] = 0.5
    assert losses_of(better) == []
    rows[GENERIC]["frozen 2"]["recall"][0] = 0.6
    (loss,) = losses_of(better)
    assert (loss["other"], loss["figure"], loss["ours"], loss["theirs"]) == (
        GENERIC,
        "recall",
        0.5,
        0.6,
    )
    assert not next(one for one in goals_of(better) if "another is better" in one.name).met
    for figure, limit in EASY.items():
        assert not too_easy(better)
        before = rows[GENERIC]["exact 1"][figure][0]
        rows[GENERIC]["exact 1"][figure][0] = limit
        assert too_easy(better)
        rows[GENERIC]["exact 1"][figure][0] = before


@pytest.mark.parametrize(("rate", "point"), [(1.0, TOLD), (0.3, TOLD), (1.01, "frozen 1")])
def test_ours_are_judged_by_what_they_tell_where_that_is_little(result, rate, point):
    told = json.loads(json.dumps(result))
    for at, precision in ((TOLD, 0.96), ("frozen 1", 0.5)):
        shown = told["fleets"]["detectors"][STRETCHES][at]
        shown["alerts_per_meter_year"][0], shown["precision"][0] = rate, precision
    assert judged_at(told["fleets"]["detectors"][STRETCHES]) == point
    goals = {goal.name: goal for goal in goals_of(told)}
    assert goals[f"fleets, {STRETCHES} {point}: precision"].met == (point == TOLD)
    assert goals[f"fleets, {STRETCHES} told: alerts in a meter-year"].met == (rate <= MOST_TOLD)


def test_who_has_a_threshold_of_its_own_tells_at_it_whatever_a_budget_says():
    one = scattered(1, 20)
    of = Thresholds.tuned({name: [replace(one, detector=name)] for name in (*OWN, GENERIC)}).of
    assert {name: of[name, TOLD] for name in OWN} == OWN
    assert of[GENERIC, TOLD] >= of[GENERIC, "frozen 1"]


def test_alerts_above_a_threshold_are_those_of_the_scored_part():
    fleet = fleet_of()
    kept = alert(0, 19, 21, 0.5)
    assert alerts_above([kept, alert(0, 5, 20), alert(0, 30, 31, 0.4)], fleet, 0.5) == [kept]


def test_some_meters_of_a_fleet_keep_what_is_theirs():
    fleet = harmless_fleet(3, 5)
    some = fleet.of([3, 1])
    np.testing.assert_array_equal(some.load, fleet.load[[3, 1]])
    assert [x for x in some.labels if x.meter == 0] == [
        replace(x, meter=0) for x in fleet.labels if x.meter == 3
    ]
    assert len(some.labels) == sum(x.meter in (1, 3) for x in fleet.labels)


@pytest.mark.timeout(600)
@pytest.mark.long
@pytest.mark.skipif(not (DATA / "energyplus_office").is_dir(), reason=f"no recorded data: {DATA}")
def test_recorded_and_simulated_buildings_go_through_the_bench():
    asked = BenchRun(
        Sizes(FIRST_SCORED_SEED, 1, 5, 3),
        ("recorded", "office", "lasting", "second", "signals"),
        tuple(INSIDE),
    )
    found = measured(asked, DATA)
    assert set(found["recorded"]["fleets"]) == {"bdg2", "ucsd"}
    assert set(found["lasting"]) == {"generated", "bdg2", "ucsd"}
    for way in ("hours", "readings", "fans"):
        assert found["signals"][way]
    assert any("stale" in one for one in found["signals"]["not_tried"])
    assert "### Labelled readings" in markdown(found)
    assert {name: one["meters"] for name, one in found["second"].items()} == {
        "generated": 10,
        "mv_sites": 4,
        "bdg2": 3,
    }
    assert "### A second model" in markdown(found)
    for name in OWN:
        runs = {len(found["office"][half][name]["false"]) for half in ("tuned", "scored")}
        assert runs == {5, 6}
    assert "### Simulated office, scored, stretches" in markdown(found)
