"""Kernels with a parallel region, which some processes must not enter.

GNU OpenMP ends a process that was forked from one that uses it and enters a parallel region itself (pools
of forked workers are the default of Python on Linux up to 3.13). numba's own threads (its layer
"workqueue") end a process in which two threads enter a region at once. There the same kernel is taken,
compiled without a region. Results do not depend on it: shares are summed in the same pieces.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any

import numba

from sim.jit.kernel import kernel
from sim.simd.threads import thread_count

in_parallel = kernel(parallel=True)


class ParallelKernel:
    """@ParallelKernel on a function with prange, called from Python."""

    def __init__(self, function: Callable):
        update_wrapper(self, function)
        self.py_func = function
        self._parallel, self._serial = in_parallel(function), kernel(function)

    def __call__(self, *arguments: Any) -> Any:
        with region() as free:
            return (self._parallel if free else self._serial)(*arguments)


@contextmanager
def region() -> Iterator[bool]:
    """Whether this thread may enter a parallel region within it."""
    if _forbidden:
        yield False
    elif _layer() == "workqueue":
        free = _one_at_a_time.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                _one_at_a_time.release()
    else:
        yield True


_one_at_a_time, _forbidden = threading.Lock(), False


def _layer() -> str:
    """numba's threading layer: "omp", "tbb" or "workqueue"."""
    thread_count()  # chooses one
    return numba.threading_layer()


def _forked() -> None:
    global _forbidden, _one_at_a_time
    _one_at_a_time = threading.Lock()
    try:
        _forbidden = _forbidden or numba.threading_layer() == "omp"
    except ValueError:  # none has been chosen yet
        pass


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
