"""`ndf_steps` compiled against the operations of `on_a_line`."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType

import numba
import numpy as np
from numba import types
from numba.core.errors import NumbaExperimentalFeatureWarning

from sim.jit.kernel import kernel
from sim.jit.modules import generated
from sim.solvers.steps import ndf_steps, on_a_line

_known: dict[tuple, Callable] = {}  # compiled for a model and kinds of arrays

OPTIONS = "cache=False, no_cpython_wrapper=True, no_cfunc_wrapper=True"
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
    signature = types.int64(types.FunctionType(cells), rest, types.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
        return kernel(signature, nogil=True)(_module().enter)


@lru_cache(maxsize=1)
def _module() -> ModuleType:
    text = inspect.getsource(ndf_steps)
    door = "from sim.solvers.steps.{} import ("
    text = text.replace(door.format("on_threads"), door.format("on_a_line") + "\n    ByReference,", 1)
    text = text.replace("\nimport numpy as np", "\nimport numpy as np\nfrom sim.jit.kernel import kernel", 1)
    text = text.replace("\ndef ", f"\n@kernel({OPTIONS})\ndef ") + ENTRY
    for name in INLINED:
        text = text.replace(f"{OPTIONS})\ndef {name}(", f"inline='always', {OPTIONS})\ndef {name}(", 1)
    return generated(text)
