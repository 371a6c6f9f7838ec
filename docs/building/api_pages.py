"""A page for every public name, and one for each public module that lists its names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType, UnionType
from typing import Any

import sim
import sim.errors
from docs.building.met_types import met_types
from docs.building.tables import code, number, table

FOLDER = "api"


def modules() -> dict[str, ModuleType]:
    """Public modules by their names, `sim` first."""
    named = {f"sim.{n}": getattr(sim, n) for n in sim.__all__ if inspect.ismodule(getattr(sim, n))}
    for name, module in list(named.items()):
        named |= {f"{name}.{n}": m for n in public_names(module) if inspect.ismodule(m := getattr(module, n))}
    return {"sim": sim, **dict(sorted(named.items())), "sim.errors": sim.errors}


def public_names(module: ModuleType) -> list[str]:
    """What a module offers: what it lists, or else what is defined there without an underscore."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return [n for n in listed if n != "__version__"]
    return [
        n
        for n, value in vars(module).items()
        if not n.startswith("_")
        and (type(value) is float or getattr(value, "__module__", "") == module.__name__)
    ]


def names() -> dict[str, Any]:
    """Every public name, "sim.plotting.maps", and what it is; modules of modules included."""
    return {f"{m}.{n}": getattr(module, n) for m, module in modules().items() for n in public_names(module)}


def twin(name: str, value: Any) -> str:
    """What a name of `sim` is called in its module, where it is public there too; "" elsewhere."""
    if name.count(".") > 1 or inspect.ismodule(value):
        return ""
    for other, module in modules().items():
        for each in public_names(module) if other != "sim" else ():
            if getattr(module, each) is value:
                return f"{other}.{each}"
    return ""


def page_of(name: str, value: Any) -> str:
    """The page on a name. Classes have a word more: `Scenario` and `scenario` are one file to some disks."""
    if inspect.ismodule(value):
        return f"{FOLDER}/{name}"
    if type(value) is float:  # units: rows of one table
        return f"{FOLDER}/{name.rpartition('.')[0]}"
    return f"{FOLDER}/{name}-class" if inspect.isclass(value) else f"{FOLDER}/{name}"


def places() -> dict[str, str]:
    """name -> the page on it, with the part of the page after #."""
    found = {m: f"{FOLDER}/{m}" for m in modules()}
    for name, value in names().items():
        part = "" if inspect.ismodule(value) else f"#{name}"
        found.setdefault(name, page_of(name, value) + part)
    for name, value in met_types().items():
        place = f"{page_of(name, value)}#{name}"
        found |= {name: place, value.__name__: place}  # no two classes of the package have one name
    return found


def pages() -> dict[str, str]:
    """Path in the source tree -> text, as reStructuredText."""
    made = {f"{FOLDER}/index.rst": _index()}
    for name, module in modules().items():
        made[f"{FOLDER}/{name}.rst"] = _module_page(name, module)
        for each in public_names(module):
            value = getattr(module, each)
            path = f"{page_of(f'{name}.{each}', value)}.rst"
            if not inspect.ismodule(value) and type(value) is not float:
                made[path] = _object_page(f"{name}.{each}", value)
    return made | {f"{page_of(n, v)}.rst": _object_page(n, v) for n, v in met_types().items()}


def summary(value: Any) -> str:
    """The first sentence of what is said of something; "" for plain values."""
    if type(value) in (str, float, int, tuple, dict, list, UnionType) or not value.__doc__:
        return ""
    first = " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\w\w\.|.\)\.|.\]\.)\s", first)[0]


def _heading(title: str) -> list[str]:
    return [title, "=" * len(title), ""]


def _list(rows: list[tuple[str, str, str]]) -> list[str]:
    """A table of (name, page, summary)."""
    from docs.building.docstrings import escaped

    lines = [".. list-table::", "   :widths: 30 70", ""]
    for name, page, text in rows:
        lines += [f"   * - :doc:`{name} </{page}>`", f"     - {escaped(text)}"]
    return [*lines, ""]


