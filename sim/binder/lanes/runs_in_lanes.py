"""Several runs of one model as one system: a lane of the vector code is a run.

A run of few cells leaves most lanes of its groups empty. Here a group is the same cell of WIDTH runs, with
numbers of its own for each lane, and all runs take the same steps in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np

from sim.binder.cache import compiled_lanes
from sim.binder.courses.following import Followers
from sim.binder.courses.in_time import Followed, InTime
from sim.binder.courses.renewal import renewed
from sim.binder.evaluation import evaluate
from sim.binder.records import Cells
from sim.binder.single_cells import SingleCells, single_cells
from sim.binder.system import System
from sim.binder.uncompiled import formulas_named
from sim.simd.constants import WIDTH
from sim.simd.threads import Pool
from sim.space.runs_apart import add_in_runs, first_row, run_tables


class RunsInLanes(System):
    """Systems side by side, which must agree in what `kind_of` tells.

    Rows of its state are those of cells lane by lane (see `runs_apart`), then a tail for each run:
    `gathered` makes it of the states of runs, `of_run` takes one of them out. The last run fills up lanes.

    runs: how many, the fillers included; count: without them; cells_of_run: of each
    """

    def __init__(self, systems: Sequence[System]):
        first, self.count = systems[0], len(systems)
        self.systems = [*systems, *[systems[-1]] * (-len(systems) % WIDTH)]
        self.runs, self.cells_of_run = len(self.systems), first.n_cells
        self.model, self.grid = first.model, first.grid
        self.parameters, self.p = first.parameters, first.p
        self.n_cells, self.n_species = self.runs * first.n_cells, first.n_species
        self.mobile, self.n_mobile, self.n_rates = first.mobile, first.n_mobile, first.n_rates
        self.body = self.n_cells * self.n_species
        self.size = self.body + self.runs * 2 * self.n_mobile
        self.stoichiometry, self.contents, self.scale = first.stoichiometry, first.contents, first.scale
        self.fields = self._lane_by_lane([s.fields for s in self.systems])
        self.run_tables = run_tables([s.tables for s in self.systems])
        self.hindrance = np.ones((self.runs, self.cells_of_run))
        self.perfused = np.zeros((1, self.n_mobile))
        with formulas_named(self.model):
            self._made = compiled_lanes(self.model)
            self.operations, code = self._made.operations, self._made.code
            self.n_groups = self.n_cells // WIDTH
            self.cells = Cells(
                self.fields, self.by_lanes([s.cells.numbers for s in self.systems]),
                np.zeros((self.n_groups, code.memory, WIDTH)), np.zeros(self.n_groups, np.int64),
                np.zeros((self.n_cells, self.n_mobile)), np.ones((self.n_cells, 1)),
            )  # fmt: skip
            self._made.make_ready()
        self.forget()
        self._pool = Pool(WIDTH, 1)
        self.courses = self._joined_courses()

    def _joined_courses(self) -> InTime:
        """What the runs follow, in the arrays of all of them."""
        t, numbers, code = self.run_tables, self.cells.numbers.reshape(-1), self._made.code
        arrays = Followers(numbers, *(a.reshape(-1) for a in (t.outside, t.plasma, t.perfusion, self.fields)))
        followed = [self._in_lane(r, f) for r, s in enumerate(self.systems) for f in s.courses.followed]
        changing = {
            k for s in self.systems for f in s.courses.followed if "numbers" in f.places
            for k in f.places["numbers"][0].tolist()
        }  # fmt: skip
        made = renewed(code.graph.uniform, changing, self.p.size, code.numbers) if changing else None
        return InTime(followed, arrays, made, in_lanes=code.numbers)

    def _in_lane(self, run: int, f: Followed) -> Followed:
        """What a run follows, with its places among those of all runs."""
        lane, row, size = run % WIDTH, self.rows_of(run).start, self._made.code.numbers
        t, width, found = self.run_tables, self.fields.shape[1], {}
        for name, (index, weight, base) in f.places.items():
            if name == "numbers":
                at = (run // WIDTH) * size * WIDTH + index * WIDTH + lane
            elif name == "fields":
                at = (row + WIDTH * (index // width)) * width + index % width
            else:
                at = run * getattr(t, name)[0].size + index
            found[name] = at, weight, base
        return Followed(f.curve, found)

    def _lane_by_lane(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Rows of the cells of runs, each (cells, k), as (n, k)."""
        found = np.array(values, float).reshape(-1, WIDTH, self.cells_of_run, values[0].shape[-1])
        return np.ascontiguousarray(found.transpose(0, 2, 1, 3)).reshape(self.n_cells, -1)

    @staticmethod
    def by_lanes(numbers: Sequence[np.ndarray]) -> np.ndarray:
        """Numbers (k,) of each run as (runs / WIDTH, k WIDTH): a row for those that share a group."""
        found = np.array(numbers, float).reshape(len(numbers) // WIDTH, WIDTH, -1)
        return np.ascontiguousarray(found.transpose(0, 2, 1)).reshape(found.shape[0], -1)

    def rows_of(self, run: int) -> slice:
        """The rows of the cells of a run."""
        first = first_row(run, self.cells_of_run)
        return slice(first, first + WIDTH * (self.cells_of_run - 1) + 1, WIDTH)

    def gathered(self, states: Sequence[np.ndarray]) -> np.ndarray:
        """One state of those of the runs, fillers left out."""
        states = [*states, *[states[-1]] * (self.runs - len(states))]
        parts = [s.split(y) for s, y in zip(self.systems, states, strict=True)]
        y = np.empty(self.size)
        body, tails = self.split(y)
        body[:] = self._lane_by_lane([u for u, _ in parts])
        tails[:] = [tail for _, tail in parts]
        return y

    def of_run(self, run: int, y: np.ndarray) -> np.ndarray:
        """Of states y (..., size) those of a run."""
        body, tails = self.split(y)
        made = np.empty((*y.shape[:-1], self.systems[run].size))
        own_body, own_tail = self.systems[run].split(made)
        own_body[:] = body[..., self.rows_of(run), :]
        own_tail[:] = tails[..., run, :, :]
        return made

    def split(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Views (..., n_cells, n_species) and (..., runs, 2, n_mobile) of flat states (..., size)."""
        outputs = y.shape[:-1]
        return (
            y[..., : self.body].reshape(*outputs, self.n_cells, self.n_species),
            y[..., self.body :].reshape(*outputs, self.runs, 2, self.n_mobile),
        )

    def transport(self, c: np.ndarray, du: np.ndarray, tail: np.ndarray) -> None:
        """As that of a System; tail (runs, 2, m)."""
        add_in_runs(self.run_tables, c, self.cells.porosity[:, 0], self.hindrance, self.perfused, du, tail)

    def tolerances(self, factor: float) -> np.ndarray:
        """Absolute tolerances (size,): those that each run has."""
        return self.gathered([s.tolerances(factor) for s in self.systems])

    def tolerate(self, rtol: float) -> None:
        """As that of a System."""
        code = self._made.code
        for numbers in self.cells.numbers.reshape(-1, code.numbers, WIDTH):
            for kernel, first in zip(code.kernels, code.kernel_numbers, strict=True):
                for lane in range(WIDTH):
                    kernel.tolerate(numbers[first : first + kernel.code.numbers, lane], rtol)

    def leave(self) -> None:
        """Leave with each system the last solutions of its kernels, and what failed in all of them."""
        memory = self.cells.memory.reshape(-1, self.cells_of_run, self._made.code.memory, WIDTH)
        for run, system in enumerate(self.systems[: self.count]):
            own = system.cells.memory
            for cell in range(self.cells_of_run):
                own[cell // WIDTH, :, cell % WIDTH] = memory[run // WIDTH, cell, :, run % WIDTH]
            last = (self.cells_of_run - 1) % WIDTH
            own[-1, :, last:] = own[-1, :, last : last + 1]  # it fills up lanes there
            system.cells.failures[0] += self.failures.sum()

    def _evaluate(
        self, stages: np.ndarray, t: float, u: np.ndarray, cells: Cells, out: np.ndarray, more: np.ndarray
    ) -> None:
        self.courses.at(t)
        rows, clock = self.workspaces[0]
        clock[0] = t
        flat = [a.reshape(-1) for a in (u, cells.fields)]
        kept = [a.reshape(-1) for a in (cells.memory, cells.c, cells.porosity, out, more)]
        each = self.cells_of_run
        for k, numbers in enumerate(cells.numbers):
            arrays = (*flat, numbers, clock, rows, *kept)
            evaluate(k * each, (k + 1) * each, self.n_cells, stages, cells.failures, arrays)
        self.raise_again()

    @cached_property
    def _single(self) -> list[SingleCells]:
        """What solves the cells that vector code leaves, for each kernel; runs with the same equations share
        what is solved."""
        code, made = self._made.code, []
        for k, kernel in enumerate(code.kernels):
            at = code.kernel_numbers[k]
            known: dict[bytes, int] = {}
            values: list[dict[str, float]] = []
            which: list[int] = []
            for system in self.systems:
                key = system.cells.numbers[at : at + kernel.code.numbers].tobytes()
                if key not in known:
                    known[key] = len(values)
                    values.append(dict(zip(system.model.parameters, system.p.tolist(), strict=True)))
                which.append(known[key])
            made.append(single_cells(code, k, values, partial(self._of_lanes, which)))
        return made

    def _of_lanes(self, which: Sequence[int], group: int) -> Sequence[int]:
        first = group // self.cells_of_run * WIDTH
        return which[first : first + WIDTH]


def kind_of(system: System) -> tuple | None:
    """What systems must have in common to be side by side; None for one that cannot be."""
    t, code = system.tables, system._made.code
    if code.graph.unread:  # compiled functions of formulas know one set of numbers
        return None
    return (
        system._made, system.n_cells, t.neighbour.tobytes(), t.face_cell.tobytes()
    )  # fmt: skip
