"""Stochastic nucleation: Poisson counts about the mean-field number, and nothing depends on how it is run."""

import math

import numpy as np
import pytest
from crystal_burst import D0, SITES, SPAN, VOLUME_HAP, A, K, scenario, toy
from reference import busy, elements
from solver_traits import GENERAL

import sim
from sim.errors import ScenarioError
from sim.experiment.catalogue import from_table
from sim.run.chance.apart import apart
from sim.solvers import SOLVERS

VOLUME = 1e-15  # m3
EXPECTED = A / K * (1 - math.exp(-K * SPAN))  # m-3, about 196 crystals in 1000 um3


def counts(result, volume=VOLUME):
    return result["hap_m0"].values[-1] * volume


@pytest.fixture(scope="module")
def drawn():
    s = scenario().with_stochastic_nucleation(seed=5, interval="400 s", sample="100 um2")
    return sim.simulate(s, times=5)


def test_counts_are_whole_and_poisson(drawn):
    """1000 cells: mean within 4 standard errors of the exact integral, variance = mean likewise."""
    n = counts(drawn)
    assert n == pytest.approx(np.round(n), abs=1e-9 * n.max())
    mean = EXPECTED * VOLUME
    assert n.mean() == pytest.approx(mean, abs=4 * math.sqrt(mean / n.size))
    assert n.var(ddof=1) == pytest.approx(mean, rel=4 * math.sqrt(2 / n.size))
    assert drawn.stats["nuclei"] == round(n.sum()) and drawn.stats["draws"] == 10
    plain = sim.simulate(scenario(cells=3), times=2)
    assert counts(plain) == pytest.approx(mean, rel=1e-4)  # the mean-field model, untouched


def test_the_mean_over_seeds_is_the_mean_field_number():
    """Four cells of 1 crystal each, 60 seeds: a rare regime."""
    s = scenario(cells=4).with_stochastic_nucleation(0, "1000 s", "0.5 um2")
    n = np.array([counts(sim.simulate(s, times=2, seed=k), 0.005 * VOLUME) for k in range(60)])
    mean = EXPECTED * 0.005 * VOLUME
    assert n.mean() == pytest.approx(mean, abs=4 * math.sqrt(mean / n.size))
    assert n.var() == pytest.approx(mean, rel=4 * math.sqrt((2 + 1 / mean) / n.size))
    assert np.unique(n.sum(1).round()).size > 5


def test_cells_are_independent(drawn):
    n = counts(drawn) - counts(drawn).mean()
    for lag in (1, 2, 3, 4, 5, 8):
        assert abs((n[lag:] * n[:-lag]).mean() / n.var()) < 4 / math.sqrt(n.size)


def test_crystals_have_the_size_of_their_time(drawn):
    """Lengths, areas and amounts per crystal against integrals of J d^k over the burst."""
    t = (np.arange(100_000) + 0.5) * SPAN / 100_000
    J, d = np.exp(-K * t), D0 * (1 + t / SPAN)
    m0 = drawn["hap_m0"].values[-1].sum()
    content = {"hap_m1": d, "hap_m2": d**2, "HAP": math.pi / 6 * d**3 / VOLUME_HAP}
    for name, of_one in content.items():
        mean = (J * of_one).sum() / J.sum()
        # sizes within an interval are alike, those of intervals differ by chance
        assert drawn[name].values[-1].sum() / m0 == pytest.approx(mean, rel=2e-3), name


def test_the_ledger_closes_over_draws(drawn):
    assert drawn.manifest["ledger_residual"] < 1e-14
    held = drawn["Ca"] + 5 * (drawn["HAP"] + drawn["expected_HAP"])
    assert held.mean("x").values == pytest.approx(1.0, rel=1e-13)
    assert drawn["HAP"].values[-1].min() > 0
    assert all(float(abs(drawn[n].values[-1]).max()) == 0 for n in ("expected_m0", "expected_HAP"))


def test_output_times_do_not_change_a_draw(drawn):
    """Bitwise; and an output at a draw shows it done."""
    s = scenario().with_stochastic_nucleation(5, 400.0, "100 um2")
    other = sim.simulate(s, times=[400.0, 401.0, 1234.5, 3999.0, SPAN])
    assert np.array_equal(other["hap_m0"].values[-1], drawn["hap_m0"].values[-1])
    assert np.array_equal(other["hap_m0"].values[0], other["hap_m0"].values[1])
    assert other["hap_m0"].values[0].min() > 0 and other["expected_m0"].values[0].max() == 0


@pytest.mark.parametrize("at", [1000.0, 1200.0 - 1e-7, 1200.0, 1200.0 + 1e-7])
def test_cutting_a_run_does_not_change_a_draw(drawn, at):
    """A cut within an interval, at a draw, and within rounding of one. Means differ in the 7th digit."""
    cut = sim.Intervention(at=at, parameters={"decay.k": K})
    s = scenario().with_stochastic_nucleation(5, 400.0, "100 um2").with_intervention(cut)
    result = sim.simulate(s, times=2)
    assert result.stats["draws"] == 10
    assert np.mean(np.round(counts(result)) != np.round(counts(drawn))) < 0.01


