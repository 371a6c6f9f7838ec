"""What can be wrong with a store, in sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.errors import FileFormatError, StoreError, shown

AGAIN = "then run the same sweep again; only what is missing is run"


@contextmanager
def guarded(path: Path, kept: str = "") -> Iterator[None]:
    """Turn what SQLite says into a sentence. kept: what has become of the rows at hand."""
    try:
        yield
    except sqlite3.Error as e:
        raise _sentence(e, path, kept) from e


def _sentence(e: sqlite3.Error, path: Path, kept: str) -> Exception:
    code = getattr(e, "sqlite_errorname", None) or ""
    said = str(e)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or "locked" in said:
        return StoreError(
            f"{path} is locked by another program, a database browser perhaps. {kept}"
            f"close that program, {AGAIN}."
        )
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")) or "full" in said:
        return StoreError(
            f"{path} cannot be written: no room is left on the disk, or it fails ({said}). {kept}"
            f"make room, {AGAIN}."
        )
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")) or "unable to open" in said:
        return StoreError(
            f"{path} cannot be opened or written ({said}). {kept}look at the permissions of the file and of "
            f"its folder, {AGAIN}."
        )
    if code.startswith("SQLITE_NOTADB") or "not a database" in said:
        return FileFormatError(f"{path} is no store of a sweep: it is not an SQLite file.")
    if code.startswith("SQLITE_CONSTRAINT"):
        return StoreError(f"{path}: {said}.")
    return FileFormatError(
        f"{path} is damaged ({said}). `sqlite3 {path.name} .recover` may save what is left of it; or run the "
        "sweep into another store."
    )


def differences(old: object, new: object) -> str:
    """What differs between two definitions, the first few: "solver is 'ndf' there and 'bdf' now"."""
    found = list(_differing(old, new, ""))
    text = "; ".join(found[:4])
    return text + (f"; and {len(found) - 4} more" if len(found) > 4 else "")


TERSE = {
    "sources": "the sources of hapsim have changed",
    "model.source": "the formulas of the model have changed",
}


def _brief(where: str, value: object, instead: str = "") -> str:
    return instead if where.startswith("measures.") else f"{shown(value, 40)} "


def _differing(old: object, new: object, where: str) -> Iterator[str]:
    if where in TERSE and old != new:  # what is inside is bytecode, or a hash
        yield TERSE[where]
    elif where.startswith("measures.") and old != new:
        yield f"the measure '{where.removeprefix('measures.')}' computes something else there"
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            inner = f"{where}.{name}" if where else name
            if name not in new:
                yield f"{inner} is {_brief(inner, old[name])}there and absent now"
            elif name not in old:
                yield f"{inner} is absent there and {_brief(inner, new[name], 'present ')}now"
            else:
                yield from _differing(old[name], new[name], inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for k, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from _differing(a, b, f"{where}[{k}]")
    elif old != new:
        yield f"{where or 'it'} is {shown(old, 40)} there and {shown(new, 40)} now"
