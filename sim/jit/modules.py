"""Generated sources as modules: written once into the cache folder, under a name that holds their hash.

Where they cannot be written, on a full disk or where nothing can, they are modules all the same, in memory.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from importlib.abc import ExecutionLoader
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from sim.files import write_text
from sim.jit.closure import GENERATED, forget
from sim.jit.folder import cache_folder
from sim.jit.locks import held_through_forks

_LOADING = held_through_forks()  # a module is in sys.modules before it is complete


def generated(text: str) -> ModuleType:
    """The module of this text. The same text gives the same module within a process."""
    name = f"{GENERATED}_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    with _LOADING:
        if name in sys.modules:
            return sys.modules[name]
        path = cache_folder() / f"{name}.py"
        loader: ExecutionLoader = SourceFileLoader(name, str(path))
        if not _holds(path, text):
            try:
                write_text(path, text)
            except OSError:  # told when compiled code cannot be kept either
                loader = _FromText(text, str(path))
        return _load(name, path, loader)


class _FromText(ExecutionLoader):
    """Loads a module from its text; `path` is where it would be."""

    def __init__(self, text: str, path: str):
        self._text, self._path = text, path

    def get_source(self, fullname: str) -> str:
        """The text."""
        return self._text

    def get_filename(self, fullname: str) -> str:
        """Where the text would be."""
        return self._path


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _load(name: str, path: Path, loader: ExecutionLoader) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path} cannot be loaded as a module.")
    module = importlib.util.module_from_spec(spec)
    forget(name)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
