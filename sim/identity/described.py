"""Anything that decides a result, as plain data: equal in every process, different for different things.

Functions are told apart by their text and by all that they reach for: closures, defaults, names of
their module. Of an installed package a name is enough. What cannot be told apart is refused, or two
sweeps could mix in one store.
"""

from __future__ import annotations

import ast
import dis
import functools
import hashlib
import importlib
import inspect
import json
import math
import os
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from sim.errors import ConfigError, shown
from sim.jit.closure import INSTALLED
from sim.parameters import Parameter, Parameters

_encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
LONG = 200  # characters of text that is kept as it is; longer text (masks) becomes a hash
OWN = __name__.partition(".")[0]
PACKAGE = os.path.join(str(Path(os.path.abspath(__file__)).parents[1]), "")
PICKLED = "<dynamic-code>"  # what cloudpickle calls the file of a function that it sends by value
NUMBERS = (int, float, complex, str, bytes, np.generic, np.ndarray)
DATA = (*NUMBERS, tuple, list, dict, set, frozenset, type, functools.partial)  # what methods compute with


def described(value: Any, what: str = "it") -> Any:
    """`value` as what JSON holds. what: its name, for the sentence when that cannot be done."""
    return _Describer(what).of(value)


def text_of(value: Any) -> str:
    """Plain data as one text, keys sorted, numbers in the fewest digits that give them back."""
    return _encoded(value)


def text_of_parts(parts: Mapping[str, str]) -> str:
    """`text_of` a dict, from the `text_of` each of its values."""
    return "{" + ",".join(f"{json.dumps(name)}:{parts[name]}" for name in sorted(parts)) + "}"


# Of the parameters described last: names, these in order of their letters by place, parameters, texts.
_last: list[tuple[list[str], list[int], list[Parameter], list[str]]] = []


def text_of_parameters(given: Parameters) -> str:
    """`text_of` the description of parameters. Most are those of the run before, and their text is kept."""
    names, values = list(given), list(given.values())
    last = _last[0] if _last else None
    if last is not None and last[0] == names:
        _, order, before, known = last
        changed = [k for k, (p, q) in enumerate(zip(values, before, strict=True)) if p is not q]
        texts = known.copy()
    else:
        order = sorted(range(len(names)), key=names.__getitem__)
        changed, texts = list(range(len(names))), [""] * len(names)
    for k in changed:
        texts[k] = f"{json.dumps(names[k])}:{text_of(described(values[k]))}"
    _last[:] = [(names, order, values, texts)]
    return "{" + ",".join([texts[k] for k in order]) + "}"


def digest(value: Any) -> str:
    """sha256 of plain data, as hexadecimal digits."""
    return text_digest(text_of(value))