def test_a_longer_run_begins_as_a_shorter_one(drawn):
    s = scenario(duration=2000.0).with_stochastic_nucleation(5, 400.0, "100 um2")
    half = sim.simulate(s, times=2)
    whole = sim.simulate(s.with_(duration=SPAN), times=[2000.0, SPAN])
    assert np.array_equal(np.round(counts(half)), np.round(whole["hap_m0"].values[0] * VOLUME))


@pytest.mark.parametrize("solver", [n for n in GENERAL if not SOLVERS[n].planes])
def test_other_integrators_draw_the_same(solver):
    s = scenario(cells=30).with_stochastic_nucleation(9, 1000.0, "100 um2")
    one, two = sim.simulate(s, times=2), sim.simulate(s, times=2, solver=solver)
    assert np.mean(np.round(counts(one)) != np.round(counts(two))) < 0.1
    assert two.stats["draws"] == 4


def test_large_cells_fill_their_sites_as_the_mean_field_does():
    """Sites run out within the first of two intervals: what is expected must take sites too."""
    s = scenario(cells=2).with_parameters({"tissue.sites": SITES / 100})
    plain = sim.simulate(s, times=2)
    large = sim.simulate(s.with_stochastic_nucleation(1, SPAN / 2, "1 m2"), times=2)
    exact = SITES / 100 * -math.expm1(-EXPECTED / (SITES / 100))
    assert plain["hap_m0"].values[-1] == pytest.approx(exact, rel=1e-4)
    assert large["hap_m0"].values[-1] == pytest.approx(exact, rel=1e-3)


def crowded(J, hap_m0):
    return J / (1.0 + hap_m0)


def uptake(HAP):
    return 1e-9 * HAP


def test_everything_sees_the_crystals_not_yet_drawn():
    """Births and bystanders read the sum; what changes crystals has a twin for the others."""
    birth = sim.Process("nucleation: number", crowded, {"hap_m0": 1}, inputs={"J": "nucleation_rate"})
    loss = sim.Process("loss", uptake, {"HAP": -1, "Ca": 5})
    seen = sim.Process("seen", uptake, {"burst": -1})
    model = apart(toy().with_process(birth, loss, seen))
    found = {p.name: p for p in model.processes}
    assert found["nucleation: number"].needs == ("nucleation_rate", "all_hap_m0")
    assert found["nucleation: number"].changes == {"expected_m0": 1}
    assert found["seen"].needs == ("all_HAP",)
    assert found["loss"] == loss
    twin = found["loss (not yet drawn)"]
    assert twin.needs == ("expected_HAP",) and twin.changes == {"expected_HAP": -1, "Ca": 5}
    assert not model.imbalance({n: p.si for n, p in model.parameters.items()})


@pytest.fixture(scope="module")
def rich():
    return busy("slab", {"lesion": 3, "border": 2}).with_(duration="0.5 day")


@pytest.mark.parametrize("parts", [2, 9])
def test_the_limit_of_large_cells_is_the_mean_field(rich, parts):
    """The whole model, with growth on what is not yet drawn: no interval is too long."""
    plain = sim.simulate(rich, times=2, rtol=1e-7, atol=1e-8)
    s = rich.with_stochastic_nucleation(1, rich.duration / parts, "1 m2")
    result = sim.simulate(s, times=2, rtol=1e-7, atol=1e-8)
    assert result.success and result.manifest["ledger_residual"] < 1e-12
    for name in ("HAP", "hap_m0", "hap_m1", "hap_m2", "OCP", "Ca"):
        x, y = plain[name].values[-1], result[name].values[-1]
        assert y == pytest.approx(x, abs=1e-4 * x.max()), name


def test_small_cells_scatter_about_the_mean_field(rich):
    """Whole numbers in the whole model; ledger and sum of elements as always."""
    sample = "1e-12 m2"
    none = sim.Parameter(0.0, "1/s")  # of what takes crystals away
    still = sim.Parameter(0.0, "m/s")
    rich = rich.with_parameters(
        {"clearance.k": none, "clearance.k_macrophage": none, "dissolution.k": still, "granules.k": none}
    )
    s = rich.with_stochastic_nucleation(1, "1 hour", sample)
    result = sim.simulate(s, times=3)
    assert result.success and result.manifest["ledger_residual"] < 1e-12
    volume = result["volume"].values * 1e-12
    n, born = result["hap_m0"].values[-1] * volume, result.stats["nuclei"]
    assert n.sum() == pytest.approx(born, rel=0.2) and born > 10  # a few may have shrunk
    plain = sim.simulate(rich, times=3)["hap_m0"].values[-1] * volume
    assert abs(n.sum() - plain.sum()) < 6 * math.sqrt(plain.sum())
    for element, amount in elements(result).items():
        assert amount[-1] == pytest.approx(amount[0], rel=1e-10), element


