"""Machine instructions as functions of compiled code, and what stands for them where nothing is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import config
from numba.extending import intrinsic

# numba's `intrinsic` as callers see it: without the first argument, which the compiler gives.
machine_code: Callable[[Callable], Any] = intrinsic


def instruction(plain: Callable) -> Callable[[Callable], Any]:
    """@instruction(plain) on a builder of machine code; `plain` does the same in Python, and is what is
    called under NUMBA_DISABLE_JIT."""
    return lambda build: plain if getattr(config, "DISABLE_JIT", False) else machine_code(build)
