"""Where compiled code and generated sources are kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """$HAPSIM_CACHE, else `hapsim` in the user's cache, else a temporary folder that can be written."""
    home = os.environ.get("HAPSIM_CACHE")
    if home:
        candidates = [Path(home)]
    else:
        base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
        candidates = [Path(base) if base else Path.home() / ".cache"]
        candidates = [candidates[0] / "hapsim", Path(tempfile.gettempdir()) / "hapsim-cache"]
    for folder in candidates:
        if folder in _writable:
            return folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                _writable.add(folder)
                return folder
        except OSError:
            continue
    made = Path(tempfile.mkdtemp(prefix="hapsim-cache-"))
    if home:
        _instead[home] = made
    return made


_writable: set[Path] = set()
_instead: dict[str, Path] = {}