def text_digest(text: str) -> str:
    """sha256 of a text, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


class _Describer:
    """open: what is being described, from the outside in, where rings are cut. seen: functions so far,
    each described once."""

    def __init__(self, what: str):
        self.what = what
        self.open: list[int] = []
        self.seen: dict[int, tuple[int, Any]] = {}  # the function is kept, or its id could come again

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return value if len(value) <= LONG else ["text", text_digest(value)]
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value + 0.0 if math.isfinite(value) else repr(value)  # no minus zero
        if isinstance(value, complex | bytes | range | slice | type(...)):
            return [type(value).__name__, repr(value)]
        if isinstance(value, np.generic):
            return self.of(value.item())
        if id(value) in self.open:
            return ["within", self.open.index(id(value))]
        self.open.append(id(value))
        try:
            return self._inner(value)
        finally:
            self.open.pop()

    def _inner(self, value: Any) -> Any:
        if isinstance(value, Parameter):  # who measured it changes no number
            return [value.si, value.unit]
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, Mapping):
            if all(isinstance(k, str) for k in value):
                return {k: self.of(v) for k, v in value.items()}
            return ["mapping", sorted(([self.of(k), self.of(v)] for k, v in value.items()), key=text_of)]
        if isinstance(value, set | frozenset):
            return ["set", sorted((self.of(v) for v in value), key=text_of)]
        if isinstance(value, list | tuple):
            return [self.of(v) for v in value]
        if is_dataclass(value) and not isinstance(value, type):
            kind = type(value)
            own = kind.__qualname__ if _is_installed(kind.__module__) else self.of(kind)
            return {"type": own} | {f.name: self.of(getattr(value, f.name)) for f in fields(value)}
        return self._code_or_object(value)

    def _array(self, value: np.ndarray) -> Any:
        if value.dtype.hasobject:
            return ["array", list(value.shape), self.of(value.tolist())]
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return ["array", str(value.dtype), list(value.shape), content]

    def _code_or_object(self, value: Any) -> Any:
        if isinstance(value, functools.partial):
            return ["partial", self.of(value.func), self.of(value.args), self.of(value.keywords)]
        if isinstance(value, ModuleType):
            source = "" if _is_installed(value.__name__) else _source(value)
            return ["module", value.__name__, source and text_digest(source)]
        if isinstance(value, MethodType):
            return ["method", self.of(value.__func__), self.of(value.__self__)]
        value = getattr(value, "py_func", value)  # a compiled function is its Python text
        value = getattr(value, "__wrapped__", value) if _is_cache(value) else value
        if isinstance(value, CodeType):
            return self._bytecode(value)
        if isinstance(value, FunctionType):
            if id(value) in self.seen:
                return ["again", self.seen[id(value)][0]]
            self.seen[id(value)] = len(self.seen), value
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, BuiltinFunctionType | np.ufunc):
            return ["name", f"{getattr(value, '__module__', '') or ''}.{value.__name__}"]
        return self._object(value)

    def _function(self, f: FunctionType) -> Any:
        cells = [c.cell_contents for c in f.__closure__ or () if _is_full(c)]
        held = [self.of(f.__defaults__), self.of(f.__kwdefaults__), [self.of(c) for c in cells]]
        path = _file_of(f)
        if path.startswith(INSTALLED) or path.startswith("<frozen"):
            return ["function", f"{f.__module__}.{f.__qualname__}", held]
        if path.startswith(PACKAGE):  # a place: bytecode would change with every Python
            place = [f.__code__.co_firstlineno, _file_hash(path)]
            return ["function", f"{f.__module__}.{f.__qualname__}", place, held]
        names = {n: f.__globals__[n] for n in sorted(_globals(f.__code__)) if n in f.__globals__}
        text = _text(f) or self._bytecode(f.__code__)
        held += [self.of(v) for v in [vars(f)] if v]  # numbers set on the function
        return ["function", f.__name__, text, held, {n: self.of(v) for n, v in names.items()}]

    def _bytecode(self, code: CodeType) -> Any:
        version = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
        names = [list(code.co_names), list(code.co_varnames), list(code.co_freevars)]
        return [version, text_digest(code.co_code.hex()), [self.of(c) for c in code.co_consts], names]

    def _class(self, value: type) -> Any:
        if _is_installed(value.__module__):
            return ["class", f"{value.__module__}.{value.__qualname__}"]
        held = {}
        for name, v in sorted(vars(value).items()):
            v = _behind(v)
            if isinstance(v, FunctionType):
                if not (_is_special(name) and _is_made(v)):  # what @dataclass writes follows from the fields
                    held[name] = self.of(v)
            elif isinstance(v, DATA) and not _is_special(name):
                held[name] = self.of(v)
        return ["class", value.__qualname__, [self.of(b) for b in value.__bases__], held]

    def _object(self, value: Any) -> Any:
        """An object of one's own: its class and what it holds. Tables of pandas and xarray: their content."""
        if callable(getattr(value, "to_dict", None)):
            return ["table", type(value).__qualname__, self.of(value.to_dict())]
        if not hasattr(value, "__dict__") or _is_installed(type(value).__module__):
            raise ConfigError(
                f"{self.what} depends on {shown(value)} ({type(value).__name__}), which cannot be told from "
                "another of its kind; let it hold numbers, text, arrays and functions only."
            )
        kind = type(value)
        kept = {  # but for what it computes from the rest when first asked
            k: v
            for k, v in vars(value).items()
            if not isinstance(getattr(kind, k, None), functools.cached_property)
        }
        return ["object", self.of(kind), {k: self.of(v) for k, v in sorted(kept.items())}]


def _file_of(f: FunctionType) -> str:
    """The file that a function was written in. Code that came by pickle does not say it, its module does."""
    path = f.__code__.co_filename
    if path != PICKLED or f.__code__.co_qualname != f.__qualname__:  # else it wraps one of another module
        return path
    if f.__module__.partition(".")[0] == OWN:
        importlib.import_module(f.__module__)
    return getattr(sys.modules.get(f.__module__), "__file__", None) or path


@functools.cache
def _file_hash(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _behind(v: Any) -> Any:
    """The function of a static or class method, a property or a cached one; else what there is."""
    if isinstance(v, functools.cached_property):
        return v.func
    if isinstance(v, property):
        return v.fget
    return getattr(v, "__func__", v)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _is_made(f: FunctionType) -> bool:
    """Whether nobody wrote it into a class: it has no file, or one of an installed package."""
    return f.__code__.co_filename.startswith(("<string>", *INSTALLED))


def _is_cache(value: Any) -> bool:
    return isinstance(value, functools._lru_cache_wrapper)


def _is_full(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:  # a name that its function assigns later
        return False
    return True


def _globals(code: CodeType) -> set[str]:
    """Names that code, and what is defined within it, looks up in its module."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for c in code.co_consts:
        if isinstance(c, CodeType):
            found |= _globals(c)
    return found


def _is_installed(name: str) -> bool:
    """Whether a module belongs to the interpreter or to an installed package, ours included."""
    module = sys.modules.get(name)
    path = getattr(module, "__file__", None)
    if path is None:  # of the interpreter, or a notebook's
        return module is not None and name != "__main__"
    return os.path.abspath(path).startswith((*INSTALLED, PACKAGE))


def _source(thing: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):
        return ""


def _text(f: FunctionType) -> str:
    """Hash of the text of a function but for comments and docstrings; "" of a lambda, or without a text."""
    try:
        tree = ast.parse(_source(f.__code__))  # of itself: by the function, that of what it wraps
    except SyntaxError:
        return ""
    first = tree.body[0] if tree.body else None
    if not isinstance(first, ast.FunctionDef | ast.AsyncFunctionDef) or first.name != f.__name__:
        return ""
    for node in ast.walk(first):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return text_digest(ast.unparse(first))
