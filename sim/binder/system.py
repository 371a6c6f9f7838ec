"""The waist: a model on a grid as a right-hand side over plain arrays. Chemistry ends here.

The state is flat: n_cells x n_species amounts per bulk volume, cell by cell, then a tail of
2 x n_mobile totals [mol]: what has entered through boundaries, what through perfusion. The tail is
integrated with the rest, so "contents = initial + supplied" is a linear invariant that every
multistep or Runge-Kutta method keeps to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from sim.binder.cache import compiled_model
from sim.binder.courses.following import Followers
from sim.binder.courses.in_time import Followed, InTime
from sim.binder.courses.renewal import renewed
from sim.binder.evaluation import COLUMNS, evaluate
from sim.binder.records import NONE, Cells, Stoichiometry, Workspace
from sim.binder.single_cells import SingleCells, single_cells
from sim.binder.stages import ITERATED
from sim.binder.uncompiled import formulas_named
from sim.errors import ModelError, SolverError, nearest
from sim.model.checks import check_outside
from sim.model.model import Model
from sim.parameters import Parameters
from sim.simd.constants import WIDTH
from sim.simd.threads import Pool
from sim.space.boundary import Boundary
from sim.space.grid import Grid
from sim.space.transport import Exchange, TransportTables, transport_tables

SUPPLIES = ("boundary", "perfusion")
GROUPS_PER_THREAD = 128  # a thousand cells; fewer are done before a second thread has woken up


class System:
    """One segment of a run: parameters, fields and boundaries. What a solver sees of the chemistry.

    rhs(t, y, dy), slopes(t, y), couplings(): what solvers call. evaluate(t, y): what is shown.
    size = n_cells n_species + 2 n_mobile: of the flat state (`split` gives views of its parts)
    scale (n_species,): typical sizes, from which absolute tolerances come; mobile: columns that diffuse
    cells, stoichiometry, operations, tables: records that compiled code takes; exchange: between cells
    failures (n_groups,): cells, summed over evaluations, in which a kernel found no solution
    courses: what of it changes with time, nothing unless it is told to `follow`
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
        check_outside(model.mobile, grid, boundaries or {}, plasma or {})
        columns = dict(zip(model.mobile, self.mobile.tolist(), strict=True))
        diffusivity = model.written_diffusivities.at(values)
        self.exchange = Exchange(
            transport_tables(
                grid, columns, diffusivity, archie, boundaries or {},
                np.broadcast_to(np.asarray(perfusion, float), (self.n_cells,)).copy(),
                np.array([(plasma or {}).get(m, 0.0) for m in model.mobile]),
            )
        )  # fmt: skip
        self.scale = np.array([s.scale for s in model.species])
        self._prepare(values)
        self._pool = Pool(GROUPS_PER_THREAD)
        self.follow(())

    def follow(self, followed: Sequence[Followed]) -> None:
        """Have numbers follow courses from now on: parameters that formulas read, what is outside, perfusion,
        fields."""
        numbers, t, code = self.cells.numbers, self.tables, self._made.code
        arrays = Followers(numbers, *(a.reshape(-1) for a in (t.outside, t.plasma, t.perfusion, self.fields)))
        changing = {k for f in followed if "numbers" in f.places for k in f.places["numbers"][0].tolist()}
        made = renewed(code.graph.uniform, changing, self.p.size, numbers.size) if changing else None
        self.courses = InTime(followed, arrays, made)

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

    def _prepare(self, values: dict[str, float]) -> None:
        """Machine code of the model, the numbers of the run, last solutions of the kernels."""
        with formulas_named(self.model):
            self._made = compiled_model(self.model)
            self.operations, code = self._made.operations, self._made.code
            self.n_groups = -(-self.n_cells // WIDTH)
            self.cells = Cells(
                self.fields, code.numbers_of(self.p, values, self.stoichiometry.value),
                np.zeros((self.n_groups, code.memory, WIDTH)), np.zeros(self.n_groups, np.int64),
                np.zeros((self.n_cells, self.n_mobile)), np.ones((self.n_cells, 1)),
            )  # fmt: skip
            self._made.make_ready()
        self.forget()

    @cached_property
    def workspaces(self) -> list[Workspace]:
        """Those of the threads."""
        rows = self._made.code.rows * WIDTH
        return [Workspace(np.zeros(rows), np.zeros(1)) for _ in range(self._pool.size)]

    @cached_property
    def stages(self) -> np.ndarray:
        """Stages of an evaluation of changes, for compiled code."""
        return self._addressed(self._made.rates)

    @cached_property
    def _single(self) -> list[SingleCells]:
        """What solves the cells that vector code leaves, for each kernel."""
        values = dict(zip(self.model.parameters, self.p.tolist(), strict=True))
        return [single_cells(self._made.code, k, [values]) for k in range(len(self._made.code.kernels))]

    def _addressed(self, stages: list[tuple[int, ...]]) -> np.ndarray:
        """Stages as compiled code takes them, with what solves the single cells of this system."""
        made = np.array(stages, np.int64).reshape(-1, COLUMNS)
        for row, stage in zip(made, stages, strict=True):
            if stage[0] == ITERATED:
                row[-1] = self._single[stage[-1]].address
        return made

    @property
    def tables(self) -> TransportTables:
        """The arrays of transport, for compiled code."""
        return self.exchange.tables

    @property
    def failures(self) -> np.ndarray:
        """Cells (n_groups,), summed over evaluations, in which a kernel found no solution."""
        return self.cells.failures

    def tolerate(self, rtol: float) -> None:
        """Have kernels solve as an integrator of this relative tolerance needs; 0, at first: to rounding."""
        code = self._made.code
        for kernel, first in zip(code.kernels, code.kernel_numbers, strict=True):
            kernel.tolerate(self.cells.numbers[first : first + kernel.code.numbers], rtol)

    def forget(self) -> None:
        """Drop the last solutions of the kernels; the next evaluation starts them cold."""
        self.cells.memory[:] = self._made.code.initial[:, None]

    def split(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Views (..., n_cells, n_species) and (..., 2, n_mobile) of flat states (..., size)."""
        outputs = y.shape[:-1]
        return (
            y[..., : self.body].reshape(*outputs, self.n_cells, self.n_species),
            y[..., self.body :].reshape(*outputs, 2, self.n_mobile),
        )

    def rhs(self, t: float, y: np.ndarray, dy: np.ndarray) -> None:
        """dy/dt into `dy` [mol m-3 s-1, tail mol s-1]. y may be a column of a matrix, dy may not."""
        if not dy.flags.c_contiguous:  # a copy would take the derivatives
            raise SolverError("dy must be contiguous, as np.empty(system.size); copy it to a column after.")
        du, tail = self.split(dy)
        self._evaluate(self.stages, t, self.split(np.ascontiguousarray(y))[0], self.cells, du, NONE)
        self.transport(self.cells.c, du, tail)

    def transport(self, c: np.ndarray, du: np.ndarray, tail: np.ndarray) -> None:
        """Add to du (n, s) [mol m-3 s-1] what pore concentrations c (n, m) move at the porosity of the
        last state evaluated; tail (2, m) is what enters [mol/s]."""
        self.exchange.add(c, self.cells.porosity[:, 0], du, tail)

    @cached_property
    def _of_show(self) -> np.ndarray:
        return self._addressed(self._made.show)

    @cached_property
    def stages_of_slopes(self) -> np.ndarray:
        """Stages of an evaluation of derivatives, for compiled code."""
        return self._addressed(self._made.slopes)

    def slopes(self, t: float, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Derivatives of rates by amounts, (groups, entries, WIDTH): entry j is that of process
        `operations.process[j]` by species `operations.species[j]`; cell i is lane i % WIDTH of group
        i // WIDTH. Stoichiometry times these is the Jacobian of the reactions."""
        if out is None:
            out = np.empty((self.n_groups, self.operations.process.size, WIDTH))
        self._evaluate(self.stages_of_slopes, t, self.split(y)[0], self.cells, out, NONE)
        return out

    def blocks(self, t: float, y: np.ndarray) -> np.ndarray:
        """Jacobian of the reactions within each cell, (n_cells, n_species, n_species) [1/s]."""
        p = self.operations
        slopes = self.slopes(t, y).transpose(0, 2, 1).reshape(self.n_groups * WIDTH, -1)[: self.n_cells]
        out = np.zeros((self.n_cells, self.n_species, self.n_species))
        for s, q, v in zip(*self.stoichiometry, strict=True):
            for j in np.flatnonzero(p.process == q):
                out[:, s, p.species[j]] += v * slopes[:, j]
        return out

    def _evaluate(
        self, stages: np.ndarray, t: float, u: np.ndarray, cells: Cells, out: np.ndarray, more: np.ndarray
    ) -> None:
        """Everything that happens inside cells; see `evaluate` and `GroupCode`."""
        self.courses.at(t)
        flat = [a.reshape(-1) for a in (u, cells.fields)]
        kept = [a.reshape(-1) for a in (cells.memory, cells.c, cells.porosity, out, more)]

        def work(share: int, first: int, last: int) -> None:
            rows, clock = self.workspaces[share]
            clock[0] = t
            arrays = (*flat, cells.numbers, clock, rows, *kept)
            evaluate(first, last, self.n_cells, stages, cells.failures, arrays)

        self._pool.run(work, self.n_groups)
        self.raise_again()

    def raise_again(self) -> None:
        """Raise what was raised where compiled code could not (see `SingleCells`)."""
        raised = [error for single in self._single for error in single.raised]
        for single in self._single:
            single.raised.clear()
        if raised:
            raise raised[0]

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
        self._evaluate(self._of_show, t, self.split(y)[0], cells, d, r)
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
            self._evaluate(self._of_show, t[i], u[i], cells, d[i], r)
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
