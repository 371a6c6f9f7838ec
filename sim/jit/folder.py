"""Where compiled code and generated sources are kept."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from pathlib import Path


def cache_folder() -> Path:
    """$HAPSIM_CACHE, else `hapsim` in the user's cache; where that cannot be written, a temporary folder.

    Warns (UserWarning) once where nothing is kept for the next process. Raises OSError where no folder at
    all can be written.
    """
    asked = os.environ.get("HAPSIM_CACHE", "")
    if asked not in _found:
        _found[asked] = _first_writable([Path(asked)] if asked else _usual())
    return _found[asked]


_found: dict[str, Path] = {}  # HAPSIM_CACHE -> the folder that serves for it in this process


def _usual() -> list[Path]:
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    try:
        home = [Path(base) if base else Path.home() / ".cache"]
    except RuntimeError:  # nobody's home is known
        home = []
    return [*(folder / "hapsim" for folder in home), Path(tempfile.gettempdir()) / "hapsim-cache"]


def _first_writable(candidates: list[Path]) -> Path:
    for folder in candidates:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    try:
        made = Path(tempfile.mkdtemp(prefix="hapsim-cache-"))
    except OSError as error:
        raise OSError(error.errno, "no folder can be written to, not even for temporary files") from error
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    _say_so(candidates)
    return made


def _say_so(candidates: list[Path]) -> None:
    tried = " nor ".join(str(folder) for folder in candidates)
    warnings.warn(
        f"compiled code cannot be kept: {tried} cannot be written to, so every process compiles the model "
        "anew, which takes a minute or more. HAPSIM_CACHE names a folder that can be written to.",
        stacklevel=2,
    )
