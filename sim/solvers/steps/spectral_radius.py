"""The fastest rate in a right-hand side: what an explicit step has to resolve or to survive.

Power iteration on differences of the right-hand side, as in Sommeijer, Shampine & Verwer 1997
(RKC: an explicit solver for parabolic PDEs, J. Comput. Appl. Math. 88:315, section 3.2), together
with the bound of Gershgorin's circles for the transport, whose spectrum is too dense at its end for
an iteration to settle.
"""

from __future__ import annotations

import numpy as np

from sim.binder.system import System
from sim.solvers.steps.one_step import fastest

ITERATIONS = 50
SETTLED = 0.01  # relative change between iterations
SAFETY = 1.2  # the iteration comes from below
NUDGE = 1e-6  # of the state: far above the rounding of speciation, far below its curvature


class SpectralRadius:
    """estimate(t, y, f): an upper estimate of |eigenvalue| of d(rhs)/dy [1/s]; where(): who is fastest.

    evaluations: of the right-hand side, so far.
    """

    def __init__(self, system: System):
        self.system, self.value, self.evaluations = system, np.nan, 0
        self._scale = system.tolerances(1.0)[: system.body]
        # A random direction, the same one always: no mode of the grid is orthogonal to them.
        self.v = np.random.default_rng(1).normal(size=system.body) * self._scale

    def estimate(self, t: float, y: np.ndarray, f: np.ndarray) -> float:
        """From the state and its derivative f; starts from the direction found last time."""
        s = self.system
        z, g = np.array(y), np.empty_like(f)
        diffusion = self._diffusion(t, y, g)
        nudge = NUDGE * max(self._norm(y[: s.body]), 1e-2)
        rate = 0.0
        for k in range(ITERATIONS):
            size = self._norm(self.v)
            if not size > 0.0:
                break
            z[: s.body] = y[: s.body] + (nudge / size) * self.v
            s.rhs(t, z, g)
            self.evaluations += 1
            change = g[: s.body] - f[: s.body]
            if not np.isfinite(change).all():
                rate = np.inf
                break
            before, rate = rate, self._norm(change) / nudge
            if not rate > 0.0:
                break
            self.v = change
            if k >= 2 and abs(rate - before) <= SETTLED * rate:
                break
        self.value = max(SAFETY * rate, diffusion)
        return self.value

    def where(self) -> tuple[int, str]:
        """Cell and species in which the fastest mode is largest."""
        v = np.zeros(self.system.size)
        v[: self.system.body] = self.v
        return fastest(self.system, v)

    def _diffusion(self, t: float, y: np.ndarray, g: np.ndarray) -> float:
        """Largest row sum of |transport|, in pore concentrations [1/s]."""
        s = self.system
        if s.n_mobile == 0:
            return 0.0
        s.rhs(t, y, g)  # couplings are those of the last state seen
        self.evaluations += 1
        coupling, loss, porosity = s.couplings()
        row = 2.0 * coupling.sum(axis=1) + loss.sum(axis=1)
        return float((row / (porosity * s.grid.volume)[:, None]).max())

    def _norm(self, x: np.ndarray) -> float:
        r = x / self._scale
        return float(np.sqrt(np.sum(r * r) / r.size))
