"""The reduced problem: what a general PDE package can express of ours, stated once for all.

Two ions diffuse in a square with a fixed composition outside, a disc of dead tissue in the middle
releases phosphate, and a solid takes both away at k s(q - 1) q/(1 + q), q = Ca P / K, s the smooth
positive part. No speciation, no moments, no porosity. Values in mM and SI; every program solves
the same five-point equations on the same cells, so the error is that of its time integration.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np

import sim
from sim.parameters import Parameters

REFERENCES = Path(__file__).parents[1] / "results" / "references"
HALF, RADIUS = 1e-3, 0.6e-3  # m, half the side of the square, and the disc
D_CA, D_P = 8e-10, 7e-10  # m2/s
CA, P = 1.2, 1.1  # mM outside, and everywhere at first
ESTER, TAU = 20.0, 3600.0  # mM, s
K_RATE, K_SP, WIDTH = 0.05, 2.0, 0.1  # mM/s, mM2, -
END = 7200.0  # s
NUMBERS = {
    "D_CA": D_CA, "D_P": D_P, "CA": CA, "P": P, "ESTER": ESTER, "TAU": TAU, "K_RATE": K_RATE,
    "K_SP": K_SP, "WIDTH": WIDTH, "END": END, "HALF": HALF, "RADIUS": RADIUS,
}  # fmt: skip


def precipitation(Ca, P, k, K, width):
    """Solid formed [mol m-3 s-1]."""
    q = Ca * P / K
    x = q - 1.0
    return k * 0.5 * (x + math.sqrt(x * x + width * width)) * q / (1.0 + q)


def release(ester, tau):
    """Phosphate released [mol m-3 s-1]."""
    return ester / tau


def rate(Ca: np.ndarray, P: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same law on arrays, and its derivatives with respect to Ca and P."""
    q = Ca * P / K_SP
    x = q - 1.0
    root = np.sqrt(x * x + WIDTH**2)
    positive, slope = 0.5 * (x + root), 0.5 * (1.0 + x / root)
    share = q / (1.0 + q)
    dq = K_RATE * (slope * share + positive / (1.0 + q) ** 2)
    return K_RATE * positive * share, dq * P / K_SP, dq * Ca / K_SP


def disc(n: int) -> np.ndarray:
    """1 in the cells whose centre lies in the disc, (n, n)."""
    x = (np.arange(n) + 0.5) * (2 * HALF / n) - HALF
    return (np.hypot(*np.meshgrid(x, x, indexing="ij")) <= RADIUS).astype(float)


def scenario(n: int) -> sim.Scenario:
    """Ours, through the public names."""
    model = sim.Model(
        (sim.Species("Ca", diffusivity=D_CA), sim.Species("P", diffusivity=D_P), sim.Species("ester"),
         sim.Species("solid")),
        (sim.Process("release", release, {"ester": -1, "P": 1},
                 {"tau": sim.Parameter(TAU, "s", source="this_work")}),
         sim.Process("precipitation", precipitation, {"Ca": -1, "P": -1, "solid": 1},
                 {"k": sim.Parameter(K_RATE, "mol/m3/s", source="this_work"),
                  "K": sim.Parameter(K_SP, "mol2/m6", source="this_work"),
                  "width": sim.Parameter(WIDTH, "1", source="this_work")})),
        name="reduced",
    )  # fmt: skip
    layers = {
        "lesion.radius": (RADIUS, "m"), "border.thickness": (HALF - RADIUS, "m"),
        "lesion.ester": (ESTER, "mol/m3"), "plasma.Ca": (CA, "mol/m3"), "plasma.P": (P, "mol/m3"),
    }  # fmt: skip
    own = Parameters({k: sim.Parameter(v, unit, source="this_work") for k, (v, unit) in layers.items()})
    core = round(n / 2 * RADIUS / HALF)
    return sim.Scenario(
        "reduced", model, "rectangle", (("lesion", core), ("border", n // 2 - core)), "fixed", END, own
    )


def error(fields: np.ndarray, reference: np.ndarray) -> float:
    """Root mean square over Ca, P and solid (3, n, n), as in `Problem.error` at a scale of 1 mM."""
    return float(np.sqrt(np.mean(((fields - reference) / (1.0 + np.abs(reference))) ** 2)))


def reference(n: int) -> np.ndarray:
    """(3, n, n) Ca, P and solid at the end: SciPy's BDF at 1e-9 on equations written down here."""
    stamp = hashlib.sha256(json.dumps([NUMBERS, n, "bdf 1e-9"]).encode()).hexdigest()[:12]
    path = REFERENCES / f"reduced-{n}-{stamp}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as f:
            return f["fields"]
    from scipy import sparse
    from scipy.integrate import solve_ivp

    h, cells = 2 * HALF / n, n * n
    line = sparse.diags_array([np.ones(n - 1), np.full(n, -2.0), np.ones(n - 1)], offsets=[-1, 0, 1])
    line = sparse.lil_array(line)
    line[0, 0] = line[-1, -1] = -3.0  # half a cell to the face
    eye = sparse.eye_array(n)
    laplace = (sparse.kron(line, eye) + sparse.kron(eye, line)).tocsr() / h**2
    edge = np.zeros((n, n))
    for side in (edge[0], edge[-1], edge[:, 0], edge[:, -1]):
        side += 2.0 / h**2
    edge, mask, empty = edge.ravel(), disc(n).ravel(), sparse.csr_array((cells, cells))

    def rhs(t, y):
        Ca, P_, _ = y.reshape(3, cells)
        r = rate(Ca, P_)[0]
        out = np.empty((3, cells))
        out[0] = D_CA * (laplace @ Ca + edge * CA) - r
        out[1] = D_P * (laplace @ P_ + edge * P) - r + mask * ESTER / TAU * math.exp(-t / TAU)
        out[2] = r
        return out.ravel()

    def jacobian(t, y):
        Ca, P_, _ = y.reshape(3, cells)
        _, a, b = rate(Ca, P_)
        a, b = sparse.diags_array(a), sparse.diags_array(b)
        rows = [[D_CA * laplace - a, -b, empty], [-a, D_P * laplace - b, empty], [a, b, empty]]
        return sparse.block_array(rows, format="csc")

    y0 = np.concatenate([np.full(cells, CA), np.full(cells, P), np.zeros(cells)])
    found = solve_ivp(rhs, (0.0, END), y0, "BDF", [END], rtol=1e-9, atol=1e-10, jac=jacobian)
    if not found.success:
        raise SystemExit(f"the reference of the reduced problem failed: {found.message}")
    fields = found.y[:, -1].reshape(3, n, n)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, fields=fields)
    return fields
