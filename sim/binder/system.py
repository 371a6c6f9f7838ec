"""The waist: a model on a grid as a right-hand side over plain arrays. Chemistry ends here.

The state is flat: n_cells x n_species amounts per bulk volume, cell by cell, then a tail of
2 x n_mobile totals [mol]: what has entered through boundaries, what through perfusion. The tail is
integrated with the rest, so "contents = initial + supplied" is a linear invariant that every
multistep or Runge-Kutta method keeps to rounding.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from sim.binder.cache import compiled
from sim.binder.text import RATES, SHOW, SLOPES
from sim.errors import ModelError, nearest
from sim.model.model import Model
from sim.model.process import Kernel, coefficient
from sim.parameters import Parameters
from sim.simd.blocks import LANES
from sim.simd.threads import Team
from sim.space import transport
from sim.space.boundary import Boundary
from sim.space.grid import Grid

SUPPLIES = ("boundary", "perfusion")
BLOCKS_PER_THREAD = 32  # a thousand cells; fewer are done before a second thread has woken up
NONE, NONE_3 = np.zeros((0, 1)), np.zeros((0, 1, LANES))  # what a mode does not fill


class System:
    """One segment of a run: fixed parameters, fields and boundaries.

    rhs(t, y, dy), slopes(t, y), couplings(): what solvers see. evaluate(t, y): what is shown.
    """

    def __init__(
        self,
        model: Model,
        grid: Grid,
        parameters: Parameters | None = None,
        fields: dict[str, np.ndarray] | None = None,
        boundaries: dict[str, Boundary] | None = None,
        perfusion: np.ndarray | float = 0.0,
        plasma: dict[str, float] | None = None,
        archie: float = 2.0,
    ):
        if not model.species:
            raise ModelError("a model without species has nothing to integrate; give it at least one.")
        self.model, self.grid = model, grid
        self.parameters = parameters or model.parameters
        names = list(model.parameters)
        self.p = np.array([self.parameters.si(n) for n in names], float)
        values = dict(zip(names, self.p.tolist(), strict=True))
        self.n_cells, self.n_species = grid.n_cells, len(model.species)
        self.mobile = np.array([k for k, s in enumerate(model.species) if s.mobile], np.int64)
        self.n_mobile, self.n_rates = self.mobile.size, len(model.processes)
        self.body = self.n_cells * self.n_species
        self.size = self.body + 2 * self.n_mobile
        self.fields = self._fields(fields or {})
        self._stoichiometry(values)
        self._boundaries(boundaries or {}, plasma or {}, perfusion, values, archie)
        self._kernels(values)
        self.scale = np.array([s.scale for s in model.species])
        n, m = self.n_cells, self.n_mobile
        self._c, self._porosity = np.zeros((n, m)), np.ones((n, 1))
        self._openness, self._pieces = np.ones(n), -(-n // transport.PIECE)
        self._perfused = np.zeros((self._pieces, m))
        self._team_of_cells = Team(2)
        self._warm()

    def _fields(self, given: dict[str, np.ndarray]) -> np.ndarray:
        for name in given:
            if name not in self.model.fields:
                raise ModelError(f"'{name}' is not a field of the model.{nearest(name, self.model.fields)}")
        columns = [
            np.broadcast_to(np.asarray(given.get(k, default), float), (self.n_cells,))
            for k, (default, _, _) in self.model.fields.items()
        ]
        return np.ascontiguousarray(np.stack(columns, 1)) if columns else np.zeros((self.n_cells, 1))

    def _stoichiometry(self, values: dict[str, float]):
        index = {s.name: k for k, s in enumerate(self.model.species)}
        entries = [
            (index[s], q, coefficient(v, values))
            for q, process in enumerate(self.model.processes)
            for s, v in process.changes.items()
        ]
        self.row = np.array([e[0] for e in entries], np.int64)
        self.column = np.array([e[1] for e in entries], np.int64)
        self.value = np.array([e[2] for e in entries], float)
        wrong = self.model.imbalance(values)
        if wrong:
            (process, element), amount = next(iter(wrong.items()))
            raise ModelError(
                f"{process} makes {amount:+.6g} {element} out of nothing per unit of its rate; "
                "correct its changes or what its species contain, or take model.balanced(values)."
            )
        self.contents = np.array(
            [
                [coefficient(s.contains.get(e, 0.0), values) for s in self.model.species]
                for e in self.model.elements
            ]
        ).reshape(len(self.model.elements), self.n_species)

    def _boundaries(self, boundaries, plasma, perfusion, values, archie):
        for tag, b in boundaries.items():
            if tag not in self.grid.tags:
                raise ModelError(
                    f"the {self.grid.kind} has no boundary '{tag}' (it has "
                    f"{', '.join(self.grid.tags) or 'none'}).{nearest(tag, self.grid.tags)}"
                )
            self._known_mobile(b.values, f"boundary '{tag}'")
        self._known_mobile(plasma, "plasma")
        diffusivity = [coefficient(s.diffusivity, values) for s in self.model.species if s.mobile]
        self.tables = transport.tables(
            self.grid, list(self.model.mobile), np.array(diffusivity), archie, boundaries,
            np.broadcast_to(np.asarray(perfusion, float), (self.n_cells,)).copy(),
            np.array([plasma.get(m, 0.0) for m in self.model.mobile]),
        )  # fmt: skip

    def _known_mobile(self, values: dict[str, float], where: str):
        for name in values:
            if name not in self.model.mobile:
                raise ModelError(
                    f"{where}: '{name}' is not a mobile species.{nearest(name, self.model.mobile)}"
                )

    def _kernels(self, values: dict[str, float]):
        """Warm starts of the kernels, and the workspace of each thread."""
        kernels = [d.formula for d in self.model.order if isinstance(d.formula, Kernel)]
        self.n_blocks = -(-self.n_cells // LANES)
        self.memory = np.zeros((self.n_blocks, max(1, sum(k.memory for k in kernels)), LANES))
        self.failures = np.zeros(self.n_blocks, np.int64)
        self.forget()
        made = compiled(self.model)
        self._module, self.programme, rows_of_block = made.module, made.programme, made.layout.rows
        tables = [k.tables(values) for k in kernels]
        self._team = Team(BLOCKS_PER_THREAD)
        self._work = []
        for _ in range(self._team.size):
            rows = (self.programme.n_d, self.programme.n_g, self.n_species)
            extra = [(np.zeros(k.scratch(t)), t) for k, t in zip(kernels, tables, strict=True)]
            self._work.append((
                np.zeros(rows_of_block * LANES), *(np.zeros((k, LANES)) for k in rows),
                *(a for e in extra for a in e),
            ))  # fmt: skip

    def forget(self) -> None:
        """Drop the warm starts of the kernels; the next evaluation starts them cold."""
        start = 0
        for d in self.model.order:
            if isinstance(d.formula, Kernel):
                stop = start + d.formula.memory
                self.memory[:, start:stop] = d.formula.initial[:, None]
                start = stop

    def _warm(self):
        """One call before the clock starts."""
        y, dy = np.ones(self.size), np.zeros(self.size)
        memory = self.memory.copy()
        self.rhs(0.0, y, dy)
        self.memory[:] = memory
        self.failures[:] = 0

    def split(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Views (..., n_cells, n_species) and (..., 2, n_mobile) of flat states (..., size)."""
        outputs = y.shape[:-1]
        return (
            y[..., : self.body].reshape(*outputs, self.n_cells, self.n_species),
            y[..., self.body :].reshape(*outputs, 2, self.n_mobile),
        )

    def rhs(self, t: float, y: np.ndarray, dy: np.ndarray) -> None:
        """dy/dt into `dy` [mol m-3 s-1, tail mol s-1]."""
        u, _ = self.split(y)
        du, tail = self.split(dy)
        self._cells(RATES, t, u, dy=du)
        self.transport(self._c, du, tail)

    def transport(self, c: np.ndarray, du: np.ndarray, tail: np.ndarray) -> None:
        """Add to du (n, s) [mol m-3 s-1] what pore concentrations c (n, m) move at the porosity of the
        last state evaluated; tail (2, m) is what enters [mol/s]."""
        porosity, f = self._porosity[:, 0], self._openness
        self._team_of_cells.run(
            lambda _, a, b: transport.openness(a, b, porosity, self.tables.archie, f), self._pieces
        )
        self._team_of_cells.run(
            lambda _, a, b: transport.add_fluxes(
                a, b, self.tables, self.mobile, c, f, porosity, du, self._perfused
            ),
            self._pieces,
        )
        transport.add_boundaries(self.tables, self.mobile, c, f, du, tail[0])
        tail[1] = self._perfused.sum(axis=0)

    def slopes(self, t: float, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Derivatives of rates by amounts, (blocks, entries, lanes): entry j is that of process
        `programme.process[j]` by species `programme.species[j]`; cell i is lane i % LANES of block
        i // LANES. Stoichiometry times these is the Jacobian of the reactions."""
        if out is None:
            out = np.empty((self.n_blocks, self.programme.process.size, LANES))
        self._cells(SLOPES, t, self.split(y)[0], R=out)
        return out

    def blocks(self, t: float, y: np.ndarray) -> np.ndarray:
        """Jacobian of the reactions within each cell, (n_cells, n_species, n_species) [1/s]."""
        p = self.programme
        slopes = self.slopes(t, y).transpose(0, 2, 1).reshape(self.n_blocks * LANES, -1)[: self.n_cells]
        out = np.zeros((self.n_cells, self.n_species, self.n_species))
        for s, q, v in zip(self.row, self.column, self.value, strict=True):
            for j in np.flatnonzero(p.process == q):
                out[:, s, p.species[j]] += v * slopes[:, j]
        return out

    def _cells(self, mode, t, u, c=None, porosity=None, dy=NONE, d=NONE, r=NONE, R=NONE_3) -> None:
        """Everything that happens inside cells, by mode; see `blocks` of the generated module."""
        c = self._c if c is None else c
        porosity = self._porosity if porosity is None else porosity

        def work(share: int, first: int, last: int):
            before, between, behind = self.arguments(c, porosity, share)
            self.cells(mode, first, last, t, u, *before, dy, d, r, *between, R, *behind)

        self._team.run(work, self.n_blocks)

    @property
    def cells(self):
        """The compiled formulas: cells(mode, first, last, t, u, *before, dy, d, r, *between, R, *behind),
        with three times `arguments`; see `blocks` of the generated module."""
        return self._module.blocks

    def arguments(self, c: np.ndarray, porosity: np.ndarray, share: int) -> tuple[tuple, tuple, tuple]:
        """What `cells` takes besides state and results; share: whose workspace."""
        p = self.programme
        return (
            (self.fields, self.p, self.memory, self.failures, c, porosity),
            (self.row, self.column, self.value,
             p.partial, p.pores, p.kernels, p.target, p.factor, p.source, p.first),
            self._work[share],
        )  # fmt: skip

    def couplings(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Transport derivatives times volume [m3/s] at the last state evaluated: across faces (n, k, m),
        losses (n, 2, m); and its porosity (n,)."""
        n, k, m = self.n_cells, self.grid.neighbour.shape[1], self.n_mobile
        coupling, loss = np.zeros((n, k, m)), np.zeros((n, 2, m))
        porosity = self._porosity[:, 0].copy()
        transport.openness(0, self._pieces, porosity, self.tables.archie, self._openness)
        transport.derivative(self.tables, self._openness, porosity, coupling, loss)
        return coupling, loss, porosity

    def evaluate(self, t: float, y: np.ndarray) -> tuple[dict[str, np.ndarray], dict, np.ndarray]:
        """Derived quantities {name: (n,)}, rates {process: (n,)} and pore concentrations (n, m)."""
        n, model = self.n_cells, self.model
        d, r = np.zeros((n, len(model.quantities))), np.zeros((n, self.n_rates))
        c, porosity = np.zeros((n, self.n_mobile)), np.ones((n, 1))
        self._cells(SHOW, t, self.split(y)[0], c, porosity, d=d, r=r)
        derived = {name: d[:, k] for k, name in enumerate(self.model.quantities)}
        derived.setdefault("porosity", porosity[:, 0])
        return derived, {q.name: r[:, k] for k, q in enumerate(self.model.processes)}, c

    def evaluate_all(self, t: np.ndarray, y: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Derived quantities {name: (outputs, n)} and pore concentrations (outputs, n, m) of states y
        (outputs, size) at times t."""
        k, n = t.size, self.n_cells
        d, r = np.zeros((k, n, len(self.model.quantities))), np.zeros((n, self.n_rates))
        c, porosity = np.zeros((k, n, self.n_mobile)), np.ones((k, n, 1))
        u, _ = self.split(y)
        for i in range(k):
            self._cells(SHOW, t[i], u[i], c[i], porosity[i], d=d[i], r=r)
        derived = {name: d[..., j] for j, name in enumerate(self.model.quantities)}
        derived.setdefault("porosity", porosity[..., 0])
        return derived, c

    @cached_property
    def invariants(self) -> np.ndarray:
        """Weights (n_elements, size): w @ y is the amount [mol] that nothing may change."""
        w = np.zeros((len(self.model.elements), self.size))
        for e in range(w.shape[0]):
            body, tail = self.split(w[e])
            body[:] = self.grid.volume[:, None] * self.contents[e]
            tail[:] = -self.contents[e, self.mobile]
        return w

    def tolerances(self, factor: float) -> np.ndarray:
        """Absolute tolerances (size,): `factor` x the declared scale of each species."""
        y = np.empty(self.size)
        body, tail = self.split(y)
        body[:] = factor * self.scale
        tail[:] = factor * self.scale[self.mobile] * self.grid.total_volume
        return y
