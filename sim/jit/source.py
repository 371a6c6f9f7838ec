"""What a source file says, in what its compiled form depends on: definitions, imports, and what each names.

To read a file takes longer than to run most scenarios, so what was read is kept in the cache folder under the
hash of the text. Names are resolved by whoever asks (`closure`): what they stand for changes from run to run.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sim.files import read_sealed, write_sealed
from sim.jit.folder import cache_folder

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)


class TopLevel(NamedTuple):
    """One statement at the top level: its text without words; what it names, alone and as
    `first.second...`; and names within types of arguments and fields."""

    text: str
    alone: list[str]
    chains: list[list[str]]
    noted: list[str]


@dataclass(frozen=True)
class SourceFile:
    """The top level of one file.

    defined: name -> the statements that define it; imports: name -> (module, name there or "")
    stars: modules of `from module import *`; effects: what neither defines nor imports
    """

    module: str
    defined: dict[str, list[TopLevel]] = field(default_factory=dict)
    imports: dict[str, list[str]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    effects: list[TopLevel] = field(default_factory=list)

    @property
    def extends_numba(self) -> bool:
        return any(m.startswith(("numba.extending", "numba.core")) for m, _ in self.imports.values())


@cache
def parsed(module: str, text: str, package: str) -> SourceFile:
    """The file of a module, whose relative imports count from `package`."""
    path = cache_folder() / f"{_stamp(text, package)}.source"
    content = read_sealed(path)
    if content is None:
        file = SourceFile(module)
        _collect(ast.parse(text).body, file, package)
        content = json.dumps([file.defined, file.imports, file.stars, file.effects]).encode()
        try:
            write_sealed(path, content)
        except OSError:  # told where compiled code cannot be kept either
            pass
    defined, imports, stars, effects = json.loads(content)
    by_name = {name: [TopLevel(*s) for s in found] for name, found in defined.items()}
    return SourceFile(module, by_name, imports, stars, [TopLevel(*s) for s in effects])


@cache
def _versions() -> str:
    return f"{sys.version} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"


def _stamp(text: str, package: str) -> str:
    return hashlib.sha256(f"{_versions()}\n{package}\n{text}".encode()).hexdigest()[:32]


def _collect(statements: list[ast.stmt], file: SourceFile, package: str) -> None:
    for s in statements:
        if isinstance(s, (*FUNCTIONS, ast.ClassDef)):
            file.defined.setdefault(s.name, []).append(_said(s))
        elif isinstance(s, ast.Import):
            for a in s.names:
                first = a.name.partition(".")[0]
                file.imports[a.asname or first] = [a.name if a.asname else first, ""]
        elif isinstance(s, ast.ImportFrom):
            base = s.module or ""
            if s.level:
                up = package.split(".")[: len(package.split(".")) - s.level + 1]
                base = ".".join([*up, *([base] if base else [])])
            for a in s.names:
                if a.name == "*":
                    file.stars.append(base)
                else:
                    file.imports[a.asname or a.name] = [base, a.name]
        elif isinstance(s, ASSIGNMENTS):
            targets = s.targets if isinstance(s, ast.Assign) else [s.target]
            for node in (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)):
                file.defined.setdefault(node.id, []).append(_said(s))
        elif isinstance(s, ast.If) and ast.unparse(s.test).endswith("TYPE_CHECKING"):
            continue
        elif isinstance(s, ast.If | ast.Try | ast.With):
            inner = [n for part in ("body", "orelse", "finalbody") for n in getattr(s, part, [])]
            _collect(inner, file, package)
        elif not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)):
            file.effects.append(_said(s))


def _said(s: ast.stmt) -> TopLevel:
    clean = _without_words(s)
    chains: list[list[str]] = []
    first = set()
    for node in ast.walk(clean):
        if isinstance(node, ast.Attribute):
            name, *names = _chain(node)
            if name is not None:
                first.add(id(name))
                chains.append([name.id, *names])
    alone = [n.id for n in ast.walk(clean) if isinstance(n, ast.Name) and id(n) not in first]
    notes = [n.annotation for n in ast.walk(s) if isinstance(n, ast.arg | ast.AnnAssign) and n.annotation]
    noted = [n.id for note in notes for n in ast.walk(note) if isinstance(n, ast.Name)]
    return TopLevel(ast.unparse(clean), list(dict.fromkeys(alone)), chains, list(dict.fromkeys(noted)))


def _chain(node: ast.Attribute) -> tuple[ast.Name | None, *tuple[str, ...]]:
    """The name that a.b.c starts with, and the names after it; None where it starts with no name."""
    names: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        names.insert(0, inner.attr)
        inner = inner.value
    return (inner if isinstance(inner, ast.Name) else None, *names)


def _without_words(s: ast.stmt) -> ast.stmt:
    """A copy without docstrings and types of arguments: neither changes code."""
    copy = ast.parse(ast.unparse(s)).body[0]
    for node in ast.walk(copy):
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, FUNCTIONS):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant("")
    return copy
