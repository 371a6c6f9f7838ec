"""Formulas that Python accepts and the compiler does not, told by the name of their process."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from contextlib import contextmanager

from numba import float64
from numba.core.errors import NumbaError, UnsupportedBytecodeError

from sim.binder.cache import compiled_model
from sim.errors import ModelError
from sim.jit.callables import called, plain_function
from sim.model.collector import Sum
from sim.model.formulas import FormulaText
from sim.model.model import Model
from sim.model.process import arguments

REFUSED = (NumbaError, UnsupportedBytecodeError)
ALLOWED = "floats, if, loops, the functions of math, and other plain functions of the same kind"
LONGEST = 160  # characters of the compiler's reason


@contextmanager
def formulas_named(model: Model) -> Iterator[None]:
    """While a model is compiled: what the compiler refuses becomes a ModelError that names the formula."""
    try:
        yield
    except REFUSED as error:
        sentence = _at_fault(model)
        if not sentence:
            raise
        raise ModelError(sentence) from error


def _at_fault(model: Model) -> str:
    """The sentence about the first formula that does not compile alone; "" where each does."""
    made, formulas = compiled_model(model), FormulaText()
    for k, s in enumerate(made.layout.statements):
        if s.formula is None:
            continue
        name = formulas.add(s.formula)
        if k not in made.code.graph.unread:
            continue
        alone = getattr(made.unread, name)
        if isinstance(s.formula, Sum):
            continue
        try:
            alone.compile((float64,) * len(arguments(s.formula, s.owner.name)))
        except REFUSED as error:
            code = plain_function(s.formula).function.__code__
            where = f"{code.co_filename}, line {code.co_firstlineno}"
            return (
                f"{s.owner.name}: {called(s.formula)} ({where}) cannot be compiled{_line(error)}. A formula "
                f"may use {ALLOWED}. The compiler says: {_reason(error)}"
            )
    return ""


def _line(error: Exception) -> str:
    """The line that the compiler stopped at, in words."""
    loc = getattr(error, "loc", None)
    text = linecache.getline(loc.filename, loc.line).strip() if loc is not None and loc.line else ""
    return f" at `{text}`" if text and not text.startswith(("def ", "@")) else ""


def _reason(error: Exception) -> str:
    """The compiler's reason without the path that led there."""
    lines = [line.strip() for line in str(error).splitlines()]
    own = [line for line in lines if line and not line.startswith("Failed in nopython mode")]
    reason = own[0].partition(" Raised from ")[0] if own else type(error).__name__
    reason = reason.partition(", defined at ")[0]
    return reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}..."
