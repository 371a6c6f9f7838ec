"""Every scenario runs, conserves, and is converged in space. Slow: each runs twice."""

import numpy as np
import pytest

import sim
from sim.atlas.expectations import WRONG, expectation_of, judged
from sim.atlas.morphology import VARIABLE
from sim.run.measures import first_above

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sim.errors.RangeWarning", "ignore::sim.errors.TissueWarning"),
]
PLANES = [n for n in sim.scenarios() if sim.scenario(n).domain]
FINER = {True: 1.5, False: 2.0}  # a plane has the square of this many cells more
NONE = 0.1  # mM of calcium in solids, below which there is no mineral to compare


def outcome(scenario):
    """Mineral at the end, first time above 0.1 mM [s], the imbalance, and whether a statement is missed."""
    result = sim.simulate(scenario, times=300)
    assert result.success, result.message
    course = np.asarray(result.array_of(VARIABLE))
    highest = course.reshape(course.shape[0], -1).max(1)
    total = float(np.asarray(result.total(VARIABLE))[-1])
    missed = any(a.answer == WRONG for a in judged(expectation_of(scenario.name), result))
    onset = first_above(highest, result.t, NONE)
    return total, highest[-1], onset, result.manifest["ledger_residual"], missed


@pytest.mark.parametrize("name", sim.scenarios())
@pytest.mark.timeout(1500)
def test_finer_cells_change_little_and_nothing_is_lost(name):
    plain = sim.scenario(name)
    total, peak, onset, residual, missed = outcome(plain)
    assert not missed or expectation_of(name).reason, f"{name} is missed, and no reason is given"
    fine, _, later, off, _ = outcome(plain.with_resolution(FINER[name in PLANES]))
    assert max(residual, off) < 1e-12
    if peak > NONE:
        assert fine == pytest.approx(total, rel=0.03)
    if np.isfinite(onset):
        assert later == pytest.approx(onset, rel=0.05)
