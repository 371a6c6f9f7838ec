"""Nucleation by chance goes on: the draws of an unbroken run, and no random number taken twice."""

from itertools import pairwise

import numpy as np
import pytest
from crystal_burst import SPAN, A, K, scenario

import sim
from sim.errors import ScenarioError
from sim.experiment.nucleation import StochasticNucleation
from sim.run.continued.draws import STREAM, Draws

VOLUME = 1e-15  # m3
NO_CHANGE = sim.Intervention(
    "2000 s", state={"burst": float(np.exp(-K * 2000.0))}
)  # a cut, and about its value


def chance(interval="400 s", seed=5, **more):
    return scenario(**more).with_stochastic_nucleation(seed, interval, "100 um2")


def counts(result, k=-1):
    return result["hap_m0"].values[k] * VOLUME


def stop_at(time):
    def progress(t, steps):
        if t >= time:
            raise KeyboardInterrupt

    return progress


def test_at_a_draw_and_cut_it_is_the_unbroken_run_bit_for_bit():
    s = chance(cells=50).with_intervention(NO_CHANGE)
    whole = sim.simulate(s, times=[SPAN])
    before = sim.simulate(chance(cells=50), until="2000 s")
    after = sim.simulate(s, start=before, times=[SPAN])
    assert np.array_equal(whole.tables["end_amounts"].values, after.tables["end_amounts"].values)
    assert before.stats["draws"] + after.stats["draws"] == whole.stats["draws"] == 10
    assert after.manifest["ledger_residual"] <= 1e-12


@pytest.mark.parametrize("interval", ["400 s", None])
@pytest.mark.parametrize("where", ["interrupted", "at an output"])
def test_within_an_interval_the_unbroken_run_is_drawn(interval, where, tmp_path):
    """Means differ by the tolerance, so that of 1000 counts of about 20 an interval a few may by 1."""
    s = chance(interval)
    whole = sim.simulate(s, times=["1500 s", SPAN])
    if where == "interrupted":
        before = sim.simulate(s, progress=stop_at(1500.0))
        assert before.status == "interrupted" and before.manifest["t_end"] < SPAN
        before = sim.load(before.save(tmp_path / "a.nc"))
        after = sim.simulate(s, start=before, times=[SPAN])
    else:
        after = sim.simulate(s, start=whole, at="1500 s", times=[SPAN])
    assert np.mean(counts(after).round() != counts(whole).round()) < 0.01
    other = sim.simulate(s, seed=6, times=[SPAN])
    assert np.mean(counts(other).round() != counts(whole).round()) > 0.9


def test_the_rest_of_an_interval_has_numbers_of_its_own():
    """Ended at half of an interval, which is drawn there: the other half is independent of it."""
    s = chance("2000 s")
    before = sim.simulate(s, until="1000 s")
    after = sim.simulate(s, start=before, times=[2000.0], until="2000 s")
    first, second = counts(before), counts(after) - counts(before)
    expected = A / K * (np.exp(-K * 1000) - np.exp(-K * 2000)) * VOLUME
    assert second.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / second.size))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(first.size)


def test_no_random_number_is_taken_twice():
    """Over a first run, a branch of it that lasts longer, and one with other intervals."""
    taken = []
    rows = [
        (None, 100.0, None, None),
        (None, 400.0, 70.0, False),
        ("7 s", 500.0, 130.0, False),
        ("7 s", 900.0, 500.0, True),
    ]
    before = None
    for interval, end, start, at_end in rows:
        choice = StochasticNucleation(1, interval, "1 um2")
        draws = Draws(choice.seed, choice.interval, end)
        if start is not None:
            draws = draws.after(before, choice, start, at_end, 1e-9 * end)
        ends = [0.0, *choice.ends(end, draws.span).tolist()]
        for k, (begins, stop) in enumerate(pairwise(ends)):
            if stop > (start or 0.0) * (1 + 1e-12):
                name = draws.stream_of(begins, 1e-9)
                taken.append((name, k))
                draws = Draws(**{**vars(draws), "last": stop})
                if start is None and stop > 70.0:  # of the first run only what lies before the branch
                    taken.pop()
        before = draws
    assert len(set(taken)) == len(taken) and taken[0] == (STREAM, 0)


def test_a_longer_run_keeps_the_intervals_of_the_first():
    choice = StochasticNucleation(1, None, "1 um2")
    short, long_ = choice.ends(100.0), choice.ends(250.0, 100.0)
    assert np.array_equal(long_[:120], short) and long_[-1] == 250.0 and np.all(np.diff(long_) > 0)
    assert np.array_equal(choice.ends(100.0, 100.0), short)


def test_chance_may_begin_later_and_end():
    plain = sim.simulate(scenario(cells=50), until="1000 s")
    drawn = sim.simulate(chance(cells=50), start=plain, until="1400 s")
    new = counts(drawn) - counts(plain)
    assert new == pytest.approx(np.round(new), abs=1e-6) and new.std() > 0
    assert sim.simulate(scenario(cells=50), start=drawn, times=2).success  # nothing expected is left undrawn
    cut = sim.simulate(chance(cells=50), progress=stop_at(1500.0))
    with pytest.raises(ScenarioError, match="expected_m0, which the model of burst has not"):
        sim.simulate(scenario(cells=50), start=cut)


def test_another_true_size_is_refused():
    before = sim.simulate(chance(cells=50), until="400 s")
    with pytest.raises(ScenarioError, match="true size of the tissue cannot change"):
        sim.simulate(scenario(cells=50).with_stochastic_nucleation(5, "400 s", "90 um2"), start=before)
