"""Elementary functions written out: within 3 units in the last place of the C library, edges too."""

import math
import re

import numpy as np
import pytest
from numba import njit

from sim.simd import elementary

RANGES = {
    "exp": (np.linspace(-707.9, 709.7, 20001), np.linspace(-1, 1, 20001), np.array([-1e-300, 0.0, 1e-17])),
    "expm1": (np.linspace(-60, 700, 20001), np.linspace(-1, 1, 20001), 10.0 ** -np.arange(1.0, 300, 7)),
    "log": (
        10.0 ** np.linspace(-307, 308, 20001),
        np.linspace(0.5, 2, 20001),
        1 + 10.0 ** -np.arange(1.0, 15),
    ),
    "log1p": (10.0 ** np.linspace(-300, 300, 20001), np.linspace(-0.999, 1, 20001)),
    "log10": (10.0 ** np.linspace(-307, 308, 20001),),
    "tanh": (np.linspace(-30, 30, 20001), np.linspace(-1, 1, 20001)),
}
EDGES = (math.nan, math.inf, -math.inf, 0.0, -1000.0, 1000.0)


@pytest.mark.parametrize("name", elementary.FUNCTIONS)
def test_agrees_with_the_library(name):
    f, judge = getattr(elementary, name), getattr(np, name)
    for x in RANGES[name]:
        mine = np.array([f(v) for v in x])
        expected = judge(x)
        ulp = np.abs(mine - expected) / np.spacing(np.abs(expected))
        print(name, ulp.max())
        assert ulp.max() <= 3.0


@pytest.mark.parametrize("name", elementary.FUNCTIONS)
def test_edges(name):
    with np.errstate(all="ignore"):
        for x in EDGES:
            assert getattr(elementary, name)(x) == pytest.approx(getattr(np, name)(x), nan_ok=True), x


def test_decimal_logarithm_of_a_power_of_10_is_whole():
    n = range(-307, 309)
    assert [elementary.log10(float(f"1e{k}")) for k in n] == list(n)


def test_power():
    rng = np.random.default_rng(1)
    for a, b in zip(10.0 ** rng.uniform(-20, 20, 3000), rng.uniform(-10, 10, 3000), strict=True):
        assert elementary.power(a, b) == pytest.approx(a**b, rel=4e-16 * (4 + abs(b * math.log(a))))
    for a, b in ((-2.0, 3.0), (-2.0, 2.0), (-2.0, -1.0), (0.0, 2.5), (0.0, 0.0), (1.0, 5e300), (10.0, -3.0)):
        assert elementary.power(a, b) == pytest.approx(a**b, rel=1e-14), (a, b)
    assert math.isnan(elementary.power(-2.0, 0.5))
    assert math.isnan(elementary.power(math.nan, 2.0))


@pytest.mark.parametrize("name", [*elementary.FUNCTIONS, "power"])
def test_a_loop_of_them_is_vectorised(name):
    """Packed instructions or nothing is gained; a call that creeps in would be silent."""
    f = getattr(elementary, name)

    if name == "power":

        @njit(error_model="numpy")
        def loop(x):
            for i in range(32):
                x[i + 32] = f(x[i], 1.5)
    else:

        @njit(error_model="numpy")
        def loop(x):
            for i in range(32):
                x[i + 32] = f(x[i])

    loop(np.ones(64))
    (text,) = loop.inspect_asm().values()
    assert len(re.findall(r"v?mulpd", text)) > 5 * len(re.findall(r"v?mulsd", text))
