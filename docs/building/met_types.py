"""Types that users meet and that are no public names: what public functions take and return, what these
hold, and what the guides import.

They are met, and not made: each has a page under the name of the file that defines it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

GUIDES = Path(__file__).parents[1]
CAPITAL = re.compile(r"(?<![\w.])[A-Z]\w*")
IMPORTED = re.compile(r"^from (sim(?:\.\w+)+) import ([\w, ]+)$", re.M)
CALLED = ("__call__", "__getitem__")
# What compiled code, files and outputs are made of: nothing that a user works with.
MACHINERY = (
    "sim.binder.records", "sim.chemistry.newton", "sim.chemistry.pore_water", "sim.chemistry.tables",
    "sim.codegen", "sim.run.outputs", "sim.run.record", "sim.run.stored",
)  # fmt: skip


@cache
def met_types() -> dict[str, Any]:
    """{"sim.solvers.steps.solution.Solution": the class} of all that has no public name of its own."""
    from docs.building import api_pages

    public = [v for v in api_pages.names().values() if callable(v)]
    known, found = {id(value) for value in public}, {}
    met = [v for v in imported_by_guides() if inspect.isclass(v)]
    for value in [*public, *imported_by_guides()]:
        met += [*_of_class(value), *_of_call(value.__init__)] if inspect.isclass(value) else _of_call(value)
    while met:
        value = met.pop()
        name = f"{value.__module__}.{value.__qualname__}"
        protocol = getattr(value, "_is_protocol", False)
        if id(value) in known or name in found or protocol or name.startswith(MACHINERY):
            continue
        found[name] = value
        met += _of_class(value, results=True)
    return dict(sorted(found.items()))


def imported_by_guides() -> list[Any]:
    """What the Python of the guides imports from modules that are not public themselves."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(GUIDES.glob("*.md"))]
    rows = sorted({row for text in texts for row in IMPORTED.findall(text)})
    return [getattr(import_module(m), n.strip()) for m, names in rows for n in names.split(",")]


def _of_class(value: type, results: bool = False) -> Iterator[type]:
    """Classes of the package that the public parts of a class hold and return, and take unless `results`."""
    for base in value.__mro__:
        if not base.__module__.startswith("sim."):
            continue
        for name, text in inspect.get_annotations(base).items():
            if not name.startswith("_"):
                yield from _classes(text, base.__module__)
        for name, part in vars(base).items():
            if not name.startswith("_") or name in CALLED:
                yield from _of_call(part, results)


def _of_call(value: Any, results: bool = False) -> Iterator[type]:
    """Classes that the annotations of a function, a method or a property name."""
    if isinstance(value, property):
        value = value.fget
    value = inspect.unwrap(getattr(value, "__func__", None) or getattr(value, "func", value))
    if not inspect.isfunction(value):
        return
    for name, text in value.__annotations__.items():
        if name == "return" or not results:
            yield from _classes(text, value.__module__)


def _classes(annotation: Any, module: str) -> Iterator[type]:
    """The classes of the package that an annotation in a module names."""
    if inspect.isclass(annotation):
        annotation = annotation.__name__
    for word in CAPITAL.findall(str(annotation)):
        found = _resolved(word, module)
        if inspect.isclass(found) and found.__module__.startswith("sim."):
            yield found
        elif isinstance(found, str):  # another name for some types
            yield from _classes(found, module)


@cache
def _resolved(word: str, module: str) -> Any:
    """What a word of an annotation means in a module: a class, the text of what it is short for, or None."""
    node, origin = _names_of(module).get(word, (None, ""))
    if origin:
        value = getattr(import_module(module), word, None) or getattr(import_module(origin), node, None)
        return value if inspect.isclass(value) else _resolved(node, origin)
    if isinstance(node, ast.ClassDef):
        return getattr(import_module(module), word, None)
    text = ast.unparse(node.value) if isinstance(node, ast.Assign) else ""
    return text if text and not re.search(rf"\b{word}\b", text) else None


@cache
def _names_of(module: str) -> dict[str, tuple[Any, str]]:
    """{name: (what it is called there, module it is imported from) or (its definition, "")} of a module."""
    found: dict[str, tuple[Any, str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(import_module(module)))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sim"):
            found |= {name.asname or name.name: (name.name, str(node.module)) for name in node.names}
        elif isinstance(node, ast.ClassDef):
            found.setdefault(node.name, (node, ""))
        elif isinstance(node, ast.Assign):
            found |= {t.id: (node, "") for t in node.targets if isinstance(t, ast.Name)}
    return found
