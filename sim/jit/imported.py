"""Whether what was imported is what its file says now, and what depends on it where it is not.

A file without a kernel is read when the first kernel that reaches it is stamped. Edited since it was
imported, its text is that of other functions than those that are compiled.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Iterator
from functools import cache
from importlib.abc import InspectLoader
from types import CodeType, FunctionType, ModuleType

from sim.jit.written import codes, content

A_MINUTE, STARTED = 60.0, time.time()  # to import the package takes less


def code_not_in(text: str, module: str, name: str, shipped: bool) -> CodeType | None:
    """The code of a function of a module, if `text`, read from its file, does not define it so.

    shipped: the package's own file: it is imported at the start, and is looked at only if it was touched
    since, for that takes time
    """
    value = vars(sys.modules[module]).get(name) if name else None
    value = inspect.unwrap(getattr(value, "py_func", value))  # type: ignore[arg-type]
    if not isinstance(value, FunctionType) or value.__module__ != module:
        return None
    file = value.__code__.co_filename
    if shipped and not _touched(file):
        return None
    return None if content(value.__code__) in _contents(text, file) else value.__code__


def named_by(code: CodeType, module: str) -> Iterator[tuple[str, str]]:
    """(module, name) of what the code of a function names, by what the names stand for in memory."""
    names = {n for c in (code, *codes(code)) for n in c.co_names}
    for name in sorted(names & set(vars(sys.modules[module]))):
        value = vars(sys.modules[module])[name]
        value = getattr(value, "py_func", value)
        if isinstance(value, ModuleType):
            yield from ((value.__name__, n) for n in sorted(names) if hasattr(value, n))
        elif isinstance(value, FunctionType):
            yield value.__module__, value.__name__
        else:
            yield module, name


@cache
def _touched(file: str) -> bool:
    try:
        found = os.stat(file)
    except OSError:
        return True
    return max(found.st_mtime, found.st_ctime) > STARTED - A_MINUTE


@cache
def _contents(text: str, file: str) -> frozenset[str]:
    """What each function that a text defines does."""
    return frozenset(content(c) for c in codes(InspectLoader.source_to_code(text, file)))
