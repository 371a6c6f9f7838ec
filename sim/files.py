"""Files that are whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def written(path: Path, write: Callable[[Path], Any]) -> None:
    """Write under a temporary name beside the file, then rename; write(path) does the writing."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # a temporary file is private; a result is not
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
