"""`hapsim export RESULT.nc --vtk FOLDER`: a result in the format of another program."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli import choices
from sim.errors import ConfigError


@click.command(short_help="Write a result for another program.")
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--vtk", "folder", type=click.Path(path_type=Path), help="Folder for ParaView's files.")
@click.option("--only", metavar="NAMES", help="Variables to write, as HAP,pH; else all.")
@choices.force
@choices.debug
def export(result: Path, folder: Path | None, only: str | None, force: bool) -> None:
    """Write a result for another program; prints the file to open there.

    \b
    RESULT is a result.nc of `hapsim run`. A rectangle or box goes to ParaView, one image per output time:
      hapsim run infarct_myocardium --set geometry=rectangle --resolution 0.2 --out flat
      hapsim export flat/result.nc --vtk paraview --only HAP,pH
    """
    from sim.run.result import load as load_result

    if folder is None:
        raise ConfigError("nothing to write: give --vtk FOLDER.")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; --vtk needs a folder.")
    found = load_result(result)
    if folder.exists() and any(folder.glob("*.pvd")) and not force:
        raise ConfigError(f"{folder} already has an export. Give another folder, or --force to overwrite.")
    names = [word.strip() for word in only.split(",")] if only is not None else None
    click.echo(found.to_vtk(folder, names))
