"""The generated module of a model on disk: written once, compiled once, found warm next time."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sim.binder.derivatives import Programme, programme
from sim.binder.layout import Layout
from sim.binder.text import key, write
from sim.model.model import Model


def cache_folder() -> Path:
    """Where generated sources live: $HAPSIM_CACHE, else the user's cache, else a temporary one."""
    home = os.environ.get("HAPSIM_CACHE")
    if home:
        candidates = [Path(home)]
    else:
        base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
        candidates = [Path(base) if base else Path.home() / ".cache"]
        candidates = [candidates[0] / "hapsim", Path(tempfile.gettempdir()) / "hapsim-cache"]
    for folder in candidates:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="hapsim-cache-"))


@dataclass(frozen=True)
class Compiled:
    """What is made of a model once: the generated module, its rows, the programme of derivatives."""

    module: ModuleType
    layout: Layout
    programme: Programme


def compiled(model: Model) -> Compiled:
    """The compiled form of `model`; the same model gives the same module within a process."""
    kept = vars(model).get("_compiled")  # beside its other cached properties: a model never changes
    if kept is None or kept.module.__name__ not in sys.modules:
        kept = vars(model)["_compiled"] = Compiled(_module(model), *structure(model))
    return kept


def structure(model: Model) -> tuple[Layout, Programme]:
    """Rows of a block and the programme of derivatives: what is known before anything is compiled."""
    kept = vars(model).get("_structure")
    if kept is None:
        layout = Layout(model)
        kept = vars(model)["_structure"] = (layout, programme(model, layout))
    return kept


def reactions(model: Model) -> ModuleType:
    """The generated module for reaction steps, compiled when it is first used: only splitting needs it."""
    kept = vars(model).get("_reactions")
    if kept is None:
        kept = vars(model)["_reactions"] = _module(model, "react")
    return kept


def _module(model: Model, entry: str = "blocks") -> ModuleType:
    text = write(model, entry)
    return stored(f"hapsim_generated_{key(model, text)}", text)


def stored(name: str, text: str) -> ModuleType:
    """The module of this text, kept in the cache folder under a name that holds a hash of all that its
    compiled form depends on."""
    if name in sys.modules:
        return sys.modules[name]
    path = cache_folder() / f"{name}.py"
    if not path.exists() or path.read_text() != text:
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "w") as f:
            f.write(text)
        os.replace(temporary, path)  # a killed writer leaves no half file under the final name
    return _load(name, path)


def damaged(error: Exception) -> bool:
    """Whether reading a compiled file ended so because the file is cut short."""
    return "Unpickling" in type(error).__name__ or isinstance(error, EOFError)


def reloaded(module: ModuleType) -> ModuleType:
    """The module with its compiled files thrown away (they were damaged)."""
    path = Path(module.__file__)
    folders = [path.parent / "__pycache__"]
    if os.environ.get("NUMBA_CACHE_DIR"):
        folders.append(Path(os.environ["NUMBA_CACHE_DIR"]))
    for folder in folders:
        for f in folder.rglob(f"{path.stem}.*.nb?"):
            f.unlink(missing_ok=True)
    return _load(path.stem, path)


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
