"""Activity coefficients: limits, slopes, and the one form the kernel uses for all models."""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.chemistry import activity
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.newton.one.balances import log_gamma

A, B = activity.debye_hueckel(310.15)


def test_water_has_its_handbook_properties():
    """Density and permittivity of water, CRC Handbook: 997.05, 993.33 kg/m3; 78.4, 74.2."""
    assert activity.water_density(298.15) == pytest.approx(997.05, abs=0.01)
    assert activity.water_density(310.15) == pytest.approx(993.33, abs=0.02)
    assert activity.water_density(277.13) == pytest.approx(999.97, abs=0.01)
    assert activity.dielectric_constant(298.15) == pytest.approx(78.4, abs=0.05)
    assert activity.dielectric_constant(310.15) == pytest.approx(74.2, abs=0.05)


@pytest.mark.parametrize("I", [1e-6, 1e-3, 0.15, 0.5])
def test_slopes_are_the_derivatives(I):
    h = 1e-5 * I
    for f, slope, rest in (
        (activity.davies, activity.davies_slope, (2, A)),
        (activity.truesdell_jones, activity.truesdell_jones_slope, (2, A, B, 5.0, 0.165)),
    ):
        numerical = (f(I + h, *rest) - f(I - h, *rest)) / (2 * h)
        assert slope(I, *rest) == pytest.approx(numerical, rel=1e-7)


def test_every_model_has_the_limiting_law():
    """log gamma = -A z^2 sqrt(I) as I vanishes; the next term is of order I."""
    I = 1e-8
    limit = -A * 9 * math.sqrt(I)
    assert activity.davies(I, 3, A) == pytest.approx(limit, rel=2e-4)
    assert activity.truesdell_jones(I, 3, A, B, 4.0, 0.1) == pytest.approx(limit, rel=2e-4)


@pytest.mark.parametrize("model", ["davies", "truesdell-jones"])
@pytest.mark.parametrize("name", ["tissue-37C", "minteq.v4", "phreeqc"])
def test_the_kernel_uses_the_published_formulas(name, model):
    """Davies where it is asked for or no ion size is known, else Truesdell-Jones."""
    constants = constants_set(name)
    tables = constants.tables(None, 310.15, model)
    for I in (1e-4, 0.15, 0.7):
        for j, n in enumerate(tables.species):
            s = constants.species[n]
            if s.charge == 0:
                expected, slope = activity.neutral(I, s.b), s.b
            elif model == "davies" or s.ion_size is None:
                expected = activity.davies(I, s.charge, A)
                slope = activity.davies_slope(I, s.charge, A)
            else:
                expected = activity.truesdell_jones(I, s.charge, A, B, s.ion_size, s.b)
                slope = activity.truesdell_jones_slope(I, s.charge, A, B, s.ion_size, s.b)
            mine = log_gamma(I, *tables.reactions.classes[tables.reactions.gamma_class[j], 1:])
            assert np.array(mine) / math.log(10) == pytest.approx([expected, slope], rel=1e-12)


def test_water_activity_falls_with_the_solutes():
    assert activity.water_activity(0.3) == pytest.approx(1 - 0.0051)
