"""What commands write: folders that do not stay empty, JSON without infinities."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sim.files import whole_path


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; where the block raises, the new ones go unless it filled them."""
    whole_path(folder)
    missing = [f for f in (folder, *folder.parents) if not f.exists()]  # innermost first
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for empty in missing:
            with suppress(OSError):
                empty.rmdir()
        raise


def json_text(value: Any) -> str:
    """Indented JSON; it has no infinity: an onset that never came is null."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
