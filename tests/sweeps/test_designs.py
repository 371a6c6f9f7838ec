"""Each design by the property that defines it, and the sentences of designs that cannot be."""

import itertools
import warnings

import numpy as np
import pytest
from scipy.stats import qmc

import sim
from sim.errors import ConfigError, ParameterError, RangeWarning, ScenarioError, UnitError
from sim.sweeps import Axis, Design, grid, latin_hypercube, morris, saltelli, sobol, table

TWO = {"a": (0.0, 1.0), "b": (1.0, 100.0, "log")}
THREE = TWO | {"c": ["x", "y"]}
RADIUS = {"lesion.radius": ("0.2 mm", "5 mm")}


def shares(design):
    """Points as shares of their axes (n, d)."""
    return np.array([[a.share(p[a.name]) for a in design.axes] for p in design])


@pytest.fixture(scope="module")
def base():
    return sim.scenario("infarct_myocardium")


# --- what each design is


def test_grid_is_every_combination_once_last_axis_fastest():
    d = grid(THREE, n={"a": 3, "b": 2})
    wanted = list(itertools.product([0.0, 0.5, 1.0], [1.0, 100.0], ["x", "y"]))
    assert [tuple(p.values()) for p in d] == wanted
    assert d.settings["shape"] == [3, 2, 2]


def test_latin_hypercube_has_one_point_in_each_stratum():
    d = latin_hypercube(TWO, n=50, seed=3)
    for column in shares(d).T:
        assert sorted(np.floor(column * 50).astype(int)) == list(range(50))


def test_sobol_points_are_those_of_scipy_and_more_even_than_chance():
    d = sobol(TWO, n=256, seed=5)
    same = qmc.Sobol(2, rng=np.random.default_rng(5)).random(256)
    assert shares(d) == pytest.approx(same, abs=1e-10)
    chance = np.random.default_rng(1).random((256, 2))
    assert qmc.discrepancy(shares(d)) < 0.1 * qmc.discrepancy(chance)


def test_each_step_of_a_morris_trajectory_changes_one_axis_by_the_same_share():
    pytest.importorskip("SALib")
    d = morris(TWO | {"c": (0.0, 2.0)}, n=20, seed=7, levels=6)
    x = shares(d).reshape(20, 4, 3)
    step = np.diff(x, axis=1)
    moved = np.abs(step) > 1e-9
    assert (moved.sum(axis=2) == 1).all()  # one at a time
    assert (moved.sum(axis=1) == 1).all()  # each once a trajectory
    assert np.abs(step[moved]) == pytest.approx(6 / (2 * 5), abs=1e-9)  # Morris 1991: p / (2 (p - 1))
    assert set(np.round(x * 5, 8).ravel()) <= set(range(6))  # on the levels


def test_morris_is_that_of_salib():
    salib = pytest.importorskip("SALib.sample.morris")
    problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0.0, 1.0]] * 2}
    assert shares(morris(TWO, n=8, seed=11)) == pytest.approx(salib.sample(problem, 8, seed=11), abs=1e-10)


def test_morris_leaves_the_global_generator_alone():
    pytest.importorskip("SALib")
    np.random.seed(1)
    wanted = np.random.random()
    np.random.seed(1)
    first = morris(TWO, n=4, seed=0)
    assert np.random.random() == wanted
    np.random.seed(2)
    assert morris(TWO, n=4, seed=0).points == first.points  # seed 0 is a seed


@pytest.mark.parametrize("second_order", [False, True])
def test_saltelli_is_laid_out_as_salib_does(second_order):
    salib = pytest.importorskip("SALib.sample.sobol")
    problem = {"num_vars": 3, "names": list("abc"), "bounds": [[0.0, 1.0]] * 3}
    axes = {n: (0.0, 1.0) for n in "abc"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own deprecated calls
        same = salib.sample(problem, 16, calc_second_order=second_order, seed=np.random.default_rng(2))
    d = saltelli(axes, n=16, seed=2, second_order=second_order)
    assert len(d) == 16 * (8 if second_order else 5)
    assert shares(d) == pytest.approx(same, abs=1e-10)


def test_saltelli_indices_of_a_sum_are_those_known():
    """f = a + 2 b with a, b uniform on 0-1: first-order and total indices are 1/5 and 4/5."""
    analyze = pytest.importorskip("SALib.analyze.sobol")
    problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0.0, 1.0]] * 2}
    d = saltelli({"a": (0.0, 1.0), "b": (0.0, 1.0)}, n=512, seed=4)
    y = np.array([p["a"] + 2 * p["b"] for p in d])
    found = analyze.analyze(problem, y, calc_second_order=False, seed=1)
    assert found["S1"] == pytest.approx([0.2, 0.8], abs=0.02)
    assert found["ST"] == pytest.approx([0.2, 0.8], abs=0.02)


