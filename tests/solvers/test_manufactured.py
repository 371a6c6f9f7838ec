"""Coupled, nonlinear and time-dependent problems whose solution is known because it was chosen."""

import math

import numpy as np
import pytest
from reference import L, norms, run, slopes
from solver_traits import named

from sim.binder.system import System
from sim.model.model import Model
from sim.model.process import Derived, Process
from sim.model.species import Species
from sim.parameters.parameter import Parameter
from sim.space import grid as grids
from sim.space.geometries import GEOMETRIES

DA, DB, K, TAU = 1e-9, 4e-10, 2e-3, 1000.0
Q = math.pi / L


def exact_a(t, z):
    """z = cos(pi x/L) or its product over axes."""
    return 1.0 + 0.5 * z * math.exp(-t / TAU)


def exact_b(t, z):
    return 2.0 + 0.8 * z * math.sin(t / TAU)


def uptake(a, b, k):
    """a + 2 b -> c."""
    return k * a * b * b


def source_a(t, wave, curvature):
    """da/dt - DA laplace(a) + k a b^2, with laplace(wave) = -curvature wave."""
    moving = 0.5 * wave * math.exp(-t / TAU)
    return moving * (DA * curvature - 1.0 / TAU) + K * exact_a(t, wave) * exact_b(t, wave) ** 2


def source_b(t, wave, curvature):
    change = 0.8 * wave * (math.cos(t / TAU) / TAU + DB * curvature * math.sin(t / TAU))
    return change + 2.0 * K * exact_a(t, wave) * exact_b(t, wave) ** 2


MODEL = Model(
    (Species("a", diffusivity=DA), Species("b", diffusivity=DB), Species("c")),
    (
        Process("uptake", uptake, {"a": -1, "b": -2, "c": 1}, {"k": Parameter(K, "m6/mol2/s")}),
        Process("feed a", source_a, {"a": 1}),
        Process("feed b", source_b, {"b": 1}),
    ),
    fields={"wave": (0.0, "1", ""), "curvature": (0.0, "m-2", "")},
)
SHAPES = {"slab": 1, "rectangle": 2, "box": 3}


def problem(kind, n):
    """System, first state and the exact one at t = TAU; closed on all sides."""
    dim = SHAPES[kind]
    grid = grids.slab(L, n) if dim == 1 else GEOMETRIES[kind].grid([L] * dim, [n] * dim)
    z = np.prod([np.cos(Q * grid.centres[a]) for a in grid.axes], axis=0)
    system = System(MODEL, grid, fields={"wave": z, "curvature": dim * Q**2})
    y = np.zeros(system.size)
    body, _ = system.split(y)
    body[:, 0], body[:, 1] = exact_a(0.0, z), exact_b(0.0, z)
    return system, y, exact_a(TAU, z), exact_b(TAU, z)


@pytest.mark.parametrize(
    "kind, name",
    [("slab", "cvode"), ("slab", "bdf"), ("slab", "radau"), ("rectangle", "cvode"),
     ("rectangle", "bdf"), ("box", "cvode")],
)  # fmt: skip
def test_coupled_system_is_second_order_in_space(kind, name):
    sizes = (4, 8, 16) if kind == "box" else (10, 20, 40)
    errors = []
    for n in sizes:
        system, y, a, b = problem(kind, n)
        end = system.split(run(system, y, TAU, name, rtol=1e-8, atol=1e-9).end)[0]
        errors.append([norms(system.grid, end[:, 0] - a), norms(system.grid, end[:, 1] - b)])
    order = slopes(errors)[-1]
    print(kind, name, order.ravel())
    assert order == pytest.approx(np.full((2, 2), 2.0), abs=0.1)


@pytest.mark.parametrize("name", named(lambda row: row.order is None))
def test_error_falls_with_the_tolerance(name):
    """Against the same grid at 1e-11: each decade of rtol brings most of a decade."""
    system, y, _, _ = problem("slab", 12)
    best = run(system, y, TAU, "radau", rtol=1e-11, atol=1e-13).end
    rtols = 10.0 ** -np.arange(3, 9)
    errors = []
    for r in rtols:
        end = run(system, y, TAU, name, rtol=r, atol=1e-2 * r).end
        errors.append(np.abs(end - best)[: system.body].max())
    slope = np.polyfit(np.log10(rtols), np.log10(errors), 1)[0]
    print(name, np.array(errors), slope)
    assert 0.6 < slope < 1.4
    assert np.all(np.array(errors) < 30 * rtols)


def birth(rate):
    return rate


def longer(G, m0):
    return G * m0


def wider(G, m1):
    return 2.0 * G * m1


def bulkier(G, m2):
    return 3.0 * G * m2


