"""Programs as machine code of this processor: compiled once, kept under the stamp of their assembly.

The assembly is written anew in every process, which takes milliseconds, and is the stamp: what is found
is what would be compiled. It is compiled as it stands, without LLVM's passes over it, which find nothing
in a straight line and take longer than all else.
"""

from __future__ import annotations

import ctypes
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np
from numba import config

from sim.codegen.assembly import assembly
from sim.codegen.interpreted import number_of
from sim.codegen.numpy_registers import interpret
from sim.codegen.program import Program
from sim.files import read_sealed, write_sealed
from sim.jit.folder import cache_folder
from sim.jit.locks import held_through_forks

_COMPILING = held_through_forks()


class Routine:
    """A program that can be called: routine(first, last, cells, *arrays) for groups first..last.

    address: for `call` in compiled code. Where nothing is compiled (NUMBA_DISABLE_JIT), a number that
    stands for the routine there.
    """

    def __init__(self, program: Program):
        self.program = program
        self._function: Any = None
        if getattr(config, "DISABLE_JIT", False):
            self.address = number_of(self)
            return
        self.address = machine_address(program)
        kinds = [ctypes.c_int64] * 3 + [ctypes.c_void_p] * len(program.arrays)
        self._function = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(self.address)

    def __call__(self, first: int, last: int, cells: int, *arrays: np.ndarray) -> int:
        if self._function is None:
            return interpret(self.program, first, last, cells, arrays)
        for a in arrays:
            if not (a.flags.c_contiguous and a.dtype == np.float64):
                raise TypeError("the arrays of a routine are of doubles in C order.")
        return int(self._function(first, last, cells, *(a.ctypes.data for a in arrays)))


@cache
def _engine() -> tuple[Any, Any]:
    """What compiles, and what holds the code of this process: it must never go, or addresses lead nowhere."""
    triple, cpu, features = _processor()
    target = llvm.Target.from_triple(triple)
    options = dict(cpu=cpu, features=features, opt=2, reloc="default", codemodel="jitdefault", jit=True)
    compiler = target.create_target_machine(**options)
    holder = target.create_target_machine(**options)
    return compiler, llvm.create_mcjit_compiler(llvm.parse_assembly(""), holder)


def _processor() -> tuple[str, str, str]:
    """Kind of machine, name and features of the processor, as numba sees them."""
    from numba.core.registry import cpu_target  # here: files that import it at their top extend numba

    triple, cpu, features = cpu_target.target_context.codegen().magic_tuple()
    return triple, cpu, features


@cache
def _versions() -> str:
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return f"llvmlite {llvmlite.__version__} {_processor()} {own}"


def machine_address(program: Program) -> int:
    """Where the machine code of a program lies; compiled, or loaded, when it is asked for first."""
    text = assembly(program)
    stamp = hashlib.sha256(f"{_versions()}\n{text}".encode()).hexdigest()[:32]
    with _COMPILING:
        if stamp not in _addresses:
            _addresses[stamp] = _loaded(program.name, text, stamp)
        return _addresses[stamp]


_addresses: dict[str, int] = {}


def _loaded(name: str, text: str, stamp: str) -> int:
    symbol = f"{name}_{stamp}"
    path = cache_folder() / f"{symbol}.o"
    code = read_sealed(path)
    compiler, holder = _engine()
    if code is None:
        module = llvm.parse_assembly(text.replace(f"@{name}(", f"@{symbol}("))
        module.triple, module.data_layout = _processor()[0], str(compiler.target_data)
        code = compiler.emit_object(module)
        try:
            write_sealed(path, code)
        except OSError:  # told where kernels of numba cannot be kept either
            pass
    holder.add_object_file(llvm.ObjectFileRef.from_data(code))
    holder.finalize_object()
    address = holder.get_function_address(symbol)
    if not address:
        raise RuntimeError(f"the machine code of {name} does not hold {symbol}.")
    return int(address)