def _toctree(entries: Iterator[str] | list[str]) -> list[str]:
    return [".. toctree::", "   :hidden:", "", *(f"   {e}" for e in entries), ""]


def _index() -> str:
    inside = [n for n in public_names(sim) if not inspect.ismodule(getattr(sim, n))]
    own = [(f"sim.{n}", getattr(sim, n)) for n in inside]
    met = [(v.__name__, page_of(n, v), summary(v)) for n, v in met_types().items()]
    lines = _heading("API")
    lines += [
        "Everything that is public, and the types that it takes and returns. "
        "The rest of the package may change without notice. "
        "``import sim`` is enough for all of it.",
        "",
        ".. rubric:: Names of ``sim``",
        "",
        *_list([(n, page_of(n, v), summary(v)) for n, v in own]),
        ".. rubric:: Modules",
        "",
        *_list([(m, f"{FOLDER}/{m}", summary(v)) for m, v in modules().items() if m != "sim"]),
        ".. rubric:: Types without a public name",
        "",
        "Results, parts of them, and what the guides import by the name of its file.",
        "",
        *_list(sorted(met)),
        *_toctree(
            [f"{n} </{FOLDER}/{n}>" for n in modules()] + [f"{n} </{page}>" for n, page, _ in sorted(met)]
        ),
    ]
    return "\n".join(lines)


def _module_page(name: str, module: ModuleType) -> str:
    found = [(f"{name}.{n}", getattr(module, n)) for n in public_names(module)]
    values = [(n, v) for n, v in found if type(v) is float]
    rest = [(n, v) for n, v in found if type(v) is not float and not (name == "sim" and inspect.ismodule(v))]
    lines = [*_heading(name), f".. automodule:: {name}", "   :no-members:", ""]
    lines += _list([(n, page_of(n, v), summary(v)) for n, v in rest])
    if values:
        lines += [".. rubric:: Values in SI", ""]
        for each, value in values:
            lines += [f".. py:data:: {each.rpartition('.')[2]}", f"   :value: {number(value)}", ""]
    if rest:
        lines += _toctree([f"{n.rpartition('.')[2]} </{page_of(n, v)}>" for n, v in rest])
    return "\n".join(lines)


def _object_page(name: str, value: Any) -> str:
    lines = _heading(name)
    if other := twin(name, value):  # described once: Sphinx's source pages know one place of a function
        return "\n".join([*lines, f".. py:function:: {name}", "", f"   The same as :py:func:`{other}`.", ""])
    if inspect.isclass(value):
        lines += [f".. autoclass:: {name}", "   :members:", "   :special-members: __getitem__, __call__"]
        if issubclass(value, Exception):
            lines += ["   :show-inheritance:"]
    elif inspect.isroutine(value) or callable(value):
        lines += [f".. autofunction:: {name}"]
    else:
        lines += [f".. autodata:: {name}", "   :no-value:", "", *_contents(value)]
    return "\n".join([*lines, ""])


def _contents(value: Any) -> list[str]:
    """What a table or a row of names holds."""
    if isinstance(value, UnionType):
        return ["One of " + ", ".join(f"``{kind.__name__}``" for kind in value.__args__) + ".", ""]
    rows = list(value)
    lines = [".. list-table::", ""]
    for row in rows:
        lines.append(f"   * - ``{row}``")
        if isinstance(value, dict):
            lines.append(f"     - {_told(value[row])}")
    return lines


def _told(value: Any) -> str:
    from docs.building.docstrings import escaped

    if inspect.isclass(value) or inspect.isroutine(value):
        return escaped(summary(value))
    if isinstance(value, tuple):
        return escaped("; ".join(str(v) for v in value))
    return escaped(str(value))


__all__ = ["code", "modules", "names", "pages", "places", "public_names", "table"]
