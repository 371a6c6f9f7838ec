"""Where compiled code and generated sources are kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """$HAPSIM_CACHE, else `hapsim` in the user's cache; where that cannot be written, a temporary folder."""
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
    return Path(tempfile.mkdtemp(prefix="hapsim-cache-"))
