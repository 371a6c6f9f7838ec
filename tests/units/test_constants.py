"""Constants against their published decimals."""

import pytest

from sim.units import constants


def test_derived_constants_equal_the_published_ones():
    """CODATA 2018 prints both, exact digits followed by dots."""
    assert constants.R == pytest.approx(8.314462618, abs=5e-10)
    assert constants.F == pytest.approx(96485.33212, abs=5e-6)
