"""Generated sources as modules: written once into the cache folder, under a name that holds their hash."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType

from sim.files import write_text
from sim.jit.closure import GENERATED, forget
from sim.jit.folder import cache_folder

_LOADING = threading.RLock()  # a module is in sys.modules before it is complete


def generated(text: str) -> ModuleType:
    """The module of this text. The same text gives the same module within a process."""
    name = f"{GENERATED}_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    with _LOADING:
        if name in sys.modules:
            return sys.modules[name]
        path = cache_folder() / f"{name}.py"
        if not _holds(path, text):
            write_text(path, text)
        return _load(name, path)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded as a module.")
    module = importlib.util.module_from_spec(spec)
    forget(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
