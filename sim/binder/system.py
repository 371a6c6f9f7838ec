"""The waist: a model on a grid as a right-hand side over plain arrays. Chemistry ends here.

The state is flat: n_cells x n_species amounts per bulk volume, cell by cell, then a tail of
2 x n_mobile totals [mol]: what has entered through boundaries, what through perfusion. The tail is
integrated with the rest, so "contents = initial + supplied" is a linear invariant that every
multistep or Runge-Kutta method keeps to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np

from sim.binder.cache import compiled_model
from sim.binder.expressions import model_expressions
from sim.binder.kept import once_a_model
from sim.binder.records import NONE, NONE_3, Cells, Evaluated, KernelSpace, Stoichiometry, Workspace
from sim.binder.text import RATES, SHOW, SLOPES
from sim.binder.uncompiled import formulas_named
from sim.errors import ModelError, nearest
from sim.model.model import Model
from sim.model.process import Kernel
from sim.parameters import Parameters
from sim.simd.blocks import LANES
from sim.simd.threads import Pool
from sim.space.boundary import Boundary
from sim.space.grid import Grid
from sim.space.transport import Exchange, TransportTables, transport_tables

SUPPLIES = ("boundary", "perfusion")
BLOCKS_PER_THREAD = 32  # a thousand cells; fewer are done before a second thread has woken up
NOTHING = Evaluated(NONE, NONE, NONE, NONE_3)


class System:
    """One segment of a run: fixed parameters, fields and boundaries. What a solver sees of the chemistry.

    rhs(t, y, dy), slopes(t, y), couplings(): what solvers call. evaluate(t, y): what is shown.
    size = n_cells n_species + 2 n_mobile: of the flat state (`split` gives views of its parts)
    scale (n_species,): typical sizes, from which absolute tolerances come; mobile: columns that diffuse
    cells, stoichiometry, operations, tables: records that compiled code takes; exchange: between cells
    failures (n_blocks,): cells, summed over evaluations, in which a kernel found no solution
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
        self.p = self.parameters.vector(names)
        values = dict(zip(names, self.p.tolist(), strict=True))
        self.n_cells, self.n_species = grid.n_cells, len(model.species)
        self.mobile = np.array([k for k, s in enumerate(model.species) if s.mobile], np.int64)
        self.n_mobile, self.n_rates = len(model.mobile), len(model.processes)
        self.body = self.n_cells * self.n_species
        self.size = self.body + 2 * self.n_mobile
        self.fields = self._fields(fields or {})
        self.stoichiometry = self._stoichiometry(values)
        self.contents = model.written_contents.at(values)
        self._refuse_unknown(boundaries or {}, plasma or {})
        columns = dict(zip(model.mobile, self.mobile.tolist(), strict=True))
        diffusivity = model.written_diffusivities.at(values)
        self.exchange = Exchange(
            transport_tables(
                grid, columns, diffusivity, archie, boundaries or {},
                np.broadcast_to(np.asarray(perfusion, float), (self.n_cells,)).copy(),
                np.array([(plasma or {}).get(m, 0.0) for m in model.mobile]),
            )
        )  # fmt: skip
        self._kernels = [d.formula for d in model.order if isinstance(d.formula, Kernel)]
        self._prepare()
        self.scale = np.array([s.scale for s in model.species])
        n, m = self.n_cells, self.n_mobile
        p = model_expressions(model).numbers(self.p)
        self.cells = Cells(self.fields, p, self.memory, self.failures, np.zeros((n, m)), np.ones((n, 1)))
        self._pool = Pool(BLOCKS_PER_THREAD)
        self.workspaces = [self._workspace(values) for _ in range(self._pool.size)]
        if not _warmed(model):
            self._warm()
            _warmed(model).append(True)

    def _fields(self, given: dict[str, np.ndarray]) -> np.ndarray:
        for name in given:
            if name not in self.model.fields:
                raise ModelError(f"'{name}' is not a field of the model.{nearest(name, self.model.fields)}")
        made = np.zeros((self.n_cells, max(1, len(self.model.fields))))
        for k, (name, (default, _, _)) in enumerate(self.model.fields.items()):
            made[:, k] = given.get(name, default)
        return made

    def _stoichiometry(self, values: dict[str, float]) -> Stoichiometry:
        wrong = self.model.imbalance(values)
        if wrong:
            (process, element), amount = next(iter(wrong.items()))
            raise ModelError(
                f"{process} makes {amount:+.6g} {element} out of nothing per unit of its rate; "
                "correct its changes or what its species contain, or take model.balanced(values)."
            )
        row, column, value = self.model.written_changes
        return Stoichiometry(row, column, value.at(values))

    def _refuse_unknown(self, boundaries: dict[str, Boundary], plasma: dict[str, float]) -> None:
        for tag, b in boundaries.items():
            if tag not in self.grid.tags:
                raise ModelError(
                    f"the {self.grid.kind} has no boundary '{tag}' (it has "
                    f"{', '.join(self.grid.tags) or 'none'}).{nearest(tag, self.grid.tags)}"
                )
            self._known_mobile(b.values, f"boundary '{tag}'")
        self._known_mobile(plasma, "plasma")

    def _known_mobile(self, values: Iterable[str], where: str) -> None:
        for name in values:
            if name not in self.model.mobile:
                raise ModelError(
                    f"{where}: '{name}' is not a mobile species.{nearest(name, self.model.mobile)}"
                )

    def _prepare(self) -> None:
        """Warm starts of the kernels, and the compiled module."""
        self.n_blocks = -(-self.n_cells // LANES)
        self.memory = np.zeros((self.n_blocks, max(1, sum(k.memory for k in self._kernels)), LANES))
        self.failures = np.zeros(self.n_blocks, np.int64)
        self.forget()
        made = compiled_model(self.model)
        self._module, self.operations, self._rows = made.module, made.operations, made.layout.rows
        self._routines = np.array([r.address for r in made.routines], np.int64)

    def _workspace(self, values: dict[str, float]) -> Workspace:
        """Arrays for one thread to work in."""
        o, made = self.operations, [(k, k.tables(values)) for k in self._kernels]
        return Workspace(
            np.zeros(self._rows * LANES), np.zeros((o.n_d, LANES)), np.zeros((self.n_species, LANES)),
            np.zeros(1), self._routines,
            tuple(KernelSpace(np.zeros(k.scratch(c)), c) for k, c in made),
        )  # fmt: skip

    @property
    def tables(self) -> TransportTables:
        """The arrays of transport, for compiled code."""
        return self.exchange.tables

    def tolerate(self, rtol: float) -> None:
        """Have kernels solve as an integrator of this relative tolerance needs; 0, at first: to rounding."""
        for workspace in self.workspaces:
            for kernel, space in zip(self._kernels, workspace.kernels, strict=True):
                kernel.tolerate(space.tables, rtol)

    def forget(self) -> None:
        """Drop the warm starts of the kernels; the next evaluation starts them cold."""
        start = 0
        for kernel in self._kernels:
            stop = start + kernel.memory
            self.memory[:, start:stop] = kernel.initial[:, None]
            start = stop

    def _warm(self) -> None:
        """One call before the clock starts."""
        y, dy = np.ones(self.size), np.zeros(self.size)
        memory = self.memory.copy()
        with formulas_named(self.model):
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
        self._evaluate(RATES, t, u, self.cells, NOTHING._replace(dy=du))
        self.transport(self.cells.c, du, tail)

    def transport(self, c: np.ndarray, du: np.ndarray, tail: np.ndarray) -> None:
        """Add to du (n, s) [mol m-3 s-1] what pore concentrations c (n, m) move at the porosity of the
        last state evaluated; tail (2, m) is what enters [mol/s]."""
        self.exchange.add(c, self.cells.porosity[:, 0], du, tail)

    def slopes(self, t: float, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Derivatives of rates by amounts, (blocks, entries, lanes): entry j is that of process
        `operations.process[j]` by species `operations.species[j]`; cell i is lane i % LANES of block
        i // LANES. Stoichiometry times these is the Jacobian of the reactions."""
        if out is None:
            out = np.empty((self.n_blocks, self.operations.process.size, LANES))
        self._evaluate(SLOPES, t, self.split(y)[0], self.cells, NOTHING._replace(slopes=out))
        return out

    def blocks(self, t: float, y: np.ndarray) -> np.ndarray:
        """Jacobian of the reactions within each cell, (n_cells, n_species, n_species) [1/s]."""
        p = self.operations
        slopes = self.slopes(t, y).transpose(0, 2, 1).reshape(self.n_blocks * LANES, -1)[: self.n_cells]
        out = np.zeros((self.n_cells, self.n_species, self.n_species))
        for s, q, v in zip(*self.stoichiometry, strict=True):
            for j in np.flatnonzero(p.process == q):
                out[:, s, p.species[j]] += v * slopes[:, j]
        return out

    def _evaluate(self, mode: int, t: float, u: np.ndarray, cells: Cells, out: Evaluated) -> None:
        """Everything that happens inside cells, by mode; see `blocks` of the generated module."""

        def work(share: int, first: int, last: int) -> None:
            self.formulas(
                mode, first, last, t, u, cells, self.stoichiometry, self.operations, out,
                self.workspaces[share],
            )  # fmt: skip

        self._pool.run(work, self.n_blocks)

    @property
    def formulas(self) -> Callable[..., None]:
        """The compiled formulas: formulas(mode, first, last, t, u, cells, stoichiometry, operations, out,
        workspace); see `blocks` of the generated module."""
        return self._module.blocks

    def couplings(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Transport derivatives times volume [m3/s] at the last state evaluated: across faces (n, k, m),
        losses (n, 2, m); and its porosity (n,)."""
        porosity = self.cells.porosity[:, 0].copy()
        return *self.exchange.derivative(porosity), porosity

    def evaluate(self, t: float, y: np.ndarray) -> tuple[dict[str, np.ndarray], dict, np.ndarray]:
        """Derived quantities {name: (n,)}, rates {process: (n,)} and pore concentrations (n, m)."""
        n, model = self.n_cells, self.model
        d, r = np.zeros((n, len(model.quantities))), np.zeros((n, self.n_rates))
        c, porosity = np.zeros((n, self.n_mobile)), np.ones((n, 1))
        cells = self.cells._replace(c=c, porosity=porosity)
        self._evaluate(SHOW, t, self.split(y)[0], cells, NOTHING._replace(derived=d, rates=r))
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
            cells = self.cells._replace(c=c[i], porosity=porosity[i])
            self._evaluate(SHOW, t[i], u[i], cells, NOTHING._replace(derived=d[i], rates=r))
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


@once_a_model
def _warmed(model: Model) -> list[bool]:
    """Whether the formulas of a model have been called in this process."""
    return []