@pytest.mark.parametrize("make", [latin_hypercube, sobol, morris, saltelli])
def test_samples_depend_on_their_seed_alone(make):
    pytest.importorskip("SALib")
    assert make(THREE, 8, 1).points == make(THREE, 8, 1).points
    assert make(THREE, 8, 1).points != make(THREE, 8, 2).points


def test_a_log_axis_is_sampled_evenly_in_its_logarithm():
    d = latin_hypercube({"k": (1e-3, 1e3, "log")}, n=600, seed=1)
    decades = np.floor(np.log10([p["k"] for p in d]))
    assert sorted(np.unique(decades, return_counts=True)[1]) == [100] * 6


def test_a_table_keeps_its_rows_and_reads_their_units():
    d = table([{"a": "1 mm", "w": "x"}, {"a": 0.002, "w": "y"}, {"a": "1 mm", "w": "x"}])
    assert [p["a"] for p in d] == [0.001, 0.002, 0.001]
    assert d.axes[0] == Axis("a", unit="m", values=(0.001, 0.002))
    assert d.settings["repeats"] == {"2": 0}


def test_a_data_frame_is_a_table():
    pandas = pytest.importorskip("pandas")
    rows = [{"a": 1.0, "seed": 1}, {"a": 2.0, "seed": 2}]
    assert table(pandas.DataFrame(rows)).points == table(rows).points


# --- designs together


def test_replicates_give_each_point_each_seed():
    d = grid({"a": (0.0, 1.0)}, n=2).with_replicates(3)
    assert [tuple(p.values()) for p in d] == list(itertools.product([0.0, 1.0], [1, 2, 3]))
    assert d.axis("seed").values == (1, 2, 3)
    assert grid({"a": [1.0]}).with_replicates([7, 9]).axis("seed").values == (7, 9)


def test_designs_add_up_when_their_axes_agree():
    d = grid(RADIUS, 3) + latin_hypercube(RADIUS, 4, 1)
    assert (len(d), d.method) == (7, "table")
    assert d.axes[0].low == 2e-4
    both = grid({"w": ["x"]}) + grid({"w": ["y", "x"]})
    assert both.axes[0].values == ("x", "y")
    assert both.settings["repeats"] == {"2": 0}
    with pytest.raises(ConfigError, match="only one of the two designs has b"):
        grid(TWO) + grid({"a": (0.0, 1.0)})
    with pytest.raises(ConfigError, match="do not go together"):
        grid({"a": ["x"]}) + grid({"a": [1.0]})
    with pytest.raises(ConfigError, match="do not go together"):
        grid({"a": ["1 mm"]}) + grid({"a": ["1 mM"]})


# --- what cannot be


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: grid({}), "at least one axis"),
        (lambda: grid([]), "give a dictionary"),
        (lambda: grid(TWO, n=1), "at least 2 levels"),
        (lambda: grid(TWO, n=0), "no points"),
        (lambda: grid(TWO, n={"A": 3}), "no axis 'A'"),
        (lambda: grid(TWO, n=2.5), "whole number"),
        (lambda: grid({n: (0.0, 1.0) for n in "abcdefgh"}, n=10), "100000000 points"),
        (lambda: latin_hypercube(TWO, 0, 1), "no points"),
        (lambda: latin_hypercube(TWO, -3, 1), "no points"),
        (lambda: latin_hypercube(TWO, 5, "x"), "seed"),
        (lambda: latin_hypercube(TWO, 5, -1), "seed"),
        (lambda: sobol(TWO, 100, 1), "take 64 or 128"),
        (lambda: saltelli(TWO, 100, 1), "take 64 or 128"),
        (lambda: saltelli({"a": ["x"]}, 4, 1), "one value only"),
        (lambda: morris(TWO, 4, 1, levels=5), "even number"),
        (lambda: table([]), "no rows"),
        (lambda: table({"a": [1]}), "a list of rows"),
        (lambda: table([{"a": 1.0}, {"b": 1.0}]), "row 1"),
        (lambda: table([{"a": 1.0}, 3]), "row 1"),
        (lambda: table([{"a": 1.0}, {"a": float("nan")}]), "row 1"),
        (lambda: table([{"a": 1.0}, {"a": "x"}]), "a word and"),
        (lambda: Design("table", (Axis("a", 0, 1), Axis("a", 0, 1)), ({"a": 0.0},)), "given twice"),
        (lambda: grid([Axis("a", 0, 1), Axis("a", 2, 3)]), "given twice"),
        (lambda: Design("table", (Axis("a", 0, 1),), ()), "no points"),
        (lambda: Design("table", (Axis("a", 0, 1),), ({"b": 1.0},)), "the axes are a"),
        (lambda: Design("table", (Axis("a", 0, 1),), ({"a": float("inf")},)), "not a finite number"),
        (lambda: grid(TWO).with_replicates(0), "no points"),
        (lambda: grid(TWO).with_replicates([1, 1]), "twice"),
        (lambda: grid(TWO).with_replicates("3"), "neither a number"),
        (lambda: grid(TWO).with_replicates(2).with_replicates(2), "an axis 'seed' already"),
    ],
)
def test_what_cannot_be_a_design_is_told(make, words):
    with pytest.raises(ConfigError) as error:
        make()
    assert words in str(error.value)


