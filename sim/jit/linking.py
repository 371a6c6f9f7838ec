"""Kernels that other kernels call: kept as IR, optimised and generated once, with what is called from Python.

Numba makes a library of machine code of every function, with wrappers for Python and C, and optimises a
callee in its own library and again in each that calls it. Here a kernel that compiled code calls is typed
and lowered, no more; its IR is linked into the kernel that Python calls, and the whole is optimised and
generated once.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import llvmlite.binding as llvm
from numba.core import compiler, errors, sigutils, types
from numba.core import event as events
from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import _FunctionCompiler  # type: ignore[attr-defined]
from numba.core.environment import lookup_environment
from numba.core.registry import CPUDispatcher
from numba.core.typing.templates import make_concrete_template

UNRESOLVED = ".numba.unresolved$"  # numba's name of a pointer to a function that calls itself through others
ENVIRONMENT = "_ZN08NumbaEnv"  # what names of pointers to environments begin with


class LinkedLibrary(JITCodeLibrary):
    """A library whose callees are linked when it is finalised, not each finalised first."""

    _early = False

    def add_llvm_module(self, module: llvm.ModuleRef) -> None:
        """Take a module over. What calls itself through others is found by its address: it needs code."""
        self._early = self._early or any(g.name.startswith(UNRESOLVED) for g in module.global_variables)
        super().add_llvm_module(module)

    def add_linking_library(self, library: CPUCodeLibrary) -> None:
        """Link a library, when this one is finalised."""
        if not isinstance(library, JITCodeLibrary) or getattr(library, "_early", False):
            library._ensure_finalized()
        self._linking_libraries.append(library)

    def _optimize_functions(self, module: llvm.ModuleRef) -> None:
        """Passes over single functions: the cheap ones, for what is linked is optimised as a whole."""
        module.data_layout = self._codegen._data_layout
        manager, builder = self._codegen._function_pass_manager(opt=1)
        for function in module.functions:
            if not function.is_declaration:
                manager.run(function, builder)

    def finalize(self) -> None:
        """Link everything that is called, optimise and generate code."""
        self._raise_if_finalized()
        self._codegen._check_llvm_bugs()
        for library in _reached(self):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(_to_link(library), preserve=True)
        self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()
        for variable in self._final_module.global_variables:
            if variable.name.startswith(ENVIRONMENT):
                found = lookup_environment(variable.name)
                if found is not None:
                    self._codegen.set_env(variable.name, found)  # type: ignore[attr-defined]


def _reached(library: CPUCodeLibrary) -> Iterator[CPUCodeLibrary]:
    """The libraries that a library calls, and those that they call where they are not finalised."""
    seen, waiting = {id(library)}, list(library._linking_libraries)
    while waiting:
        other = waiting.pop(0)
        if id(other) in seen:
            continue
        seen.add(id(other))
        yield other
        if not other._finalized:
            waiting += other._linking_libraries


def _to_link(library: CPUCodeLibrary) -> llvm.ModuleRef:
    """Its IR, in which functions may be defined once more elsewhere, and dropped where nothing calls them."""
    if library._finalized:
        return library._get_module_for_linking()
    module = library._final_module.clone()
    for function in module.functions:
        if not function.is_declaration and function.linkage == llvm.Linkage.external:
            function.linkage = "linkonce_odr"
    return module


class _Flags(compiler.Flags):
    """Numba's flags, compared by what is set first: typing looks them up tens of thousands of times."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, compiler.Flags) and self._values == other._values:
            return True
        return bool(super().__eq__(other))

    def __hash__(self) -> int:
        return HASH


HASH = hash(compiler.Flags())  # numba hashes the names of the options: the same for all


class _Compiler(_FunctionCompiler):
    """Compiles into a LinkedLibrary."""

    def _compile_core(self, args: Any, return_type: Any, called: bool = False) -> Any:
        """called: by compiled code alone"""
        flags = _Flags()
        self.targetdescr.options.parse_as_flags(flags, self.targetoptions)
        flags = self._customize_flags(flags)
        if called:
            flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        context = self.targetdescr.target_context
        library = None
        if not self.targetoptions.get("parallel"):
            library = LinkedLibrary(context.codegen(), self.py_func.__qualname__)
            library.enable_object_caching()
        return compiler.compile_extra(
            self.targetdescr.typing_context, context, self.py_func, args=args, return_type=return_type,
            flags=flags, locals=self.locals, library=library, pipeline_class=self.pipeline_class,
        )  # fmt: skip


class _Key:
    """Stands for a kernel that compiled code calls, where numba has the function that Python calls."""


NUMBERS = (types.IntegerLiteral, types.BooleanLiteral)


def _any_number(kind: types.Type) -> types.Type:
    """The kind of a number, where numba would compile a function once for each number that it is given."""
    return types.unliteral(kind) if isinstance(kind, NUMBERS) else kind


def _forget(called: dict[tuple, Any], context: Any) -> None:
    """Let go of the IR of a kernel that is no longer there."""
    for result in called.values():
        context.remove_user_function(result.entry_point)


class KernelDispatcher(CPUDispatcher):
    """A kernel. What compiled code calls of it is in `called`, what Python calls in `overloads`."""

    def __init__(self, py_func: Any, locals: Any = None, targetoptions: Any = None, **more: Any):
        super().__init__(py_func, locals, targetoptions, **more)
        given = self.targetdescr, self.targetoptions, self.locals
        self._compiler: _Compiler = _Compiler(py_func, *given, compiler.Compiler)
        self._can_compile: bool = True
        self._cache: Any
        self.called: dict[tuple, Any] = {}
        forget = weakref.finalize(self, _forget, self.called, self.targetctx)
        forget.atexit = False

    def get_call_template(self, args: Any, kws: Any) -> tuple[Any, Any, Any, Any]:
        """What typing asks for a call in compiled code."""
        signature, args = self._compiler.fold_argument_types(args, kws)
        if self._can_compile:
            try:
                self._compile_called(tuple(_any_number(a) for a in args))
            except (errors.TypingError, errors.ForceLiteralArg):
                if not any(isinstance(a, NUMBERS) for a in args):
                    raise
                self._compile_called(tuple(args))  # where the value counts: an index of a record
        name, signatures = self.py_func.__name__, self.nopython_signatures
        return make_concrete_template(f"CallTemplate({name})", name, signatures), signature, args, {}

    @property
    def nopython_signatures(self) -> list:
        """Of what compiled code may call."""
        found = {**self.overloads, **self.called}
        return [result.signature for result in found.values()]

    def get_overload(self, sig: Any) -> Any:
        """What stands for the compiled function of a signature; compiled code is asked for first."""
        args, _ = sigutils.normalize_signature(sig)
        found: Any = self.called.get(tuple(args)) or self.overloads[tuple(args)]
        return found.entry_point

    def _compile_called(self, args: tuple) -> None:
        with global_compiler_lock:
            if args in self.called:
                return
            with self._compiling_counter:
                details = {"dispatcher": self, "args": args, "return_type": None}
                with events.trigger_event("numba:compile", data=details):
                    try:
                        result: Any = self._compiler._compile_core(args, None, called=True)
                    except errors.ForceLiteralArg as error:  # `numba.literally`
                        raise error.bind_fold_arguments(
                            lambda a, k: self._compiler.fold_argument_types(a, k)[1]
                        ) from None
            key = _Key()
            self.targetctx.insert_user_function(key, result.fndesc, [result.library])
            self.called[args] = result._replace(entry_point=key)
