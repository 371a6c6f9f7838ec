"""Too few points are called so, and logarithms of measures are exact where a measure is a power."""

from types import SimpleNamespace

import numpy as np
import pytest
from test_sensitivity import ISHIGAMI_AXES, ishigami, table_of

from sim import sensitivity, sweeps
from sim.errors import ConfigError
from sim.sensitivity.derivatives import local_from

A, B = 2.0, 1.0
AXES = {"x1": (0.0, 1.0), "x2": (0.0, 1.0)}


def power(x1, x2):
    """Over three decades; its log10 is the plane A x1 + B x2."""
    return 10 ** (A * x1 + B * x2)


@pytest.mark.parametrize(("n", "few"), [(16, True), (1024, False)])
def test_few_points_are_called_few(n, few):
    """Of Ishigami's function 16 blocks tell nothing, and 1024 all shares to 0.1."""
    found = sensitivity.sobol_indices(table_of(sweeps.saltelli(ISHIGAMI_AXES, n, seed=1), ishigami), "y")
    wide = (found.first_half > 0.25) | (found.total_half > 0.25)
    assert wide.any() == few and (found.enough == found.to_dataframe()["enough"]).all()
    assert bool(found.remarks) == few and found.enough.all() != few
    if few:
        assert "too few points" in repr(found) and "Double n, from 16 to 32." in repr(found)


def test_few_trajectories_are_called_few():
    design = sweeps.morris(ISHIGAMI_AXES, 6, seed=1)
    found = sensitivity.morris(table_of(design, ishigami), "y")
    assert "Double the trajectories n, from 6 to 12." in repr(found) and not found.enough.all()
    assert all(f"{w} less certain" in repr(found) or f"{w} and" in repr(found) for w in ("mu*", "sigma"))
    plane = sensitivity.morris(table_of(sweeps.morris(AXES, 6, seed=1), power), "y", log=True)
    assert plane.enough.all() and not plane.remarks  # equal effects: no interval at all


def test_every_number_that_is_printed_is_judged_by_one_rule():
    """Four trajectories in which x2 turns its sign: its size is certain, its mean and spread are not."""
    turning = np.array([[4.0, 3.0], [4.0, -3.0], [4.0, 3.0], [4.0, -3.0]])

    def of(effects):
        values, points = [], []
        for first, second in effects:
            points += [{"x1": 0.0, "x2": 0.0}, {"x1": 2 / 3, "x2": 0.0}, {"x1": 2 / 3, "x2": 2 / 3}]
            values += [0.0, first * 2 / 3, (first + second) * 2 / 3]
        settings = {"levels": 4, "n": 4}
        rows = [
            {"index": k, "inputs": p, "status": "finished", "measures": {"y": v}, "reason": ""}
            for k, (p, v) in enumerate(zip(points, values, strict=True))
        ]
        axes = [sweeps.Axis("x1", 0.0, 1.0), sweeps.Axis("x2", 0.0, 1.0)]
        return sensitivity.morris(sweeps.SweepTable(rows, axes, "morris", settings, ["y"], planned=12), "y")

    found = of(turning)
    np.testing.assert_allclose(found.effects, turning)
    np.testing.assert_allclose(found.mu_star, [4, 3])
    assert found.enough.tolist() == [True, False]
    assert "mu and sigma less certain than 25 % of the largest mu*: x2" in repr(found)
    assert "mu*" not in found.remarks[0].partition("less certain")[0]
    assert of(np.abs(turning)).remarks == ()


def test_the_logarithm_of_a_power_has_the_shares_of_a_plane():
    table = table_of(sweeps.saltelli(AXES, 256, seed=1), power)
    plain = sensitivity.sobol_indices(table, "y")
    assert "take its logarithm" in repr(plain)
    found = sensitivity.sobol_indices(table, "y", log=True)
    exact = np.array([A**2, B**2]) / (A**2 + B**2)
    np.testing.assert_allclose(found.first, exact, atol=0.02)
    np.testing.assert_allclose(found.total, exact, atol=0.02)
    assert found.variance == pytest.approx((A**2 + B**2) / 12, rel=0.02)
    assert found.measure == "log10 of y" and not found.remarks


def test_effects_on_a_logarithm_are_in_decades():
    found = sensitivity.morris(table_of(sweeps.morris(AXES, 6, seed=1), power), "y", log=True)
    np.testing.assert_allclose(found.mu, [A, B], rtol=1e-12)


def test_values_without_a_logarithm_are_counted():
    """Zero for x1 below a tenth: those points are said, and cost their blocks."""
    table = table_of(sweeps.saltelli(AXES, 64, seed=1), lambda x1, x2: max(x1 - 0.1, 0.0))
    found = sensitivity.sobol_indices(table, "y", log=True)
    count = sum(row["measures"]["y"] <= 0 for row in table.rows)
    assert found.used.lost["where it is zero or negative and has no logarithm"] >= count > 0
    assert found.dropped > 0 and "zero or negative" in repr(found)
    with pytest.raises(ConfigError, match="log = 1 is neither"):
        sensitivity.sobol_indices(table, "y", log=1)


def test_local_sensitivities_of_a_power_are_its_exponent_however_far_the_step_goes():
    """m = p^3 over a step of half of p: the relative difference is off, that of logarithms exact."""
    shares = [0.0, -0.5, -0.25, 0.25, 0.5]
    rows = [
        {"index": k, "status": "finished", "measures": {"m": float(np.exp(3 * s))}}
        for k, s in enumerate(shares)
    ]
    table = SimpleNamespace(rows=rows, names=["m"], failed=[])
    assert local_from(table, ["p"], 0.5, ["m"]).values[0, 0] == pytest.approx(3, rel=1e-12)
    assert abs(local_from(table, ["p"], 0.5).values[0, 0] - 3) > 0.01
    rows[1]["measures"]["m"] = 0.0
    assert "which has no logarithm" in local_from(table, ["p"], 0.5, ["m"]).reasons["m", "p"]


@pytest.mark.parametrize("call", [sensitivity.sobol_indices, sensitivity.morris])
def test_wrong_kinds_are_sentences(call):
    with pytest.raises(ConfigError, match="17 is no table of a sweep"):
        call(17, "y")
    table = table_of(
        (sweeps.saltelli if call is sensitivity.sobol_indices else sweeps.morris)(AXES, 8, seed=1), power
    )
    with pytest.raises(ConfigError, match="confidence = 'high'"):
        call(table, "y", confidence="high")
