"""Numbers that experiments share: deviations by arithmetic, known numbers found again, slips in words."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

import sim
from sim.calibration.engine.outcomes import RunFailed
from sim.errors import ConfigError, FileFormatError
from sim.validation import load_experiment
from sim.validation.fits.experiments_plan import fit, load_fit, statement_rows
from sim.validation.fits.statement_runs import _deviation
from sim.validation.rules import Span, deviation

NAN, INF = math.nan, math.inf
UNIT = math.log(1.5) / 2  # a deviation of a number without scatter
HAIR = math.log(1.25) / UNIT


@pytest.mark.parametrize(
    ("span", "figure", "found"),
    [
        (Span(80.0, 100.0, linear=True), 95.0, 1.0),  # 90 with a standard deviation of 5
        (Span(80.0, 100.0, linear=True), 70.0, -4.0),
        (Span(4.0, 9.0), 6.0, 0.0),
        (Span(4.0, 9.0), 9.0, 2.0),
        (Span(4.0, 9.0), 6.0 / math.sqrt(1.5), -1.0),
        (Span(6.4, 6.8, logarithm=True), 6.7, 1.0),
        (Span(most=0.5), 0.5 / 1.25, 0.0),
        (Span(most=0.5), 1e-9, 0.0),
        (Span(most=0.5), 0.0, 0.0),
        (Span(most=0.5), 0.5, HAIR),
        (Span(most=0.5), 0.75, HAIR + 2.0),
        (Span(least=5.0), 50.0, 0.0),
        (Span(least=5.0), 5.0, -HAIR),
        (Span(least=5.0), 0.0, -HAIR + math.log(1e-6) / UNIT),  # a trace, however little it is
        (Span(least=5.0), -1e-3, -HAIR + math.log(1e-6) / UNIT),
        (Span(least=1.0), INF, 0.0),
        (Span(most=1.0), INF, HAIR - math.log(1e-6) / UNIT),
        (Span(least=7.0, logarithm=True), 7.0, -HAIR),
        (Span(), 3.0, 0.0),
        (Span(least=5.0), NAN, NAN),
    ],
)
def test_deviations_are_counted_in_standard_deviations(span, figure, found):
    assert deviation(figure, span) == pytest.approx(found, rel=1e-9, abs=1e-12, nan_ok=True)


EXPERIMENT = """
base = "elastin_implant_rat"
resolution = 0.1
duration = "4 day"

[arms.implant]
"plasma.Ca" = "{Ca} mM"

[[wanted]]
of = "Ca_per_dry_mass"
within = "implant"
value = "{value:.12g} ug/mg"
source = "bailey2001"
confidence = "seen"
fitted = {fitted}

[[wanted]]
of = "pH"
at = "least"
least = 9
source = "bailey2001"
confidence = "seen"
"""
PLAN = """
experiments = ["first.toml", "second.toml"]

[free]
"nucleation.f_elastin" = { low = 0.55, high = 0.68, log = false }
"growth.k" = { of = "second", low = "1e-15 m/s", high = "1e-13 m/s", log = true }

