"""What chemists and clinicians call the components of a fluid: each name answered with the right one.

The names are data: `also` of data/basis.toml, and data/other_names.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from importlib import resources
from typing import Any

from sim.chemistry.formula import basis
from sim.errors import nearest

LONGEST = 64
FLUIDS = ("plasma", "initial", "boundary", "fluid")  # places that hold totals
_ALIKE = 0.75  # share of letters in which two names agree for one to be a slip of the other
_SIGNS = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁺₊⁻₋−–", "01234567890123456789++----")


@lru_cache
def _table() -> dict[str, Any]:
    text = (resources.files("sim") / "data" / "other_names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache
def _aliases() -> dict[str, str]:
    return {other: name for name, c in basis().items() for other in (*c.also, name.casefold()) if name != "H"}


def component_named(name: str) -> str:
    """The component that another name means: "P" for "PO4", "Pi" or "phosphate"; "" where it means none."""
    return next((_aliases()[form] for form in _forms(name) if form in _aliases()), "")


def component_hint(name: object, known: Iterable[str]) -> str:
    """The end of a sentence about a name that is not among `known` totals and arguments of a fluid.

    Says which of them is meant, or that nothing here holds it, or "" where it could be anything.
    """
    text, names = str(name)[:LONGEST], list(known)
    forms = list(_forms(text))
    meant = component_named(text)
    if meant in names:
        return f" Did you mean '{meant}'? It is total {basis()[meant].title}."
    table = _table()
    for form in forms:
        if form in table["arguments"] and table["arguments"][form] in names:
            return f" Did you mean '{table['arguments'][form]}'?"
        if form in table["answers"]:
            return f" {table['answers'][form]}"
    ion = _ion_of(forms[0], table["free"]) if forms else ""
    if ion in names:
        return (
            f" Did you mean '{ion}'? It is total {basis()[ion].title}, free and bound; the free "
            f"concentration is a result, .free['{basis()[ion].ion}']."
        )
    if any(f in table["absent"]["ions"] for f in forms) or _is_element(text):
        return " No set of constants holds it; if its charge matters, count it as Na or Cl."
    if any(f in table["absent"]["others"] for f in forms):
        return " No set of constants holds it; leave it out."
    return _slip(text, names)


def species_hint(name: str, known: Iterable[str]) -> str:
    """The words " Did you mean 'plasma.P'?" for a name that ends in a species by another name ("plasma.PO4"),
    or that is a slip of one; how to have a ligand, where it is none; "" where none is near, and for what no
    constants hold ("plasma.lactate")."""
    names = list(known)
    place, dot, last = name.rpartition(".")
    meant = component_named(last)
    for likely in (f"{place}{dot}{meant}", f"fluid.{meant}" if place in FLUIDS else ""):
        if meant and likely in names and name not in names:
            return f" Did you mean '{likely}'? It is total {basis()[meant].title}."
    right_place = any(n.startswith(f"{place}.") for n in names)  # else the slip is in the place
    if (right_place or _is_absent(last)) and (held := _held(place, last, names)):
        return f" Did you mean '{held}'?"
    if (right_place or not dot) and meant and basis()[meant].pore_water == "ligand":
        return f" {meant} is in models that name it: sim.library.model(reactions=..., ligands='{meant}')."
    if _is_absent(last) or (_is_element(last) and (place in FLUIDS or not dot)):
        return ""
    return nearest(name, names)


def _held(place: str, last: str, names: Iterable[str]) -> str:
    """The dotted name that ends as `last` does but for case, signs and an A (fetuin-A, atp); "" if none."""
    form = re.sub(r"[^a-z0-9]", "", last.casefold())
    ends = [n for n in names if "." in n and form.rstrip("a") == n.rpartition(".")[2].casefold()]
    ends += [n for n in names if "." in n and form == n.rpartition(".")[2].casefold()]
    return next((n for n in ends if n.startswith(f"{place}.")), ends[0] if ends else "")


def _is_absent(name: str) -> bool:
    absent = _table()["absent"]
    return any(f in absent["ions"] or f in absent["others"] for f in _forms(name))


def _forms(name: str) -> Iterator[str]:
    """A name in small letters without charges and words that say nothing more; the likeliest form first."""
    plain = re.sub(r"[\s_()\[\]{}.]", "", name[:LONGEST].translate(_SIGNS)).casefold()
    bare = re.sub(r"[+-]+[0-9]*$", "", plain)
    bases = [plain, bare]
    if bare != plain:
        bases.append(re.sub(r"[0-9]$", "", bare))
    table = _table()
    for base in dict.fromkeys(b for b in bases if b):
        yield base
        for word in table["before"]:
            if base.startswith(word) and base != word:
                yield base.removeprefix(word)
        for word in table["after"]:
            if base.endswith(word) and base != word:
                yield base.removesuffix(word)


def _ion_of(form: str, words: Iterable[str]) -> str:
    """The component whose free ion is meant: "ionisedcalcium", "caion", "ica"."""
    form = re.sub(r"[0-9]*[+-]+[0-9]*$", "", form)
    for word in words:
        for rest in (form.removeprefix(word), form.removesuffix(word)):
            if rest != form and rest in _aliases() and (len(word) > 1 or form.startswith(word)):
                return _aliases()[rest]
    return ""


def _is_element(name: str) -> bool:
    bare = re.sub(r"[0-9]*[+-]+[0-9]*$", "", name.translate(_SIGNS))
    return bare in _table()["absent"]["elements"]


def _slip(name: str, known: list[str]) -> str:
    """A known name, or another name of one, that begins alike and differs in few letters."""
    candidates = {n.casefold(): n for n in known} | {o: c for o, c in _aliases().items() if c in known}
    given = name.casefold()
    ranked = [
        (SequenceMatcher(None, given, other).ratio(), meant)
        for other, meant in candidates.items()
        if len(other) > 2 and other[0] == given[:1]
    ]
    share, meant = max(ranked, default=(0.0, ""))
    if share < _ALIKE:
        return ""
    return f" Did you mean '{meant}'?"
