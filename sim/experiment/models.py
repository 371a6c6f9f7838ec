"""The model that a scenario's words stand for: constants, growth law, parts; and whether two are the same."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache, partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from sim.errors import ScenarioError, listing
from sim.model import library
from sim.model.library.quantities import SPECIATION
from sim.model.model import Model
from sim.model.process import Derived, Kernel

CONSTANTS = "tissue-37C"
WORDS = ("constants", "growth_law", "parts")  # of a scenario, that decide its model
GROWTH = ("growth_rate",)  # what constants and the growth law exchange

# (id of a model, words) -> the model with these words; an entry ends with the model it was made of
_EXCHANGED: dict[tuple, Model] = {}


def standard_model(constants: str = CONSTANTS, growth_law: str = "", parts: tuple[str, ...] = ()) -> Model:
    """The library's model for these words: one object for the same words, so compiled once."""
    return _made_once(constants, growth_law or library.GROWTH_LAWS[0], parts)


@lru_cache(maxsize=32)
def _made_once(constants: str, growth_law: str, parts: tuple[str, ...]) -> Model:
    return library.model(constants, growth_law, parts=parts)


def exchanged(model: Model, old: Mapping[str, Any], words: Mapping[str, Any], owner: str) -> Model:
    """The model with other constants, another growth law or other parts; all else of it is kept.

    old: {word of WORDS: value} as they are; words: those that change
    The same words give the same model again, which is then compiled once in a process.
    """
    key = (id(model), *sorted(old.items()), *sorted(words.items()))
    if key not in _EXCHANGED:
        now = {**old, **words}
        if same_model(model, standard_model(**old)):
            return standard_model(**now)
        made = _with_words(model, standard_model(**now), words, owner)
        weakref.finalize(model, _EXCHANGED.pop, key, None)
        _EXCHANGED[key] = made
    return _EXCHANGED[key]


def _with_words(model: Model, fresh: Model, words: Mapping[str, Any], owner: str) -> Model:
    """A model of one's own with speciation or growth rate taken from another."""
    if "parts" in words:
        raise ScenarioError(
            f"parts = {listing(words['parts']) or 'none'}: the model of {owner} is one of its own, which "
            "parts cannot be put into or taken out of; begin with sim.library.model(parts=...)."
        )
    if "constants" in words:  # with the solids of this model, which the library's may lack
        model = library.with_constants(model, words["constants"])
    derived = list(model.derived)
    for k, d in enumerate(derived):
        if "growth_law" in words and _made_by(d, "growth_law"):
            derived[k] = next(x for x in fresh.derived if _made_by(x, "growth_law"))
    missing = [w for w in words if not any(_made_by(d, w) for d in derived)]
    if missing:
        raise ScenarioError(
            f"{missing[0]} = '{words[missing[0]]}': the model of {owner} has nothing that depends on it."
        )
    return replace(model, derived=tuple(derived))


def _made_by(d: Derived, word: str) -> bool:
    return d.name == SPECIATION if word == "constants" else d.outputs == GROWTH


def same_model(one: Model, other: Model) -> bool:
    """Whether two models are the same: all they hold, arrays and functions made in functions included."""
    return one is other or _same(one, other)


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, Model | Derived | Kernel) or hasattr(a, "__dataclass_fields__"):
        return all(_same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(_same(v, b[k]) for k, v in a.items())
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, FunctionType):
        return _same_function(a, b)
    if isinstance(a, MethodType):
        return _same(a.__func__, b.__func__) and _same(a.__self__, b.__self__)
    if isinstance(a, partial):
        return _same((a.func, a.args, a.keywords), (b.func, b.args, b.keywords))
    return bool(a == b)


def _same_function(f: FunctionType, g: FunctionType) -> bool:
    """Whether two functions have the same text and were made with the same values."""
    held = [
        ([c.cell_contents for c in h.__closure__ or ()], h.__defaults__, h.__kwdefaults__) for h in (f, g)
    ]
    return f.__module__ == g.__module__ and f.__code__ == g.__code__ and _same(*held)


def unlike_library(model: Model, constants: str, growth_law: str, parts: tuple[str, ...] = ()) -> list[str]:
    """What a model has that the library's for these words has not, or lacks; [] when they are the same."""
    standard = standard_model(constants, growth_law, parts)
    if same_model(model, standard):
        return []
    found = []
    for what, held in (("process", "processes"), ("derived quantity", "derived"), ("species", "species")):
        mine = {x.name: x for x in getattr(model, held)}
        theirs = {x.name: x for x in getattr(standard, held)}
        found += [f"{what} '{n}' of its own" for n in mine if n not in theirs]
        found += [f"no {what} '{n}'" for n in theirs if n not in mine]
        found += [f"another {what} '{n}'" for n in mine if n in theirs and not _same(mine[n], theirs[n])]
    return found or ["other fields or shared parameters"]