[fit]
starts = 1
profiles = false
"""
TRUE = {"nucleation.f_elastin": 0.58, "growth.k": 6e-15}


@pytest.fixture(scope="module")
def uptakes():
    """Calcium of both implants with known numbers: that of the second alone grows otherwise [ug/mg]."""
    base = sim.scenario("elastin_implant_rat").changed({"resolution": 0.1, "duration": "4 day"})
    measure = sim.measures.mean("Ca_per_dry_mass", within="implant")
    found = []
    for Ca, names in (("1.6 mM", ["nucleation.f_elastin"]), ("1.5 mM", list(TRUE))):
        scenario = base.changed({"plasma.Ca": Ca} | {n: TRUE[n] for n in names})
        found.append(1e3 * measure(sim.simulate(scenario, rtol=1e-7)))
    return found


@pytest.fixture
def plan(tmp_path, uptakes):
    for name, Ca, value in zip(("first", "second"), (1.6, 1.5), uptakes, strict=True):
        text = EXPERIMENT.format(Ca=Ca, value=value, fitted="true")
        (tmp_path / f"{name}.toml").write_text(text)
    (tmp_path / "shared.toml").write_text(PLAN)
    return tmp_path / "shared.toml"


def test_known_numbers_are_found_again_where_they_belong(plan):
    """Statements that are not fitted (a pH of 9) have no say."""
    found = fit(plan)
    assert [f.name for f in found.free] == ["nucleation.f_elastin", "growth.k of second"]
    np.testing.assert_allclose(found.values, list(TRUE.values()), rtol=5e-3)
    first, second = load_fit(plan).experiments_with(found)
    values = [[e.arms["implant"].parameters.si(n) for n in TRUE] for e in (first, second)]
    start = sim.scenario("elastin_implant_rat").parameters.si("growth.k")
    np.testing.assert_allclose(values, [[found.values[0], start], found.values], rtol=1e-12)
    assert (len(first.wanted), len(found.data)) == (2, 2)
    assert all(row[0] in ("+0.00", "-0.00") for row in statement_rows(found))


def test_a_broken_off_fit_goes_on_from_its_store(plan, tmp_path):
    whole = fit(plan)

    def stop(state):
        if state.runs == 5:
            raise KeyboardInterrupt

    part = fit(plan, store=tmp_path / "fit.db", progress=stop)
    assert part.message.startswith("interrupted after 5 runs")
    states = []
    again = fit(plan, store=tmp_path / "fit.db", progress=states.append)
    np.testing.assert_array_equal(again.values, whole.values)
    assert (states[-1].reused, again.runs) == (5, whole.runs)


def test_a_run_that_fails_is_told_with_its_arm(plan):
    runs, _ = load_fit(plan).check()
    runs.max_steps = 3
    with pytest.raises(RunFailed, match="first, implant: "):
        runs.predict(np.array(list(TRUE.values())))


def test_what_one_experiment_is_not_asked_is_not_run_again(plan, monkeypatch):
    from sim.validation.fits import statement_runs

    made = []
    real = statement_runs.run_arm
    monkeypatch.setattr(statement_runs, "run_arm", lambda task: made.append(task) or real(task))
    runs, _ = load_fit(plan).check()
    before = runs.predict(np.array([0.58, 6e-15]))
    after = runs.predict(np.array([0.58, 8e-15]))
    assert len(made) == 3
    assert after[0] == before[0] and after[1] > before[1]


def test_a_time_that_does_not_come_counts_as_the_end_of_the_run(plan):
    first = plan.parent / "first.toml"
    text = first.read_text().replace("least = 9\n", "least = 1\nreaches = 14\nfitted = true\n")
    first.write_text(text.replace('at = "least"\n', "").replace("least = 1\n", 'most = "2 day"\n'))
    runs, _ = load_fit(plan).check()
    assert runs.predict(np.array(list(TRUE.values())))[1] == pytest.approx(HAIR + math.log(2) / UNIT)


def test_nothing_over_nothing_is_a_failed_run():
    e = load_experiment("smooth_muscle_layers")
    order = e.wanted[-1]
    numbers = {arm: (0.0,) * len(e.readings[arm]) for arm in e.arms}
    with pytest.raises(RunFailed, match="nothing over nothing"):
        _deviation(e, order, numbers)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('of = "second"', 'of = "third"', "'third'"),
        ('"growth.k"', '"growth.kk"', "growth.k"),
        ('"second.toml"', '"missing.toml"', "there is no experiment"),
        ("starts = 1", "solver = 'rk'", "solver"),
        ("starts = 1", "tolerance = 2", "tolerance = 2"),
    ],
)
def test_slips_in_a_file_are_told(plan, old, new, said):
    assert PLAN.count(old) == 1
    plan.write_text(PLAN.replace(old, new))
    with pytest.raises((ConfigError, FileFormatError), match=said):
        load_fit(plan).check()


def test_experiments_that_begin_elsewhere_need_a_start(plan):
    first = plan.parent / "first.toml"
    first.write_text(
        first.read_text().replace("[arms.implant]", '[arms.implant]\n"nucleation.f_elastin" = 0.6')
    )
    with pytest.raises(ConfigError, match=r"0\.6 in first, implant and .*give a start"):
        load_fit(plan).check()


def test_nothing_to_fit_to_is_refused(plan):
    first = plan.parent / "first.toml"
    first.write_text(first.read_text().replace("fitted = true", "fitted = false"))
    with pytest.raises(ConfigError, match="first has no statement with fitted = true"):
        load_fit(plan).check()
    with pytest.raises(ConfigError, match="calibrates one scenario"):
        fit("elastin_implant_rat")
    with pytest.raises(ConfigError, match="'solver'"):
        fit(plan, solver="rk")


@pytest.fixture(scope="module")
def shipped():
    """The fit of the package, the shipped values, at which it begins, and its deviations there."""
    runs, _ = load_fit("experiments").check()
    values = np.array([f.start for f in runs.free])
    return runs, values, runs.predict(values)


def test_the_fit_of_the_package_begins_at_what_is_shipped(shipped):
    """Numbers of the table of processes, and of the ageing aorta alone; each says that it was fitted."""
    runs, values, _ = shipped
    table = sim.library.model().parameters
    aorta = next(iter(load_experiment("aortic_media").arms.values())).parameters
    for s, value in zip(runs.shared, values, strict=True):
        one = (aorta if s.of else table)[s.name]
        assert one.confidence == "fitted" and one.contains_value()
        assert one.si == pytest.approx(value, rel=1e-12)


def test_what_is_shipped_meets_the_fitted_statements(shipped):
    """Each within two standard deviations, all together no worse than numbers that scatter as stated."""
    _, values, found = shipped
    assert found.size == 14 and np.abs(found).max() < 2.0
    assert found @ found < found.size - values.size


@pytest.mark.parametrize(
    ("name", "factor"),
    [("nucleation.f_elastin", 1.05), ("nucleation.f_elastin", 0.95), ("nucleation.f_collagen", 1.1),
     ("nucleation.f_collagen", 0.9), ("elastin.k_auto", 1.3), ("elastin.k_auto", 0.7)],
)  # fmt: skip
def test_other_values_meet_them_worse(shipped, name, factor):
    """By more than chi square grows by chance at the 95 % limit of one parameter."""
    runs, values, found = shipped
    other = values.copy()
    other[[s.name for s in runs.shared].index(name)] *= factor
    moved = runs.predict(other)
    assert moved @ moved > found @ found + chi2.ppf(0.95, 1)