def test_the_seed_is_in_the_manifest_and_decides(drawn):
    s = scenario(cells=5).with_stochastic_nucleation(3, sample="100 um2", interval="1000 s")
    one, same, other = (sim.simulate(x, times=3, seed=n) for x, n in ((s, None), (s.with_(), None), (s, 4)))
    assert one.manifest["seed"] == 3 and other.manifest["seed"] == 4
    assert one.manifest["layout"]["stochastic"]["interval"] == 1000.0
    assert one.manifest["hash"] == same.manifest["hash"] != other.manifest["hash"]
    assert np.array_equal(counts(one), counts(same)) and not np.array_equal(counts(one), counts(other))
    assert s.diff(scenario(cells=5)).startswith("+ stochastic nucleation: seed 3, ")


def test_intervals_left_out_are_short_at_first():
    ends = sim.Scenario("x", toy()).with_stochastic_nucleation(1, sample=1.0).stochastic.ends(14400.0)
    assert ends[0] == pytest.approx(1.0) and ends[-1] == 14400.0 and ends.size == 120
    last = scenario().with_stochastic_nucleation(1, "300 s", 1.0).stochastic.ends(1000.0)
    assert np.array_equal(last, [300, 600, 900, 1000])


def test_true_volume_is_asked_for():
    """The same tissue as box and as rectangle of that depth: the same draws."""
    values = {"tissue.thickness": sim.Parameter(10e-6, "m")}
    made = sim.Scenario(
        "burst", toy(), layers=(("tissue", 1),), outer="closed", duration=SPAN, parameters=values,
        initial={"Ca": 1.0}, geometry="rectangle", domain=((20e-6, 2), (20e-6, 2)),
    )  # fmt: skip
    flat = sim.simulate(made.with_stochastic_nucleation(1, 1000.0, "10 um"), times=2)
    box = made.with_geometry("box", domain=((20e-6, 2), (20e-6, 2), (10e-6, 1)))
    solid = sim.simulate(box.with_stochastic_nucleation(1, 1000.0), times=2)
    assert flat["hap_m0"].values[-1].ravel() == pytest.approx(solid["hap_m0"].values[-1].ravel(), rel=1e-12)


def test_water_that_cannot_feed_its_crystals_ends_the_run_with_a_sentence():
    """One crystal takes about 1e-21 mol of calcium; a cell of 1e-19 m3 with 1 uM holds a tenth."""
    s = scenario(cells=200, initial={"Ca": 1e-3}).with_stochastic_nucleation(1, 1000.0, "1e-14 m2")
    result = sim.simulate(s, times=3)
    assert result.status == "failed" and "need" in result.message and "of Ca" in result.message
    assert result["hap_m0"].values.max() == 0.0 and result.manifest["ledger_residual"] < 1e-14


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.with_stochastic_nucleation(1), "give sample='1 mm2'"),
        (lambda s: s.with_stochastic_nucleation(1, sample="10 um"), "sample .cross-section."),
        (lambda s: s.with_stochastic_nucleation(1, sample=-1.0), "positive cross-section"),
        (lambda s: s.with_stochastic_nucleation(-1, sample=1.0), "seed = -1"),
        (lambda s: s.with_stochastic_nucleation(1, "0 s", 1.0), "must be positive"),
        (lambda s: sim.simulate(s, seed=3), "seed = 3 would decide nothing"),
        (lambda s: sim.simulate(s, seed=0), "with_stochastic_nucleation.seed="),
        (lambda s: s.with_geometry("sphere").with_stochastic_nucleation(1, sample=1.0), "leave sample out"),
        (lambda s: sim.simulate(s.with_stochastic_nucleation(1, 1e-4, 1.0)), "take longer ones"),
        (lambda s: sim.simulate(
            s.with_model(s.model.without("nucleation: area")).with_stochastic_nucleation(1, sample=1.0)),
         "no process 'nucleation: area'"),
    ],
)  # fmt: skip
def test_slips_are_answered_with_a_sentence(change, words):
    with pytest.raises(ValueError, match=words):
        change(scenario(cells=2))


def test_a_scenario_file_can_ask_for_it():
    table = {
        "geometry": "rectangle", "layers": [{"name": "tissue"}],
        "domain": [{"length": "1 mm", "cells": 4}, {"length": "1 mm", "cells": 4}],
        "stochastic": {"seed": 7, "interval": "6 hour", "sample": "10 um"},
    }  # fmt: skip
    made = from_table("file", table)
    by_hand = made.with_(stochastic=None).with_stochastic_nucleation(7, 21600.0, 1e-5)
    assert made.stochastic.table() == by_hand.stochastic.table() | {"sample": "10 um"}
    with pytest.raises(ScenarioError, match="Did you mean 'sample'"):
        from_table("file", table | {"stochastic": {"seed": 7, "samples": 1}})
