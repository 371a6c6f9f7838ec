"""What the compiled form of a function depends on, found from the syntax tree.

The closure of a function is its own text and the text of every function, class and constant that it
reaches by name, through imports between files, with the values that constants have at this moment.
A change of any of them gives another stamp.

Numba's own cache looks at the file of the function alone, and keeps a stale result when a callee in
another file changes. Files that extend numba (vector types, intrinsics, overloads) act without being
called by name; where a reached file imports from such a file, all of it belongs to the closure.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator

import numpy as np
from numba.core import config

from sim.jit.imported import code_not_in, named_by
from sim.jit.source import SourceFile, TopLevel, parsed
from sim.jit.written import content

PACKAGE, OWN = "sim", "sim.jit"
# What numba is told by variables such as NUMBA_BOUNDSCHECK, and decides what code is made; with usual values.
SETTINGS = {"BOUNDSCHECK": None, "OPT": 3, "LOOP_VECTORIZE": 1, "SLP_VECTORIZE": 0, "DEBUGINFO_DEFAULT": 0}
GENERATED = "hapsim_generated"  # what names of generated modules begin with
NUMBERS = (bool, int, float, complex, str, bytes, type(None), np.generic)
INSTALLED = tuple(
    os.path.join(path, "")
    for kind, path in sysconfig.get_paths().items()
    if kind in ("stdlib", "platstdlib", "purelib", "platlib")
)

Definition = tuple[str, str]  # module and name; the name "" is what a file does besides defining


def stamp(function: Callable, *more: str) -> str:
    """32 hexadecimal digits that change when anything in the closure of `function` does, one of the texts
    `more`, or what numba is told by the environment."""
    h = hashlib.sha256()
    told = [f"{n}={getattr(config, n)}" for n, usual in SETTINGS.items() if getattr(config, n) != usual]
    for part in (*more, *told, *(text for _, text in sorted(closure(function).items()))):
        h.update(f"{len(part)}:{part}".encode())
    return h.hexdigest()[:32]


def closure(function: Callable) -> dict[Definition, str]:
    """{(module, name): text} of everything that the compiled form of a function depends on."""
    function = getattr(function, "py_func", function)
    found: dict[Definition, str] = {}
    seen: set[Definition] = set()
    waiting: list[Definition] = [(function.__module__, function.__name__)]
    while waiting:
        definition = waiting.pop()
        if definition in seen:
            continue
        seen.add(definition)
        text, reached = _node(definition)
        value = _value(*definition) if reached is not None else ""
        if text or value:
            found[definition] = f"{'.'.join(definition)} {value}\n{text}"
        waiting += reached or ()
    return found


def _node(definition: Definition) -> tuple[str, tuple[Definition, ...] | None]:
    """The text of a definition without words, and what it reaches; None of what is not followed.

    Worked out once in a process: hundreds of kernels share most of what they reach.
    """
    if definition not in _nodes:
        module, name = definition
        _nodes[definition] = _read_node(module, name) if _is_followed(module) else ("", None)
    return _nodes[definition]


_nodes: dict[Definition, tuple[str, tuple[Definition, ...] | None]] = {}


def _read_node(module: str, name: str) -> tuple[str, tuple[Definition, ...]]:
    file = source_file(module)
    statements = file.defined.get(name, []) if name else file.effects
    if not module.startswith(GENERATED):  # those are written once
        code = code_not_in(_texts[module], module, name, module.startswith(f"{PACKAGE}."))
        if code is not None:  # what runs was imported before the file changed
            return f"code {content(code)}", tuple(named_by(code, module))
    if not statements:
        return "", tuple(_imported(file, name))
    reached = [d for s in statements for d in _mentioned(s, file)]
    reached += [d for s in statements for d in _records(s, file)]
    reached += [(other.module, n) for other in _acting(file) for n in (*other.defined, "")]
    return "\n".join(s.text for s in statements), tuple(dict.fromkeys(reached))


def _is_followed(module: str) -> bool:
    """Whether a module's text is looked at; of other installed packages the version is enough."""
    if module == OWN or module.startswith(f"{OWN}."):
        return False
    if module.startswith((f"{PACKAGE}.", GENERATED)) or module == PACKAGE:
        return True
    path = getattr(sys.modules.get(module), "__file__", None)
    return path is not None and not os.path.abspath(path).startswith(INSTALLED)


def _imported(file: SourceFile, name: str) -> list[Definition]:
    """What an imported name stands for: a definition elsewhere, or all of a module."""
    if name not in file.imports:
        return [(module, name) for module in file.stars if name]
    module, inner = file.imports[name]
    whole = _as_module(module, inner)
    if whole and _is_followed(whole):
        return [(whole, n) for n in source_file(whole).defined]
    return [(module, inner)] if inner else []


def _as_module(module: str, name: str) -> str:
    """The module that `from module import name` gives (`import module` where name is ""), or ""."""
    inner = f"{module}.{name}" if name else module
    return inner if inner in sys.modules else ""


def _mentioned(statement: TopLevel, file: SourceFile) -> Iterator[Definition]:
    """What a statement names: in its own file, or as `module.name` of an imported one."""
    alone = list(statement.alone)
    for first, *names in statement.chains:
        whole = _as_module(*file.imports[first]) if first in file.imports else ""
        if whole and first not in file.defined:
            while len(names) > 1 and f"{whole}.{names[0]}" in sys.modules:
                whole = f"{whole}.{names.pop(0)}"
            yield whole, names[0]
        else:
            alone.append(first)
    for name in alone:
        if name in file.defined or name in file.imports or file.stars:
            yield file.module, name


def _records(statement: TopLevel, file: SourceFile) -> Iterator[Definition]:
    """Records (NamedTuples) that stand as types of arguments and of fields: compiled code reads their
    fields by place."""
    for name in statement.noted:
        value = vars(sys.modules[file.module]).get(name)
        if isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields"):
            yield file.module, name


def _acting(file: SourceFile) -> Iterator[SourceFile]:
    """Files that act without being named: this one and those it imports from, where they extend numba."""
    modules = [_as_module(m, n) or m for m, n in file.imports.values()]
    for module in dict.fromkeys((file.module, *modules)):
        if _is_followed(module) and (other := source_file(module)).extends_numba:
            yield other
    if file.effects:
        yield SourceFile(file.module, effects=file.effects)


def source_file(module: str) -> SourceFile:
    """The parsed file of a module, with the text that it had when first asked for."""
    if module not in _texts:
        loaded = sys.modules.get(module) or importlib.import_module(module)
        try:
            _texts[module] = inspect.getsource(loaded)
        except OSError:  # nothing in it
            _texts[module] = ""
    is_package = hasattr(sys.modules[module], "__path__")
    return parsed(module, _texts[module], module if is_package else module.rpartition(".")[0])


_texts: dict[str, str] = {}


def forget(module: str) -> None:
    """Read the file of a module again when it is asked for: it may have been loaded anew."""
    _texts.pop(module, None)
    for definition in [d for d in _nodes if d[0] == module]:
        del _nodes[definition]


def _value(module: str, name: str) -> str:
    """The value of a constant now: compiled code holds the number, not the expression."""
    value = vars(sys.modules[module]).get(name) if name else None
    return _as_text(value) if _is_data(value) else ""


def _is_data(value: object) -> bool:
    if isinstance(value, tuple | list):
        return all(_is_data(v) for v in value)
    return isinstance(value, (*NUMBERS, np.ndarray))


def _as_text(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"({', '.join(_as_text(v) for v in value)})"
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array {value.dtype} {value.shape} {content}"
    return repr(value)
