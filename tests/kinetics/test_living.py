"""What living tissue does to mineral, and what blood does to dying cells: formulas in their limits."""

import math

import numpy as np
import pytest

from sim.kinetics import living, necrosis, phosphatase, precursors
from sim.model.library import model

PARAMETERS = model().parameters
K, LOAD, EATEN, FULL = 3e-5, 0.6, 2e-6, 20.0


def cleared(viable=1.0, macrophages=0.0, sheltered=0.0, HAP=1e-6):
    return living.clearance(viable, macrophages, sheltered, HAP, K, LOAD, EATEN, FULL)


def test_living_tissue_clears_what_is_scarce_and_no_more_than_it_can_hold():
    assert cleared(HAP=0.0) == K
    assert cleared(HAP=LOAD) == pytest.approx(K / 2)
    for much in (1e3, 1e5):  # the amount taken per time saturates, at k load
        assert much * cleared(HAP=much) == pytest.approx(K * LOAD, rel=LOAD / much * 1.1)
    amounts = np.geomspace(1e-9, 1e4, 80)
    assert np.all(np.diff([x * cleared(HAP=x) for x in amounts]) > 0)
    assert cleared(HAP=-1e-9) == K, "an undershoot is no mineral"


def test_dead_tissue_clears_nothing_and_sheltered_mineral_is_out_of_reach():
    assert cleared(viable=0.0) == cleared(viable=-1e-9) == 0.0
    assert cleared(viable=0.3) == pytest.approx(0.3 * cleared())
    assert cleared(sheltered=1.0, macrophages=1.0) == 0.0
    assert cleared(sheltered=0.25) == pytest.approx(0.75 * cleared())


def test_macrophages_come_to_dead_places_too_and_have_a_limit_of_their_own():
    assert cleared(viable=0.0, macrophages=1.0, HAP=0.0) == EATEN
    assert cleared(viable=0.0, macrophages=0.5, HAP=FULL) == pytest.approx(EATEN / 4)
    both = cleared(macrophages=1.0, HAP=3.0)
    assert both == pytest.approx(cleared(HAP=3.0) + cleared(viable=0.0, macrophages=1.0, HAP=3.0))


def test_phagocytes_digest_cores_at_the_rate_at_which_they_take_mineral():
    f = living.digestion
    for HAP in (0.0, 3.0, FULL, 1e4):
        rate = cleared(viable=0.0, macrophages=0.7, HAP=HAP)
        assert f(2.0, 0.7, HAP, EATEN, FULL) == pytest.approx(2.0 * rate, rel=1e-12)
    assert f(2.0, 0.0, 0.0, EATEN, FULL) == f(0.0, 1.0, 0.0, EATEN, FULL) == 0.0
    assert f(2.0, 1.0, -1e-9, EATEN, FULL) == 2.0 * EATEN


def test_living_cells_make_pyrophosphate_while_there_is_phosphate():
    f = living.pyrophosphate
    assert f(1.0, 1.0, 1e6, 2.0, 0.1) == pytest.approx(2.0, rel=1e-6)
    assert f(1.0, 1.0, 0.1, 2.0, 0.1) == pytest.approx(1.0)
    assert f(0.5, 3.0, 0.1, 2.0, 0.1) == pytest.approx(1.5)
    assert f(0.0, 1.0, 1.0, 2.0, 0.1) == f(1.0, 0.0, 1.0, 2.0, 0.1) == f(1.0, 1.0, 0.0, 2.0, 0.1) == 0.0


def test_baring_of_elastin_speeds_itself_up():
    f = living.unmasking
    assert f(1.0, 0.1, 5.0) == pytest.approx(0.1)
    assert f(0.5, 0.1, 5.0) == pytest.approx(0.5 * (0.1 + 2.5))
    assert f(0.0, 0.1, 5.0) == 0.0 and f(1.0, 0.0, 5.0) == 0.0


def half_life(perfusion, tau=21600.0, reflow=0.2, flow_half=1 / 60):
    """Of one cell after another that ruptures at this rate [s]."""
    return math.log(2) / necrosis.rupture(1.0, perfusion, tau, reflow, flow_half)


def test_reflow_bursts_cells_in_minutes_and_collateral_flow_does_not():
    still = 21600.0 * math.log(2)
    assert half_life(0.0) == half_life(-1e-9) == pytest.approx(still)
    assert half_life(0.03 / 60) == pytest.approx(still, rel=0.1)
    assert half_life(0.03 / 60) > 0.5 * still
    fast = 1e3 / 60  # far above flow_half a share of 0.2 ruptures at each exchange
    assert half_life(fast) == pytest.approx(math.log(2) / (0.2 * fast), rel=2e-3)
    assert half_life(1.0 / 60) == pytest.approx(math.log(2) / (1 / 21600 + 0.2 * 0.5 / 60)), (
        "half at flow_half"
    )
    assert 60 < half_life(1.5 / 60) < 600
    assert necrosis.rupture(-1e-9, 1.0, 21600.0, 0.2, 1 / 60) < 0, "restoring below zero"


def test_phosphatase_rests_at_what_living_cells_keep_up():
    f = phosphatase.deactivation
    assert f(0.05, 1.0, 0.05, 10.0) == 0.0 and f(0.0, 0.0, 0.05, 10.0) == 0.0
    assert f(0.55, 1.0, 0.05, 10.0) == pytest.approx(0.05)
    assert f(0.02, 0.4, 0.05, 10.0) == pytest.approx(0.0, abs=1e-18)
    assert f(0.0, 1.0, 0.05, 10.0) < 0, "living cells make it anew"


def test_fetuin_takes_up_amorphous_mineral_until_it_is_full():
    f, fetuin, capacity = precursors.coating, 0.1, 100.0
    held = lambda colloid, ripe=0.0: f(2.0, fetuin, colloid, ripe, 0.2, capacity)  # noqa: E731
    assert held(0.0) == pytest.approx(0.2 * fetuin * 2.0 / 1.05, rel=1e-4)
    assert held(10.0) == pytest.approx(0.0, abs=1e-12) and held(11.0) == held(4.0, 7.0) == 0.0
    assert held(5.0) == pytest.approx(held(2.0, 3.0), rel=1e-12), "ripened colloid is held as well"
    assert f(2.0, 0.0, 0.0, 0.0, 0.2, capacity) == 0.0
    assert np.all(np.diff([held(x) for x in np.linspace(0, 12, 60)]) <= 0)
