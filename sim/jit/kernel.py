"""`kernel`: compile a function with numba, and keep the compiled code under the stamp of its closure.

The file name of what is kept holds the stamp, so no stale code can be found: a change of the function,
of a callee in any file or of a constant looks for another file. A second checkout of the same text, or
another process, finds the same one.
"""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, overload

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.runtime import rtsys

from sim.jit.closure import forget, source_file, stamp
from sim.jit.folder import cache_folder

# Releases of numba whose inner workings `linking` was tried with; others compile as they do by themselves,
# which takes twice as long.
LINKED = ("0.68.",)
OPTIONS: dict[str, Any] = {"error_model": "numpy"}  # 1/0 is inf, as in arrays


@overload
def kernel(function: Callable, /) -> Any: ...
@overload
def kernel(signature: Any = None, /, **options: Any) -> Callable[[Callable], Any]: ...
def kernel(function=None, /, **options):
    """Compile a function without Python objects: `@kernel` or `@kernel(nogil=True, parallel=True)`.

    signature: compile for it at once instead of at the first call. options: those of numba.njit; the
    error model is numpy's unless told. cache=False: compiled into its callers only, kept with them.
    """
    if inspect.isfunction(function):
        return _compiled(function, None, options)
    return lambda f: _compiled(f, function, options)


def plain_kernel(function: Callable | None = None, /, **options: Any) -> Any:
    """`kernel` for functions that allocate nothing: compiled without counting references.

    Records of arrays are counted once per array at every call, which took half the time of small
    kernels. What such a function returns must not be an array of its own, and its callers outside
    plain kernels must keep the arrays.
    """
    plain = {**options, "_nrt": False}
    return kernel(**plain) if function is None else _compiled(function, None, plain)


def _compiled(function: Callable, signature: Any, options: dict[str, Any]) -> Any:
    if getattr(config, "DISABLE_JIT", False):  # for a debugger or coverage: slow, and nothing to keep
        return function
    # What is defined within a function has no name that could be followed, and may be another each time.
    kept = options.get("cache", True) and "<locals>" not in function.__qualname__
    options = {name: value for name, value in options.items() if name != "cache"}
    if signature is not None:  # called from Python alone: no wrapper for C
        options.setdefault("no_cfunc_wrapper", True)
    dispatcher = _dispatcher(function, OPTIONS | options)
    forget(function.__module__)  # it may be loaded again
    source_file(function.__module__)  # the text as it is imported: files change under a running process
    if kept:
        dispatcher._cache = ClosureCache(function, repr(sorted({**OPTIONS, **options}.items())))
    if signature is not None:
        dispatcher.compile(signature)
        dispatcher.disable_compile()
    return dispatcher


def _dispatcher(function: Callable, options: dict[str, Any]) -> Any:
    """What compiles a function when it is called."""
    if not numba.__version__.startswith(LINKED):
        return numba.njit(**options)(function)
    from sim.jit.linking import KernelDispatcher

    return KernelDispatcher(function, {}, {"nopython": True, "boundscheck": None} | options)


@cache
def versions() -> str:
    """Of what turns text into code, this file and that of linking included."""
    files = (Path(__file__), Path(__file__).with_name("linking.py"))
    own = hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()
    return f"numba {numba.__version__}, llvmlite {llvmlite.__version__}, numpy {np.__version__}, {own}"


class ClosureCache:
    """What numba asks for compiled code; found out when it first does, for a closure takes time."""

    def __init__(self, function: Callable, options: str):
        self._function, self._options = function, options
        self._found: FunctionCache | None = None
        self._enabled = True

    @property
    def _files(self) -> FunctionCache:
        if self._found is None:
            found = stamp(self._function, versions(), self._options)

            class Names(_Names):
                stamp = found

            class Files(FunctionCache):
                _impl_class = Names

            self._found = Files(self._function)
        return self._found

    @property
    def cache_path(self) -> str:
        """Folder of the compiled code."""
        return str(self._files.cache_path)

    def enable(self) -> None:
        """Use what is kept (the default)."""
        self._enabled = True

    def disable(self) -> None:
        """Compile anew, and keep nothing."""
        self._enabled = False

    def flush(self) -> None:
        """Forget what is kept."""
        self._files.flush()

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled code for a signature, or None. A damaged file counts as none, and goes."""
        if not self._enabled:
            return None
        try:
            return self._loaded(signature, target_context)
        except Exception as error:
            if not (isinstance(error, EOFError) or "Unpickling" in type(error).__name__):
                raise
            base = self._files._impl.filename_base
            for path in Path(self.cache_path).glob(f"{base}.*nb[ic]"):
                path.unlink(missing_ok=True)
            return None

    def _loaded(self, signature: Any, target_context: Any) -> Any:
        """As numba does, without what it imports before it compiles: a third of a second, SciPy with it."""
        if not numba.__version__.startswith(LINKED):
            return self._files.load_overload(signature, target_context)
        rtsys.initialize(target_context)
        with self._files._guard_against_spurious_io_errors():
            return self._files._load_overload(signature, target_context)

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep compiled code; where it cannot be written (a full disk), say so and go on."""
        if not self._enabled:
            return
        try:
            self._files.save_overload(signature, compiled)
        except OSError as error:
            warnings.warn(
                f"compiled code cannot be kept in {self.cache_path} ({error.strerror}); the next process "
                "will compile it again. HAPSIM_CACHE names another folder.",
                stacklevel=2,
            )


class _Folder(_CacheLocator):
    """Where the code of one closure is kept."""

    def __init__(self, stamp_of_closure: str):
        self.stamp = stamp_of_closure

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return self.stamp

    def get_disambiguator(self) -> str:
        return self.stamp


class _Names(CompileResultCacheImpl):
    """Names of the files, and what is in them; numba's own way looks at the file of the function alone.

    With the code go the names of what it holds and of what it takes from elsewhere, and in the place of its
    IR an empty module: what other kernels call is compiled with them (`linking`), and 20 ms of the start of a
    run were reading IR. Environments are left out that hold nothing: each imports the part of numba that it
    comes from.
    """

    stamp = ""

    def __init__(self, function: Callable):
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Folder(self.stamp)
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, "")

    def reduce(self, data: Any) -> tuple:
        """What is kept of a compiled function."""
        (name, kind, (code, _)), *more, environments = super().reduce(data)
        needed = tuple(e for e in environments if e.consts or e is data.environment)
        module = data.library._get_module_for_linking()
        symbols = {s.name: s.is_declaration for s in (*module.functions, *module.global_variables)}
        held = [n for n, elsewhere in symbols.items() if not elsewhere]
        wanted = [n for n, elsewhere in symbols.items() if elsewhere and not n.startswith("llvm.")]
        return held, wanted, ((name, kind, (code, _nothing())), *more, needed)

    def rebuild(self, target_context: Any, reduced_data: tuple) -> Any:
        """The compiled function. What it takes from a part of numba that is not imported yet would end the
        process; then all of numba is."""
        held, wanted, payload = reduced_data
        engine = target_context.codegen()._engine
        if not all(engine.is_symbol_defined(n) or llvm.address_of_symbol(n) for n in wanted):
            target_context.refresh()
        engine._defined_symbols.update(held)
        return super().rebuild(target_context, payload)


@cache
def _nothing() -> bytes:
    """An empty module, as bitcode."""
    return bytes(llvm.parse_assembly("").as_bitcode())
