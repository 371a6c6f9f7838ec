"""The files of a run: where they go, what was there before, and writing them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.outputs import json_text
from sim.errors import ConfigError
from sim.files import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.run.result import Result

RESULT = "result.nc"
FILES = (RESULT, "summary.json", "story.png", "maps.png")


def folder_for(folder: Path, force: bool, chosen: bool) -> Path:
    """The folder to write to: one that nobody chose gets a number where it is taken."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; --out needs a folder.")
    taken = [f for f in FILES if (folder / f).exists()]
    if folder.exists() and not chosen and not force:
        k = 2
        while (numbered := folder.with_name(f"{folder.name}-{k}")).exists():
            k += 1
        return numbered
    if taken and not force:
        raise ConfigError(
            f"{folder} already has {' and '.join(taken)}. "
            "Give another folder with --out, or --force to overwrite."
        )
    return folder


def result_file(given: Path) -> Path:
    """The file of a result: itself, or result.nc of the folder that is given."""
    return given / RESULT if given.is_dir() else given


def check_script(path: Path | None, force: bool) -> None:
    """Refuse a script that could not be written, or would overwrite a file, before the run."""
    if path is None:
        return
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"cannot be written: there is no folder {path.parent}"
        raise ConfigError(f"{path} {what}; give the path of a file, such as run.py.")
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already. Give another name, or --force to overwrite.")


def keep_former(folder: Path) -> list[str]:
    """Keep the files of a run that are about to be replaced, with a number; the names that they have then."""
    there = [Path(f) for f in FILES if (folder / f).exists()]
    k = 1
    while any((folder / f"{f.stem}-{k}{f.suffix}").exists() for f in map(Path, FILES)):
        k += 1
    kept = [f"{f.stem}-{k}{f.suffix}" for f in there]
    for old, new in zip(there, kept, strict=True):
        try:  # the same file under two names: what replaces one leaves the other
            os.link(folder / old, folder / new)
        except OSError:
            shutil.copy2(folder / old, folder / new)
    return kept


def write_files(
    result: Result, shown: Result, summary: dict[str, Any], folder: Path, picture: bool
) -> list[str]:
    """Write the result, its summary and, if asked for, pictures of `shown`; the names of the files."""
    result.save(folder / RESULT)
    write_text(folder / "summary.json", json_text(summary) + "\n")
    return [RESULT, "summary.json", *(_pictures(shown, summary, folder) if picture else ())]


def _pictures(result: Result, summary: dict[str, Any], folder: Path) -> list[str]:
    """story.png; maps.png too where there is a plane to map."""
    from sim import plotting
    from sim.plotting.pictures import windowless_pyplot, write_picture

    plt = windowless_pyplot()

    figures: dict[str, Callable[[Result], Figure]] = {"story.png": plotting.story}
    if len(result.space) > 1:
        figures["maps.png"] = plotting.atlas
    note = {"Description": f"hapsim {summary['scenario']}, hash {summary['manifest']['hash']}"}
    for name, draw in figures.items():
        figure = draw(result)
        write_picture(figure, folder / name, metadata=note)
        plt.close(figure)
    return list(figures)
