"""Where compiled code and generated sources are kept."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from sim.errors import listing

KEPT = ("*.nbi", "*.o")  # what a folder that compiled code was kept in holds: of kernels, of routines


def cache_folder() -> Path:
    """$HAPSIM_CACHE, else `hapsim` in the user's cache; where that cannot be written, a temporary folder.

    A folder that cannot be written but holds compiled code serves as it is. Where no folder can be written at
    all, one that is not there is named: nothing is found in it, and code is compiled in memory alone.
    Warns (UserWarning) once where nothing is kept for the next process.
    """
    asked = os.environ.get("HAPSIM_CACHE", "")
    if asked not in _found:
        _found[asked] = _first_writable([Path(asked)] if asked else _usual())
    return _found[asked]


_found: dict[str, Path] = {}  # HAPSIM_CACHE -> the folder that serves for it in this process


def _usual() -> list[Path]:
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    try:
        found = [(Path(base) if base else Path.home() / ".cache") / "hapsim"]
    except RuntimeError:  # nobody's home is known
        found = []
    try:
        return [*found, Path(tempfile.gettempdir()) / "hapsim-cache"]
    except OSError:  # no folder for temporary files
        return found


def _first_writable(candidates: list[Path]) -> Path:
    for folder in candidates:
        if _writable(folder):
            return folder
    for folder in candidates:
        if _filled(folder):
            return folder
    try:
        made = Path(tempfile.mkdtemp(prefix="hapsim-cache-"))
    except OSError:
        return _nowhere(candidates)  # that nothing is kept is told when compiled code is to be
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    tried = listing(str(folder) for folder in candidates) if candidates else "a home that is not known"
    warnings.warn(
        f"compiled code cannot be kept: {tried} cannot be written to, so every process compiles the model "
        "anew, which takes a minute or more. HAPSIM_CACHE names a folder that can be written to.",
        stacklevel=2,
    )
    return made


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _filled(folder: Path) -> bool:
    """Whether compiled code is kept in a folder, as in an image that was made with it."""
    try:
        return any(any(folder.glob(pattern)) for pattern in KEPT)
    except OSError:
        return False


def _nowhere(candidates: list[Path]) -> Path:
    """A folder that is not there, in one that is: to look into it finds nothing, and is no error."""
    for folder in candidates:
        above = next((p for p in (folder, *folder.parents) if os.path.lexists(p)), None)
        if above is not None and above.is_dir():
            return folder
    return Path(sys.prefix) / "hapsim-cache"
