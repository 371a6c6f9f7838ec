"""One hash over the files of the package that numbers come from: code, and the tables of its data."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Files and rooms of the package that arrange runs, show them or word them. Every other .py, .toml and .csv
# file counts, so that a new one does without being named here.
NO_NUMBERS = frozenset({
    "__init__.py", "__main__.py", "errors.py", "files.py", "texts.py",
    "calibration", "cli", "explorer", "identity", "plotting", "sensitivity", "summary", "sweeps",
    "validation",
    "parameters/references.py", "run/memory.py", "run/stored/vtk.py",
    # A scenario enters a definition field by field; sweep files, measurements and experiments enter no run.
    "data/calibration", "data/experiments", "data/explorer", "data/scenarios", "data/sweeps",
    "data/validation",
})  # fmt: skip
SUFFIXES = (".py", ".toml", ".csv")


@cache
def sources_hash(package: Path) -> str:
    """sha256 over the files that numbers come from: a checkout changes between two versions."""
    h = hashlib.sha256()
    for name in files_of_numbers(package):
        content = (package / name).read_bytes()
        h.update(f"{name} {len(content)} ".encode())
        h.update(content)
    return h.hexdigest()


def files_of_numbers(package: Path) -> Iterator[str]:
    """Names of the files that are hashed, relative to the package's folder, with slashes."""
    found = []
    for folder, inner, files in os.walk(package):
        above = Path(folder).relative_to(package).parts
        inner[:] = [name for name in inner if "/".join((*above, name)) not in NO_NUMBERS]
        found += [(*above, name) for name in files if name.endswith(SUFFIXES)]
    for parts in sorted(found):
        name = "/".join(parts)
        if name not in NO_NUMBERS:
            yield name
