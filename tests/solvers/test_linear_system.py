"""The frozen Jacobian and its exact solves: against differences, against each other, conservative."""

import numpy as np
import pytest
from reference import busy, jacobian

from sim.build import Builder
from sim.simulation import output_times
from sim.solvers import solver
from sim.solvers.elimination import lu, lu_solve
from sim.solvers.preconditioner import LinearSystem

SIZES = {"slab": (5, 3), "sphere": (5, 3), "rectangle": (1, 1), "well_mixed": (1, 1)}


@pytest.fixture(scope="module")
def states():
    """{geometry: (system, t, y)} half a day into the busy tissue, open and perfused."""
    found = {}
    for geometry, (lesion, border) in SIZES.items():
        scenario = busy(geometry, {"lesion": lesion, "border": border}).with_(duration="0.5 day")
        if geometry != "well_mixed":
            scenario = scenario.with_(outer="fixed").with_parameters({"border.perfusion": 1e-3})
        builder = Builder(scenario)
        (segment,) = builder.segments()
        end = solver("bdf").solve(
            segment.system, 0.0, segment.end, builder.initial(segment.system),
            output_times(segment.end, 2), 1e-8, segment.system.tolerances(1e-9), max_steps=3000,
        ).end  # fmt: skip
        found[geometry] = segment.system, segment.end, end
    return found


@pytest.fixture(params=SIZES)
def case(request, states):
    system, t, y = states[request.param]
    linear = LinearSystem(system)
    linear.linearise(t, y)
    return system, t, y, linear


def random_state(system, seed):
    """A vector of the size of the species' scales."""
    return system.tolerances(1.0) * np.random.default_rng(seed).normal(size=system.size)


def test_elimination_with_pivots_solves_random_systems():
    """Rows are exchanged before elimination; a matrix that needs many exchanges shows the order."""
    rng = np.random.default_rng(3)
    for n in (1, 2, 5, 20):
        a = rng.normal(size=(n, n)) * 10.0 ** rng.uniform(-3, 3, size=(n, 1))
        a[0, 0] = 0.0 if n > 1 else a[0, 0]
        b = rng.normal(size=n)
        factors, pivot, x = a.copy(), np.zeros(n, np.int64), b.copy()
        assert lu(factors, pivot) == 0
        lu_solve(factors, pivot, x)
        assert a @ x == pytest.approx(b, rel=1e-9, abs=1e-9 * np.abs(a).max() * np.abs(x).max())
        assert x == pytest.approx(np.linalg.solve(a, b), rel=1e-8)
    assert lu(np.zeros((2, 2)), np.zeros(2, np.int64)) == 1


def test_jacobian_blocks_match_central_differences(case):
    """Transport at frozen porosity is exact, so all that may differ is the error of differences."""
    system, t, y, linear = case
    dense = jacobian(system, t, y)
    J = linear.sparse().toarray()
    scale = system.tolerances(1.0)
    a, b = J * scale / scale[:, None], dense * scale / scale[:, None]
    # Derivatives of diffusion through porosity are left out on purpose; without them:
    solids = np.zeros(system.size, bool)
    names = [s.name for s in system.model.species]
    body, _ = system.split(solids)
    for name in ("HAP", "OCP", "DCPD", "ACP", "granules"):
        body[:, names.index(name)] = True
    kept = ~solids
    size = np.abs(b[:, kept]).max(axis=1, keepdims=True) + 1e-12
    error = np.abs(a - b)[:, kept] / size
    print(system.grid.kind, "blocks against differences", error.max())
    assert error.max() < 1e-4
    diagonal = np.abs(np.diag(a) - np.diag(b))[solids]
    assert diagonal.max() < 1e-4 * np.abs(b).max()


def test_product_equals_sparse_matrix(case):
    system, _, _, linear = case
    J = linear.sparse()
    for seed in range(3):
        v = random_state(system, seed)
        out = np.empty_like(v)
        linear.times(v, out)
        size = abs(J) @ np.abs(v) + 1e-300
        assert (np.abs(out - J @ v) / size).max() < 1e-12


def test_product_follows_the_right_hand_side(case):
    """(f(y + e v) - f(y - e v))/2e for v in mobile species: porosity, which J freezes, stays."""
    system, t, y, linear = case
    v = np.zeros(system.size)
    rng = np.random.default_rng(5)
    body, _ = system.split(v)
    body[:, system.mobile] = system.scale[system.mobile] * rng.normal(size=(system.n_cells, system.n_mobile))
    e = 1e-5
    up, down, out = np.empty_like(y), np.empty_like(y), np.empty_like(y)
    system.rhs(t, y + e * v, up)
    system.rhs(t, y - e * v, down)
    linear.times(v, out)
    scale = system.tolerances(1.0)
    error = np.abs((up - down) / (2 * e) - out) / scale
    print(system.grid.kind, "product against differences", error.max() / np.abs(out / scale).max())
    assert error.max() < 1e-4 * np.abs(out / scale).max()


@pytest.mark.parametrize("gamma", [1e-2, 1.0, 1e2, 1e4, 1e6])
def test_solve_inverts_and_conserves(case, gamma):
    """(I - gamma J) z = r to 1e-10, and w z = w r to 1e-12 for every element w.

    Entries of gamma J (J reaches 1/s) are themselves rounded: from gamma = 1e6 s on, 1e-10.
    """
    system, _, _, linear = case
    assert linear.factor(gamma)
    scale = system.tolerances(1.0)
    J = linear.sparse()
    worst = [0.0, 0.0, 0.0]
    for seed in range(3):
        r = random_state(system, seed)
        z, Jz = np.zeros_like(r), np.zeros_like(r)
        linear.solve(r, z)
        linear.times(z, Jz)
        # Backward error: what z fails to satisfy, in units of what was added up.
        size = (np.abs(r) + np.abs(z) + gamma * (abs(J) @ np.abs(z))) / scale
        residual = np.abs(z - gamma * Jz - r) / scale
        worst[0] = max(worst[0], (residual / size.max()).max())
        for w in system.invariants:
            total = np.abs(w) @ (np.abs(z) + np.abs(r))
            worst[1] = max(worst[1], abs(w @ z - w @ r) / total)
        x = z - gamma * Jz
        back = np.zeros_like(r)
        linear.solve(x, back)
        worst[2] = max(worst[2], np.abs((back - z) / scale).max() / np.abs(z / scale).max())
    print(system.grid.kind, gamma, "residual, conservation, round trip:", worst)
    assert worst[0] < 1e-10
    assert worst[1] < (1e-12 if gamma < 1e5 else 1e-10)
    assert worst[2] < (1e-10 if gamma < 1e5 else 1e-8)


def test_closed_jacobian_is_stoichiometry_times_rates():
    """w J = 0 column by column in a closed box: what makes every Newton step conservative."""
    builder = Builder(busy("slab", {"lesion": 3, "border": 2}))
    (segment,) = builder.segments()
    system = segment.system
    linear = LinearSystem(system)
    linear.linearise(0.0, builder.initial(system))
    J = linear.sparse()
    for w in system.invariants:
        assert np.abs(w @ J.toarray()).max() <= 1e-12 * (np.abs(w) @ abs(J).toarray()).max()
