"""`ndf_steps` compiled against the operations of `line`, under a name that is a hash of all its parts.

Numba's own cache notices a change in the file of a kernel but not in what that kernel calls; a new
name for every new text leaves nothing to notice.
"""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType

import numba
import numpy as np
from numba import njit, types
from numba.core.errors import NumbaExperimentalFeatureWarning

from sim.binder import cache, text
from sim.solvers.linear import elimination
from sim.solvers.steps import differences, ndf_steps, on_a_line, solution
from sim.space import transport

_known: dict[tuple, Callable] = {}  # compiled for a model and kinds of arrays

PARTS = (ndf_steps, on_a_line, text, differences, elimination, solution, transport)
OPTIONS = "error_model='numpy', no_cpython_wrapper=True, no_cfunc_wrapper=True"
# Called from one place: compiled as part of their callers, or all would be optimised once per caller.
INLINED = ("march", "step", "newton", "iterate", "choose")
ENTRY = """

def enter(cells, rest, steps):
    return march(ByReference(cells, *rest), steps)
"""


def march(w: on_a_line.Line) -> Callable[[int], int]:
    """`ndf_steps.march`, compiled, bound to a Line."""
    cells, rest = w[0], tuple(w[1:])
    kind = (cells, _kind(rest))
    if kind not in _known:
        _known[kind] = _compiled(cells.nopython_signatures[0], numba.typeof(rest))
    compiled_march = _known[kind]
    return lambda steps: compiled_march(cells, rest, steps)


def _kind(value):
    """What decides numba's type of a value; to ask numba itself takes longer than a short run."""
    if isinstance(value, tuple):
        return (type(value), *(_kind(v) for v in value))
    if isinstance(value, np.ndarray):
        return (value.dtype.num, value.ndim, value.flags.c_contiguous, value.flags.writeable)
    return type(value)


@lru_cache(maxsize=64)
def _compiled(cells, rest):
    # Through a pointer: by its own type, the model would be compiled into this as well.
    signature = (types.FunctionType(cells), rest, types.int64)
    function = njit(signature, cache=True, nogil=True, error_model="numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
        try:
            return function(_module().enter)
        except Exception as e:
            if not cache.damaged(e):
                raise
            return function(cache.reloaded(_module()).enter)


@lru_cache(maxsize=1)
def _module() -> ModuleType:
    made = inspect.getsource(ndf_steps)
    door = "from sim.solvers.steps.{} import ("
    made = made.replace(door.format("on_threads"), door.format("on_a_line") + "\n    ByReference,", 1)
    made = made.replace("\nimport numpy as np", "\nimport numpy as np\nfrom numba import njit", 1)
    made = made.replace("\ndef ", f"\n@njit({OPTIONS})\ndef ") + ENTRY
    for name in INLINED:
        made = made.replace(f"{OPTIONS})\ndef {name}(", f"inline='always', {OPTIONS})\ndef {name}(", 1)
    stamp = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for part in PARTS:
        stamp.update(inspect.getsource(part).encode())
    return cache.stored(f"hapsim_steps_{stamp.hexdigest()[:24]}", made)
