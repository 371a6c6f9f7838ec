"""What can be wrong with a store, in sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.errors import FileFormatError, StoreError, shown
from sim.identity.differences import ABSENT, differing

AGAIN = "then run the same sweep again; only what is missing is run"


@contextmanager
def sqlite_in_words(path: Path, kept: str = "") -> Iterator[None]:
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


# Parts of a definition that are hashes
INSTEAD = {
    "sources": "the sources of hapsim have changed",
    "model.source": "the formulas of the model have changed",
}


def differences_in_words(old: dict, new: dict) -> str:
    """What differs between two definitions, the first few: "solver is 'ndf' there and 'bdf' now"."""
    found = [*_measures_in_words(old.get("measures", {}), new.get("measures", {}))]
    found += [
        INSTEAD.get(where, f"{where} is {_shown_or_absent(there)} there and {_shown_or_absent(now)} now")
        for where, there, now in differing(old | {"measures": {}}, new | {"measures": {}})
    ]
    return "; ".join(found[:4]) + (f"; and {len(found) - 4} more" if len(found) > 4 else "")


def _measures_in_words(old: dict, new: dict) -> Iterator[str]:
    """Only which measures differ: what is inside may be bytecode."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"measures.{name} is there and absent now"
        elif name not in old:
            yield f"measures.{name} is absent there and present now"
        elif old[name] != new[name]:
            yield f"the measure '{name}' computes something else there"


def _shown_or_absent(value: object) -> str:
    return "absent" if value is ABSENT else shown(value, 40)
