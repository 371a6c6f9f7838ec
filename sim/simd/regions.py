"""Kernels with a parallel region, which some processes must not enter.

GNU OpenMP ends a process that was forked from one that uses it and enters a parallel region itself. Pools
of forked workers are the default of Python on Linux up to 3.13, so such a process takes the same kernel
compiled without a region. Results do not depend on it: shares are summed in the same pieces.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numba

from sim.jit.kernel import kernel


class ParallelKernel:
    """@ParallelKernel on a function with prange, called from Python."""

    def __init__(self, function: Callable):
        update_wrapper(self, function)
        self.py_func = function
        self._parallel, self._serial = kernel(parallel=True)(function), kernel(function)

    def __call__(self, *arguments: Any) -> Any:
        return (self._parallel if may_enter() else self._serial)(*arguments)


def may_enter() -> bool:
    """Whether this process may enter a parallel region."""
    return not _forbidden


_forbidden = False


def _forked() -> None:
    global _forbidden
    try:
        _forbidden = _forbidden or numba.threading_layer() == "omp"
    except ValueError:  # no layer has been chosen yet
        pass


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
