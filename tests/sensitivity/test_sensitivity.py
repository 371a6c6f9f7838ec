"""Sensitivity: indices of functions whose indices are known, effects of lines, derivatives of powers."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import sim
from sim import sensitivity, sweeps
from sim.errors import ConfigError


class SweepTable(SimpleNamespace):
    """Stands in for the table of a sweep: what an analysis reads of it."""


def table_of(design, function, fails=(), missing=(), name="y"):
    """What a sweep over the design would give: a row a point, equal points once."""
    rows = []
    for k, point in enumerate(design):
        if str(k) in design.settings["repeats"] or k in missing:
            continue
        good = k not in fails
        rows.append(
            {
                "index": k, "inputs": point, "status": "finished" if good else "failed",
                "measures": {name: function(**point) if good else None},
                "reason": "" if good else "too stiff",
            }
        )  # fmt: skip
    return SweepTable(
        rows=rows,
        axes=design.axes,
        method=design.method,
        settings=design.settings,
        names=[name],
        units={},
    )


def ishigami(x1, x2, x3, a=7.0, b=0.1):
    return math.sin(x1) + a * math.sin(x2) ** 2 + b * x3**4 * math.sin(x1)


ISHIGAMI_AXES = {f"x{k}": (-math.pi, math.pi) for k in (1, 2, 3)}


def ishigami_indices(a=7.0, b=0.1):
    """First and total indices in closed form (Ishigami and Homma, 1990)."""
    v1, v2 = 0.5 * (1 + b * math.pi**4 / 5) ** 2, a**2 / 8
    v13 = b**2 * math.pi**8 * 8 / 225
    v = v1 + v2 + v13
    return np.array([v1, v2, 0]) / v, np.array([v1 + v13, v2, v13]) / v, v13 / v


G = (0.0, 1.0, 4.5, 9.0)


def g_function(**x):
    return math.prod((abs(4 * x[f"x{k}"] - 2) + a) / (1 + a) for k, a in enumerate(G))


def g_indices():
    """First and total indices in closed form (Saltelli and Sobol', 1995)."""
    v = np.array([1 / (3 * (1 + a) ** 2) for a in G])
    whole = np.prod(1 + v) - 1
    return v / whole, np.array([v[k] * np.prod(np.delete(1 + v, k)) for k in range(len(G))]) / whole


@pytest.mark.parametrize(
    ("function", "axes", "exact"),
    [
        (ishigami, ISHIGAMI_AXES, ishigami_indices()[:2]),
        (g_function, {f"x{k}": (0.0, 1.0) for k in range(4)}, g_indices()),
    ],
    ids=["ishigami", "g"],
)
def test_sobol_indices_lie_in_their_intervals(function, axes, exact):
    """At 95 % and 12 designs of independent seeds: not below the 0.1 % quantile of honest intervals,
    and not so wide that they say nothing."""
    from scipy import stats

    inside, widths = [], []
    for seed in range(12):
        found = sensitivity.sobol_indices(
            table_of(sweeps.saltelli(axes, 256, seed), function), "y", resamples=200
        )
        assert found.names == tuple(axes) and found.dropped == 0
        for value, half, true in (
            (found.first, found.first_half, exact[0]),
            (found.total, found.total_half, exact[1]),
        ):
            inside += list(np.abs(value - true) <= half)
            widths.append(half.max())
    # indices of one design depend on each other: count designs, not indices, in the bound
    assert np.mean(inside) >= stats.binom.ppf(1e-3, 12 * 2, 0.95) / (12 * 2)
    assert max(widths) < 0.4


def test_pairs_of_axes_have_their_own_index():
    design = sweeps.saltelli(ISHIGAMI_AXES, 1024, 3, second_order=True)
    found = sensitivity.sobol_indices(table_of(design, ishigami), "y", resamples=200)
    true = np.zeros((3, 3))
    true[0, 2] = ishigami_indices()[2]
    upper = np.triu_indices(3, 1)
    assert (np.abs(found.second - true)[upper] <= found.second_half[upper]).all()
    assert "x1 x x3" in repr(found)


def test_the_variance_is_that_of_the_function():
    design = sweeps.saltelli(ISHIGAMI_AXES, 1024, 1)
    found = sensitivity.sobol_indices(table_of(design, ishigami), "y", resamples=50)
    assert found.variance == pytest.approx(
        0.5 + 7**2 / 8 + 0.1 * math.pi**4 / 5 + 0.01 * math.pi**8 / 18, rel=0.02
    )


def test_blocks_with_failed_points_are_dropped_whole_and_counted():
    """Indices of the rest are those of a design that never had these blocks."""
    design = sweeps.saltelli(ISHIGAMI_AXES, 64, 1)
    size = 5
    fails = {3, 4, 7 * size + 2}  # blocks 0 (twice) and 7
    broken = sensitivity.sobol_indices(
        table_of(design, ishigami, fails, missing={20 * size}), "y", resamples=50
    )
    assert broken.dropped == 3
    assert broken.used.lost == {"failed": 3, "not run": 1}
    assert "61 of 64 blocks; 3 dropped for missing points (3 failed, 1 not run)" in repr(broken)
    y = np.array([ishigami(**p) for p in design]).reshape(64, size)
    y = np.delete(y, (0, 7, 20), axis=0)
    a, ab, b = y[:, 0], y[:, 1:4], y[:, 4]
    variance = np.r_[a, b].var()
    np.testing.assert_allclose(
        broken.total, 0.5 * ((a[:, None] - ab) ** 2).mean(axis=0) / variance, rtol=1e-10
    )


def test_an_onset_that_never_comes_is_missing_not_huge():
    design = sweeps.saltelli(ISHIGAMI_AXES, 16, 1)
    table = table_of(design, lambda **x: math.inf if x["x1"] > 2 else x["x1"])
    found = sensitivity.sobol_indices(table, "y", resamples=50)
    assert found.used.lost["without a finite value"] >= found.dropped > 0


def test_replicates_are_averaged():
    plain = sweeps.saltelli({"x": (0.0, 1.0), "y": (0.0, 1.0)}, 32, 1)
    once = sensitivity.sobol_indices(table_of(plain, lambda x, y: x + 2 * y), "y", resamples=50)
    often = table_of(plain.with_replicates(2), lambda x, y, seed: x + 2 * y + (seed - 1.5))
    found = sensitivity.sobol_indices(often, "y", resamples=50)
    assert found.names == ("x", "y") and found.used.replicates == 2
    np.testing.assert_allclose(found.first, once.first, atol=1e-10)


def test_a_constant_measure_has_no_indices():
    design = sweeps.saltelli(ISHIGAMI_AXES, 16, 1)
    with pytest.raises(ConfigError, match="the same at all points"):
        sensitivity.sobol_indices(table_of(design, lambda **x: 2.0), "y")


def test_the_table_of_indices_shows_the_intervals():
    found = sensitivity.sobol_indices(
        table_of(sweeps.saltelli(ISHIGAMI_AXES, 64, 1), ishigami), "y", resamples=50
    )
    frame = found.to_dataframe()
    assert list(frame.index) == ["x1", "x2", "x3"]
    k = frame.loc["x2"]
    assert f"{k['total']:.3g} ({k['total_low']:.3g} to {k['total_high']:.3g})" in repr(found)
    assert repr(found) in found._repr_html_().replace("&#x27;", "'")


def test_morris_is_exact_for_a_plane():
    """Effects of 3 a - 2 b per width of the axes 2 and 5: 6 and -10, the same everywhere."""
    axes = {"a": (1.0, 3.0), "b": (0.0, 5.0), "idle": (0.0, 1.0)}
    design = sweeps.morris(axes, 6, 1)
    found = sensitivity.morris(table_of(design, lambda a, b, idle: 3 * a - 2 * b), "y", resamples=50)
    np.testing.assert_allclose(found.mu, [6, -10, 0], atol=1e-10)
    np.testing.assert_allclose(found.mu_star, [6, 10, 0], atol=1e-10)
    np.testing.assert_allclose(found.sigma, 0, atol=1e-10)
    np.testing.assert_allclose(found.mu_interval[0], 6, atol=1e-10)


def test_morris_carries_the_unit_of_the_measure_to_the_axis_of_its_picture():
    from sim import plotting

    design = sweeps.morris({"a": (1.0, 3.0), "b": (0.0, 5.0)}, 6, 1)
    table = table_of(design, lambda a, b: 3 * a + b)
    table.units["y"] = "kg m-3"
    found = sensitivity.morris(table, "y", resamples=50)
    assert found.unit == "kg m-3"
    assert "[mg/cm" in plotting.indices(found).get_xlabel()
    logs = sensitivity.morris(table, "y", resamples=50, log=True)
    assert (logs.unit, "decades" in plotting.indices(logs).get_xlabel()) == ("decades", True)


def test_morris_works_on_the_shares_of_a_log_axis():
    design = sweeps.morris({"a": (1e-3, 1e3, "log"), "b": (0.0, 1.0)}, 5, 1)
    found = sensitivity.morris(table_of(design, lambda a, b: math.log10(a)), "y", resamples=50)
    np.testing.assert_allclose(found.mu, [6, 0], atol=1e-6)


def test_morris_agrees_with_salib():
    from SALib.analyze.morris import analyze

    axes = {"x1": (0.0, 1.0), "x2": (0.0, 1.0), "x3": (0.0, 1.0)}
    design = sweeps.morris(axes, 10, 4, levels=6)
    found = sensitivity.morris(table_of(design, ishigami), "y")
    x = np.array([[p[n] for n in axes] for p in design])
    y = np.array([ishigami(**p) for p in design])
    problem = {"num_vars": 3, "names": list(axes), "bounds": [[0, 1]] * 3}
    theirs = analyze(problem, x, y, num_levels=6)
    for mine, key in ((found.mu, "mu"), (found.mu_star, "mu_star"), (found.sigma, "sigma")):
        np.testing.assert_allclose(mine, np.asarray(theirs[key], float), rtol=1e-9)


def test_intervals_of_morris_hold_the_mean_effect():
    """Of y = x1 x2 the mean effect of each is the mean of the other over the levels, 1/2; 200 designs."""
    from scipy import stats

    inside = []
    for seed in range(200):
        design = sweeps.morris({"x1": (0.0, 1.0), "x2": (0.0, 1.0)}, 12, seed)
        low, high = sensitivity.morris(
            table_of(design, lambda x1, x2: x1 * x2), "y", resamples=50
        ).mu_interval[0]
        inside.append(low <= 0.5 <= high)
    assert stats.binom.ppf(1e-3, 200, 0.95) <= sum(inside)


def test_an_axis_of_words_has_effects():
    axes = {"law": ["slow", "fast"], "x": (0.0, 1.0)}
    design = sweeps.morris(axes, 8, 1)
    found = sensitivity.morris(table_of(design, lambda law, x: x + (law == "fast")), "y", resamples=50)
    delta = 4 / (2 * 3)
    np.testing.assert_allclose(found.effects[:, 1], 1.0, atol=1e-10)
    assert set(np.round(found.effects[:, 0], 10)) <= {0.0, round(1 / delta, 10)}


MANY = {n: (0.0, 1.0) for n in "abcdef"}  # with many levels: no two points are equal


def test_trajectories_with_failed_points_are_dropped():
    design = sweeps.morris(MANY, 6, 1, levels=20)
    assert not design.settings["repeats"]
    found = sensitivity.morris(table_of(design, lambda **x: sum(x.values()), fails={0, 8, 9}), "y")
    assert found.dropped == 2 and len(found.effects) == 4
    np.testing.assert_allclose(found.mu, 1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: sensitivity.sobol_indices(t, "y"), "a morris design; Saltelli's points are needed"),
        (lambda t: sensitivity.morris(t, "z"), "no measure 'z'"),
        (lambda t: sensitivity.morris(t, "y", confidence=95), "confidence = 95"),
        (lambda t: sensitivity.morris(t, "y", resamples=3), "resamples = 3"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_words(call, words):
    design = sweeps.morris({"a": (0.0, 1.0), "b": (0.0, 1.0)}, 4, 1)
    with pytest.raises(ConfigError, match=words):
        call(table_of(design, lambda a, b: a))


def test_a_design_without_two_whole_blocks_is_refused():
    design = sweeps.morris(MANY, 4, 1, levels=20)
    with pytest.raises(ConfigError, match=r"1 of 4 blocks .* \(3 failed\)"):
        sensitivity.morris(table_of(design, lambda **x: x["a"], fails={0, 7, 14}), "y")


RUN = {"solver": "bdf", "times": 2}  # compiles in a third of the time of the default solver


def decay(u, k):
    return k * u


def decaying(k=1e-5, start=2.0):
    """u' = -k u in a closed stirred cell for a day: u = start exp(-k t)."""
    model = sim.Model(
        (sim.Species("u", diffusivity=1e-9),),
        (sim.Process("loss", decay, {"u": -1}, {"k": sim.Parameter(k, "1/s", low=0.0)}),),
        name="decay",
    )
    tissue = {"tissue.u": sim.Parameter(start, "mM")}
    return sim.Scenario("decay", model, "well_mixed", outer="closed", duration=86400.0, parameters=tissue)


def left(result):
    return float(result["u"][-1].mean())


def cubed_over_root(result):
    return result.parameters.si("loss.k") ** 3 * result.parameters.si("tissue.u") ** -0.5


@pytest.mark.parametrize("workers", [0, 1])
def test_local_sensitivities_of_a_decay(workers):
    """d ln u / d ln k = -k t, d ln u / d ln start = 1, and exponents are their own sensitivities."""
    measures = {"left": left, "power": cubed_over_root}
    found = sensitivity.local(decaying(), ["loss.k", "tissue.u"], measures, rtol=1e-9, workers=workers, **RUN)
    exact = np.array([[-0.864, 1.0], [3.0, -0.5]])
    np.testing.assert_allclose(found.values, exact, atol=2e-5)
    assert (np.abs(found.values - exact) <= found.errors + 2e-5).all()  # tolerance of the integrator
    assert found.runs == 9 and found.failed == 0
    assert found.base["left"] == pytest.approx(2 * math.exp(-0.864), rel=1e-5)
    frame = found.to_dataframe()
    assert (
        frame.set_index(["measure", "parameter"]).loc[("power", "loss.k"), "sensitivity"]
        == found.values[1, 0]
    )


def test_local_sensitivities_take_every_number_of_a_scenario():
    """Washed to v at time s, u = v exp(-k (t - s)): d ln u / d ln v = 1, by s it is k s, by t -k t."""
    wash = sim.Intervention(at="12 hour", state={"u": "1 mM"}, label="wash")
    names = ["intervention.wash.u", "wash.at", "duration"]
    found = sensitivity.local(
        decaying().with_intervention(wash), names, {"left": left}, rtol=1e-9, workers=0, **RUN
    )
    np.testing.assert_allclose(found.values[0], [1.0, 0.432, -0.864], atol=2e-5)


def test_a_measure_alone_needs_no_table():
    """u = start exp(-k t) is the same in the one cell there is: d ln mean / d ln k = -k t."""
    found = sensitivity.local(decaying(), ["loss.k"], sim.measures.mean("u"), rtol=1e-9, **RUN)
    assert found.measures == ("mean u",)
    np.testing.assert_allclose(found.values, [[-0.864]], atol=2e-5)


def test_the_error_of_a_local_sensitivity_is_that_of_the_step():
    """Without extrapolation a half step is off by h^2 n^3 / 24 for a power n; the error covers it."""
    for step in (0.4, 0.1):
        found = sensitivity.local(decaying(), ["loss.k"], {"power": cubed_over_root}, step=step, **RUN)
        assert abs(found.values[0, 0] - 3) < found.errors[0, 0] < 6 * step**2


def never(result):
    return math.inf


def nothing(result):
    return 0.0


def test_where_there_is_no_sensitivity_the_reason_is_said():
    found = sensitivity.local(
        decaying(), ["loss.k"], {"onset": never, "nothing": nothing, "left": left}, **RUN
    )
    assert np.isnan(found.values[:2]).all() and np.isfinite(found.values[2]).all()
    assert "the measure is inf" in repr(found) and "the measure is 0 at the scenario" in repr(found)


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        ([], {}, "at least one"),
        (["loss.k", "loss.k"], {}, "name each once"),
        (["loss.q"], {}, "Did you mean 'loss.k'"),
        (["loss.k"], {"step": 0.0}, "step = 0.0"),
        (["geometry"], {}, "no value in decay to change by a share"),
        (["initial.u"], {}, "no value in decay to change by a share"),
    ],
)
def test_impossible_local_sensitivities_are_refused(names, options, words):
    with pytest.raises(ConfigError, match=words):
        sensitivity.local(decaying(), names, {"left": left}, **options)


def test_a_parameter_of_zero_has_no_relative_change():
    with pytest.raises(ConfigError, match="loss.k is 0"):
        sensitivity.local(decaying(k=0.0), ["loss.k"], {"left": left})


def test_a_stored_sweep_of_runs_gives_indices(tmp_path):
    """The whole way: ln u = ln start - k t is a sum of two parts, whose variances are known."""
    design = sweeps.saltelli({"loss.k": (0.0, 2e-5), "tissue.u": (1.0, math.e, "log")}, 16, 1)
    table = sim.sweep(
        decaying(), design, tmp_path / "decay.db", measures={"ln u": lambda r: math.log(left(r))}, **RUN
    )
    found = sensitivity.sobol_indices(sweeps.load(tmp_path / "decay.db"), "ln u", resamples=50)
    share = (2e-5 * 86400) ** 2 / ((2e-5 * 86400) ** 2 + 1)
    assert np.abs(found.first - [share, 1 - share]).max() < 0.15
    assert len(table) == 64 and found.dropped == 0
