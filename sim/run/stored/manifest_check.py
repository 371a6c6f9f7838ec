"""The manifest of a file, judged before anything believes it."""

from __future__ import annotations

import json
import math
from typing import Any

from sim.errors import FileFormatError, shown

LONGEST = 50_000_000  # characters; a scenario with a mask of pixels is data
STATUS = ("finished", "interrupted", "failed")
TEXTS = ("scenario", "title", "constants", "geometry", "model", "status", "message", "solver")
NUMBERS = ("duration", "t_end", "rtol", "atol", "wall_seconds", "undershoot", "ledger_residual")
TABLES = ("statistics", "parameters", "versions")
OF_PARAMETER = {
    "value": float, "unit": str, "range": list, "source": str, "confidence": str, "note": str,
    "description": str, "si": float,
}  # fmt: skip


# What a run goes on from, and how far its draws have come, where a manifest has these.
OF_STATE = {
    **dict.fromkeys(
        ("parent", "before"), {"hash": str, "scenario": str, "time": float, "at_end": bool, "status": str}
    ),
    "draws": {"seed": int, "span": float, "stream": str, "first": float, "last": float},
}  # fmt: skip


def manifest_from(text: object, where: str) -> dict[str, Any]:
    """The manifest that a file holds as JSON. Raises FileFormatError, which names what does not fit."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise FileFormatError(f"{where}: its manifest is not text of at most {LONGEST} characters.")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise FileFormatError(f"{where} is damaged: its manifest cannot be read ({e}).") from None
    if not isinstance(found, dict):
        raise FileFormatError(f"{where} is damaged: its manifest is {shown(found)}, not a table.")
    for key in (*TEXTS, *NUMBERS, *TABLES):
        if key not in found:
            raise FileFormatError(f"{where} is damaged: its manifest lacks '{key}'.")
    for key in TEXTS:
        _needs(isinstance(found[key], str), key, found, "text", where)
    for key in NUMBERS:
        _needs(_number(found[key]), key, found, "a number", where)
    for key in TABLES:
        _needs(isinstance(found[key], dict), key, found, "a table", where)
    _needs(found["status"] in STATUS, "status", found, " or ".join(STATUS), where)
    counts = found["statistics"].values()
    _needs(all(_number(v) for v in counts), "statistics", found, "a table of counts", where)
    found["parameters"] = {n: _parameter(n, p, where) for n, p in found["parameters"].items()}
    notes = found.get("notes", [])
    _needs(isinstance(notes, str | list), "notes", found, "a list of sentences", where)
    found["notes"] = [n for n in notes if isinstance(n, str)] if isinstance(notes, list) else []
    for key, default in (("undershoot_species", ""), ("speciation_failures", 0)):
        found.setdefault(key, default)
    for key in ("interventions", "courses", "unbalanced"):
        texts = found.setdefault(key, [])
        good = isinstance(texts, list) and all(isinstance(t, str) for t in texts)
        _needs(good, key, found, "a list of texts", where)
    for key in ("intervention_tables", "course_tables"):
        tables = found.setdefault(key, [])
        good = isinstance(tables, list) and all(isinstance(t, dict) for t in tables)
        _needs(good, key, found, "a list of tables", where)
    history = found.get("history", [])
    good = isinstance(history, list) and all(isinstance(t, dict) for t in history)
    _needs(good, "history", found, "a list of tables", where)
    for key, parts in OF_STATE.items():
        held = found.get(key)
        if held is not None:
            good = isinstance(held, dict) and all(_is(held.get(n), k) for n, k in parts.items())
            _needs(good, key, found, f"a table of {', '.join(parts)}", where)
    layout = found.setdefault("layout", {})
    _needs(isinstance(layout, dict), "layout", found, "a table", where)
    return found


def _parameter(name: str, row: object, where: str) -> dict[str, Any]:
    """A parameter as a table; in files of format 1 it is [value, unit, source, confidence]."""
    if isinstance(row, list) and len(row) == 4:
        row = dict(zip(("value", "unit", "source", "confidence"), row, strict=True))
    if not isinstance(row, dict) or "value" not in row:
        raise FileFormatError(f"{where} is damaged: its parameter {shown(name)} is {shown(row)}.")
    for key, value in row.items():
        kind = OF_PARAMETER.get(key)
        if kind is list:
            good = isinstance(value, list) and len(value) == 2 and all(_number(v) for v in value)
        else:
            good = kind is str and isinstance(value, str) or kind is float and _number(value)
        if not good:
            raise FileFormatError(
                f"{where} is damaged: {shown(key)} of its parameter {shown(name)} is {shown(value)}."
            )
    return row


def _is(value: object, kind: type) -> bool:
    """Whether a value of JSON is text, a truth, a whole number or a number."""
    if kind is float:
        return _number(value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _needs(good: bool, key: str, found: dict[str, Any], what: str, where: str) -> None:
    if not good:
        raise FileFormatError(
            f"{where} is damaged: '{key}' of its manifest is {shown(found[key])}, not {what}."
        )
