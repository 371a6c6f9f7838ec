"""The frozen Jacobian and its exact solves: against differences, against each other, conservative."""

import numpy as np
import pytest
from reference import busy, jacobian

from sim.run.asked.output_times import output_times
from sim.run.segments import Builder
from sim.solvers import Task, solver
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.linear.thomas import invert_in_place

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
            Task(
                segment.system, 0.0, segment.end, builder.initial(segment.system),
                output_times(segment.end, 2), 1e-8, segment.system.tolerances(1e-9), max_steps=3000,
            )
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


def test_inversion_with_pivots():
    """Rows are exchanged; a matrix that needs many exchanges shows the order."""
    rng = np.random.default_rng(3)
    for n in (1, 2, 5, 20):
        a = rng.normal(size=(n, n)) * 10.0 ** rng.uniform(-3, 3, size=(n, 1))
        a[0, 0] = 0.0 if n > 1 else a[0, 0]
        inverse = a.copy()
        assert invert_in_place(inverse, np.zeros(n, np.int64)) == 0
        assert a @ inverse == pytest.approx(np.eye(n), abs=1e-9)
    assert invert_in_place(np.zeros((2, 2)), np.zeros(2, np.int64)) == 1


def test_jacobian_blocks_match_central_differences(case):
    """Transport at frozen porosity is exact, so all that may differ is the error of differences.

    What has run out is raised a little: at the kink of max(x, 0) the slope is that of one side."""
    system, t, y, _ = case
    y, linear = y.copy(), LinearSystem(system)
    body, _ = system.split(y)
    np.maximum(body, 0.01 * system.scale, out=body)
    linear.linearise(t, y)
    dense = jacobian(system, t, y)
    J = linear.sparse().toarray()
    scale = system.tolerances(1.0)
    a, b = J * scale / scale[:, None], dense * scale / scale[:, None]
    # Derivatives of diffusion through porosity are left out on purpose; without them:
    solids = np.zeros(system.size, bool)
    names = [s.name for s in system.model.species]
    body, _ = system.split(solids)
    for solid in system.model.solids:
        body[:, names.index(solid.name)] = True
    kept = ~solids
    size = np.abs(b[:, kept]).max(axis=1, keepdims=True) + 1e-12
    error = np.abs(a - b)[:, kept] / size
    print(system.grid.kind, "blocks against differences", error.max())
    assert error.max() < 1e-4
    diagonal = np.abs(np.diag(a) - np.diag(b))[solids]
    assert diagonal.max() < 1e-4 * np.abs(b).max()


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
        z = np.zeros_like(r)
        linear.solve(r, z)
        Jz = J @ z
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