def test_moments_of_crystals_born_and_growing_at_constant_rates():
    """Crystals born at J with size Lc, growing at G (1 - L/M): L(a) = M - (M - Lc) exp(-G a/M) at age a,
    and m_k is J times the integral of L^k over the ages, term by term of the binomial."""
    from sim.kinetics import growth

    J, Lc, G, V, M, t1 = 1e12, 2e-9, 1e-12, 1.593e-4, 1e-7, 86400.0
    model = Model(
        (
            Species("hap_m0", scale=1e16), Species("hap_m1", scale=1e8),
            Species("hap_m2", scale=1.0), Species("HAP", scale=1e-3),
        ),
        (
            Process("birth: number", birth, {"hap_m0": 1}, inputs={"rate": "J.rate"}),
            Process("birth: length", growth.birth_length, {"hap_m1": 1}),
            Process("birth: area", growth.birth_area, {"hap_m2": 1}),
            Process("birth: amount", growth.birth_amount, {"HAP": 1}, inputs={"molar_volume": "J.V"}),
            Process("growth: length", growth.growth_length, {"hap_m1": 1}, inputs={"L_max": "J.M"}),
            Process("growth: area", growth.growth_area, {"hap_m2": 1}, inputs={"L_max": "J.M"}),
            Process("growth: amount", growth.growth_amount, {"HAP": 1},
                    inputs={"molar_volume": "J.V", "L_max": "J.M"}),
        ),
        (Derived("G", _same, inputs={"x": "J.G"}, outputs=("growth_rate",)),
         Derived("B", _same, inputs={"x": "J.rate"}, outputs=("nucleation_rate",)),
         Derived("S", _same, inputs={"x": "J.Lc"}, outputs=("critical_diameter",))),
        shared=_parameters({"J.rate": J, "J.Lc": Lc, "J.G": G, "J.V": V, "J.M": M}),
    )  # fmt: skip
    system = System(model, grids.well_mixed())
    end = run(system, np.zeros(4), t1, rtol=1e-9, atol=1e-14).end

    def whole(j):  # of exp(-j G a/M) over the ages
        return t1 if j == 0 else -M / (j * G) * math.expm1(-j * G * t1 / M)

    m = [
        J * sum(math.comb(k, j) * M ** (k - j) * (Lc - M) ** j * whole(j) for j in range(k + 1))
        for k in range(4)
    ]
    assert m[3] < 0.6 * J * ((Lc + G * t1) ** 4 - Lc**4) / (4 * G)  # the cap is felt
    print("moments", end[:3] / m[:3] - 1, growth.third_moment(end[3], V) / m[3] - 1)
    assert end[:3] == pytest.approx(m[:3], rel=1e-7)
    assert growth.third_moment(end[3], V) == pytest.approx(m[3], rel=1e-7)


def _same(x):
    return x


def _parameters(values):
    from sim.parameters import Parameters

    return Parameters({k: Parameter(v) for k, v in values.items()})


def test_dissolution_shrinks_all_moments_at_one_relative_rate():
    """Ratios of moments stay; m3 obeys dm3/dt = -3 k s m2 with m2 = q m3: an exponential."""
    from sim.kinetics import growth

    V, k, n, ln_omega, free = 1.593e-4, 1e-12, 1.0, 9 * math.log(0.5), 0.7  # 0.3 covered by poisons
    model = Model(
        tuple(Species(s, scale=1.0) for s in ("hap_m0", "hap_m1", "hap_m2", "HAP")),
        tuple(
            Process(f"dissolution: {m}", growth.shrink, {m: -1}, inputs={"moment": m})
            for m in ("hap_m0", "hap_m1", "hap_m2", "HAP")
        ),
        (Derived("shrinkage", growth.dissolution, inputs={
            "ln_omega_HAP": "w.x", "uncovered": "w.free", "k": "w.k", "n": "w.n", "molar_volume": "w.V",
            "m3_scale": "w.tiny"}),),
        shared=_parameters(
            {"w.x": ln_omega, "w.free": free, "w.k": k, "w.n": n, "w.V": V, "w.tiny": 1e-30}
        ),
    )  # fmt: skip
    system = System(model, grids.well_mixed())
    size, number = 1e-7, 2.0
    HAP = math.pi / 6 / V * number * size**3
    y = np.array([number, number * size, number * size**2, HAP])
    t1 = 5e4
    end = run(system, y, t1, rtol=1e-10, atol=1e-25).end
    undersaturation = 0.5 * 0.5 / (0.5 + 1e-3)  # the ramp that smooths the corner
    left = math.exp(-3 * k * free * undersaturation / size * t1)
    print("dissolution", end / y / left - 1)
    assert 0.1 < left < 0.9
    assert end == pytest.approx(y * left, rel=1e-8)
