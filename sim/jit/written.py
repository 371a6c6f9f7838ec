"""The text of a function as it was when the function was made, whatever its file says now.

A text is taken for that of a function only if it compiles to the code that the function has. So the file
that changed since it was imported, the cell that was written again and the module that was loaded anew
are told from the function that runs. A text once found is kept under the content of the code: copies of
the function, in another process too, have the same text (`texts_of`, `learn`).
"""

from __future__ import annotations

import ast
import hashlib
import io
import linecache
import os
import sys
import tokenize
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.abc import InspectLoader
from types import CodeType, FunctionType

from sim.errors import ModelError

LAMBDA = "<lambda>"

_TEXTS: dict[str, str] = {}  # content of code -> the definition that compiles to it


def definition(function: FunctionType) -> ast.FunctionDef:
    """The definition of a function without decorators; a lambda as a `def` that returns.

    Raises ModelError where no text is to be had, or where all there is belongs to another function.
    """
    code = function.__code__
    key = content(code)
    if key not in _TEXTS:
        _TEXTS[key] = _found(code)
    tree = ast.parse(_TEXTS[key]).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise ModelError(f"'{code.co_name}' is no plain function.")
    return tree


def texts_of(functions: Iterable[FunctionType]) -> dict[str, str]:
    """{content of code: text} of functions whose text is known, for a process that cannot read them."""
    keys = [content(f.__code__) for f in functions]
    return {k: _TEXTS[k] for k in keys if k in _TEXTS}


def learn(texts: dict[str, str]) -> None:
    """Know the texts that another process has read."""
    for key, text in texts.items():
        _TEXTS.setdefault(key, text)


def content(code: CodeType) -> str:
    """A hash of what code does, wherever it stands: no file, no lines."""
    return hashlib.sha256(repr(_plain(code)).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, CodeType):
        named = (value.co_name, value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount)
        kinds = value.co_flags & 0x2AC  # *args, **kwargs, generator, coroutine, asynchronous generator
        names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
        table = getattr(value, "co_exceptiontable", b"")
        return (*named, kinds, *names, value.co_code, table, [_plain(c) for c in value.co_consts])
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, frozenset):
        return sorted(repr(_plain(v)) for v in value)
    return type(value).__name__, repr(value)


def _found(code: CodeType) -> str:
    """The text of the definition that compiles to this code."""
    key, seen = content(code), []
    for text in _candidates(code.co_filename):
        if text in seen:
            continue
        seen.append(text)
        tree, held = _compiled(text, code.co_filename)
        same = [c for c in held.get(code.co_name, ()) if content(c) == key]
        for c in sorted(same, key=lambda c: abs(c.co_firstlineno - code.co_firstlineno)):
            node = _node_of(c, tree)
            if node is not None:
                return ast.unparse(node)
    name, where = code.co_name, code.co_filename
    if seen and where not in ("<string>", "<stdin>"):  # these names `exec` gives too, beside a script
        raise ModelError(
            f"the text of '{name}' in {where} is not that of the function which was imported: the file has "
            "changed since. Import it again (start Python anew, or reload the module and put the model "
            "together again)."
        )
    raise ModelError(
        f"the source of '{name}' cannot be read ({where}); write it with `def` in a file or in a cell of "
        "a notebook. What is typed at a prompt, or made by exec, has no text to compile."
    )


@lru_cache(maxsize=64)  # the formulas of a model come from a dozen files
def _compiled(text: str, file: str) -> tuple[ast.Module, dict[str, list[CodeType]]]:
    """The syntax tree of a text, and the code that it compiles to by name; nothing where it is no Python."""
    found: dict[str, list[CodeType]] = {}
    try:
        tree, whole = ast.parse(text), InspectLoader.source_to_code(text, file)
    except (SyntaxError, ValueError):
        return ast.Module([], []), found
    for code in codes(whole):
        found.setdefault(code.co_name, []).append(code)
    return tree, found


def _candidates(file: str) -> Iterator[str]:
    """Texts that may be what was imported: what is remembered of the file, then what it says now."""
    yield from filter(None, ["".join(linecache.getlines(file))])
    linecache.checkcache(file)
    yield from filter(None, ["".join(linecache.getlines(file))])
    if file == "<string>" and "-c" in sys.orig_argv:
        yield sys.orig_argv[sys.orig_argv.index("-c") + 1]
    elif file == "<stdin>":
        yield from _of_stdin()


def _of_stdin() -> Iterator[str]:
    """The whole of a script that came by the standard input, where that is a file."""
    try:
        number = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
        size = os.fstat(number).st_size
        raw = os.pread(number, size, 0)
        yield raw.decode(tokenize.detect_encoding(io.BytesIO(raw).readline)[0])
    except (OSError, ValueError, SyntaxError, AttributeError):  # a pipe, a terminal, Windows
        return


def codes(code: CodeType) -> Iterator[CodeType]:
    """The codes of all functions within a code."""
    for c in code.co_consts:
        if isinstance(c, CodeType):
            yield c
            yield from codes(c)


def _node_of(code: CodeType, tree: ast.Module) -> ast.FunctionDef | None:
    """Where this code, compiled from this tree, is defined."""
    if code.co_name == LAMBDA:
        return _node_of_lambda(code, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                node.decorator_list = []
                return node
    return None


def _node_of_lambda(code: CodeType, tree: ast.Module) -> ast.FunctionDef | None:
    places = set(code.co_positions())
    found = [
        node for node in ast.walk(tree) if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno
    ]
    if len(found) > 1:  # several in one line: the one whose body this code returns
        found = [
            n for n in found
            if (n.body.lineno, n.body.end_lineno, n.body.col_offset, n.body.end_col_offset) in places
        ]  # fmt: skip
    if len(found) != 1:
        return None
    made = ast.FunctionDef(
        name="unnamed", args=found[0].args, body=[ast.Return(found[0].body)], decorator_list=[]
    )
    return ast.fix_missing_locations(made)
