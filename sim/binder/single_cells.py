"""Cells that vector code leaves, solved one by one in Python: called from compiled code by an address."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numba.core import config

from sim.binder.stages import GroupCode, StageArrays
from sim.codegen.interpreted import number_of
from sim.simd.constants import WIDTH

SOLVE = Callable[[np.ndarray, np.ndarray], bool]
W, MEMORY = (StageArrays._fields.index(name) for name in ("work", "memory"))
MOST = 256  # solutions that are kept for cells that are given the same


class SingleCells:
    """Solves the cells of a group: address is that of alone(first, last, cells, *arrays of a stage), which
    returns how many have no solution.

    solvers: each() is what solves a cell, see `Kernel.alone`, made when it is needed
    reads: rows of the inputs; kept: rows of its solutions (first, last); sizes: of both, how many in all
    of_lanes(group): which of the solvers each lane needs
    raised: what an evaluation raised (Ctrl-C included), to be raised again where Python is at hand
    """

    def __init__(
        self,
        solvers: Sequence[Callable[[], SOLVE]],
        reads: tuple[int, ...],
        kept: tuple[int, int],
        sizes: tuple[int, int],
        of_lanes: Callable[[int], Sequence[int]] = lambda group: (0,) * WIDTH,
    ):
        self._reads, self._kept, self._sizes = reads, kept, sizes
        self._solvers, self._of_lanes = [cache(s) for s in solvers], of_lanes
        self.raised: list[BaseException] = []
        self._known: dict[tuple[int, bytes], tuple[bool, np.ndarray]] = {}
        if getattr(config, "DISABLE_JIT", False):
            self.address = number_of(self._of_arrays)
            return
        kinds = [ctypes.c_int64] * 3 + [ctypes.c_void_p] * len(StageArrays._fields)
        # It must live as long as its address may be called.
        self._callback: Any = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(self._of_pointers)
        self.address = int(ctypes.cast(self._callback, ctypes.c_void_p).value or 0)

    def _of_pointers(self, first: int, last: int, cells: int, *arrays: int) -> int:
        try:
            return self._of_rows(first, cells, arrays)
        except BaseException as error:  # noqa: BLE001  -- none may pass through compiled code
            self.raised.append(error)
            return WIDTH

    def _of_rows(self, first: int, cells: int, arrays: tuple[int, ...]) -> int:
        rows, memory = self._sizes
        whole = (ctypes.c_double * (rows * WIDTH)).from_address(arrays[W])
        kept = (ctypes.c_double * (memory * WIDTH)).from_address(arrays[MEMORY] + 8 * first * memory * WIDTH)
        group = np.ctypeslib.as_array(whole).reshape(rows, WIDTH), np.ctypeslib.as_array(kept)
        return self._group(first, group[0], group[1].reshape(memory, WIDTH), cells - WIDTH * first)

    def _of_arrays(self, first: int, last: int, cells: int, *arrays: np.ndarray) -> int:
        rows, memory = self._sizes
        kept = arrays[MEMORY].reshape(-1, memory, WIDTH)[first]
        return self._group(first, arrays[W].reshape(rows, WIDTH), kept, cells - WIDTH * first)

    def _group(self, group: int, rows: np.ndarray, memory: np.ndarray, there: int) -> int:
        """Solve each lane; what is given again (a first state is the same in many cells) is solved once.

        there: cells that are left from this group on; of the last group, the last cell fills the lanes
        """
        there = min(WIDTH, there)
        inputs, unsolved, known = rows[list(self._reads)], 0, self._known
        of_lane = self._of_lanes(group)
        if len(known) > MOST:
            known.clear()
        alike = bool((inputs == inputs[:, :1]).all()) and len(set(of_lane)) == 1
        for lane in range(1 if alike else WIDTH):
            given = np.ascontiguousarray(inputs[:, lane])
            key = of_lane[lane], given.tobytes()
            if key not in known:
                found = np.zeros(self._kept[1] - self._kept[0])
                known[key] = self._solvers[of_lane[lane]]()(given, found), found
            sound, found = known[key]
            lanes = slice(None) if alike else slice(lane, lane + 1)
            memory[self._kept[0] : self._kept[1], lanes] = found[:, None]
            if not sound:
                unsolved += there if alike else int(lane < there)
        return unsolved


def single_cells(
    code: GroupCode,
    kernel: int,
    values: Sequence[dict[str, float]],
    of_lanes: Callable[[int], Sequence[int]] = lambda group: (0,) * WIDTH,
) -> SingleCells:
    """What solves the cells of a kernel of a model. values: parameters of the runs in its lanes"""
    (s,) = (s for s in code.layout.statements if s.kernel == kernel)
    own, first = code.kernels[kernel], code.kept[kernel]
    return SingleCells(
        [partial(own.alone, v) for v in values], tuple(r for r in s.reads if r is not None),
        (first, first + own.code.memory), (code.rows, code.memory), of_lanes,
    )  # fmt: skip