def test_without_salib_the_sentence_names_the_extra(monkeypatch):
    import importlib

    def missing(name, *_):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigError, match=r"pip install SALib"):
        morris(TWO, 4, 1)


@pytest.mark.parametrize(
    ("axes", "kind", "words"),
    [
        ({"lesion.radus": (1e-3, 2e-3)}, ScenarioError, "Did you mean 'lesion.radius'"),
        ({"radius": (1e-3, 2e-3)}, ScenarioError, "nothing that"),
        ({"lesion.radius": ("1 mM", "2 mM")}, UnitError, "a length"),
        ({"lesion.radius": ["large", "small"]}, UnitError, "'large' is a word"),
        ({"growth_law": [1.0, 2.0]}, ConfigError, "takes words"),
        ({"growth_law": (1.0, 2.0)}, ConfigError, "takes words"),
        ({"growth_law": ["affinty"]}, ConfigError, "Did you mean 'affinity'"),
        ({"constants": ["minteq"]}, ConfigError, "minteq.v4"),
        ({"outer": ["open"]}, ConfigError, "is not one of"),
        ({"seed": [1, 2]}, ScenarioError, "with_stochastic_nucleation"),
        ({"lesion.radius": (-1e-3, 1e-3)}, ParameterError, "negative"),
        ({"duration": (0.0, 10.0)}, ParameterError, "above 0"),
        ({"resolution": [0.0, 1.0]}, ParameterError, "above 0"),
        ({"initial.Caa": [1.0]}, ScenarioError, "Did you mean 'Ca'"),
        ({"intervention.1.at": [1.0]}, ScenarioError, "no intervention"),
    ],
)
def test_what_does_not_fit_the_scenario_is_told(base, axes, kind, words):
    with pytest.raises(kind) as error:
        grid(axes, n=2).check(base)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "axis",
    [
        [1.0, [2.0]], ([1.0], 2.0), ("1 mM", ["2 mM"]), {"low": [1.0], "high": 2.0}, {"values": [[1.0], 2.0]},
        [np.array([1.0, 2.0])],
    ],
)  # fmt: skip
def test_a_list_where_one_value_of_an_axis_is_meant_is_told(axis):
    with pytest.raises(UnitError, match=r"^plasma\.Ca = .* is an? (list|array); one number"):
        sim.sweeps.Axis.of("plasma.Ca", axis)


def test_two_names_of_one_thing_are_told(base):
    cut = base.with_intervention(sim.Intervention(at="3 day", boundary={"PPi": "20 uM"}, label="PPi"))
    with pytest.raises(ConfigError, match="change the same thing"):
        grid({"PPi.at": ["1 day"], "intervention.1.at": ["2 day"]}).check(cut)


def test_values_outside_a_range_warn_once_an_axis(base):
    design = grid({"lesion.radius": ("1 mm", "40 mm"), "acid.load": ("0 mM", "60 mM")}, n=10)
    with pytest.warns(RangeWarning, match="lesion.radius") as said:
        design.check(base)
    assert len(said) == 1


def test_plain_numbers_get_the_unit_of_what_they_change(base):
    d = grid({"lesion.radius": (1e-3, 2e-3), "growth_law": ["spiral"], "duration": ["1 day"]}, n=2)
    assert [a.unit for a in d.with_units(base).axes] == ["m", "", "s"]


def test_a_design_fits_without_a_word(base):
    grid({"lesion.radius": ("1 mm", "2 mm"), "constants": ["phreeqc"], "outer": ["closed"]}, n=2).check(base)


def test_an_axis_shows_values_in_the_unit_that_people_give():
    """2 umol/L/min is 1/30000 mol m-3 s-1; a millimetre is not written as 0.001 m."""
    d = grid(
        {
            "phosphatase.V_alk": ("2 umol/L/min", "3 umol/L/min"), "lesion.radius": ["0.5 mm", "8 mm"],
            "acid.load": ("0 mM", "120 mM"), "plain": (1e-14, 1.0), "constants": ["tissue-37C"],
        },
        n=2,
    )  # fmt: skip
    assert [repr(a) for a in d.axes] == [
        "Axis(phosphatase.V_alk: 2 umol/L/min to 3 umol/L/min)", "Axis(lesion.radius: 0.5 mm, 8 mm)",
        "Axis(acid.load: 0 mM to 120 mM)", "Axis(plain: 1e-14 to 1)", "Axis(constants: tissue-37C)",
    ]  # fmt: skip
