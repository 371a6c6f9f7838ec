"""`hapsim export RESULT.nc --csv FOLDER`: a result in the format of another program."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli import choices
from sim.cli.runs.files import result_file
from sim.errors import ConfigError


@click.command(short_help="Write a result for another program.")
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--csv", "tables", type=click.Path(path_type=Path), help="Folder for course.csv, profile.csv.")
@click.option("--vtk", "folder", type=click.Path(path_type=Path), help="Folder for ParaView's files.")
@click.option("--only", metavar="NAMES", help="Variables to write, as HAP,pH; else all.")
@click.option("--times", metavar="TIMES", help="Profiles at these only, as '1 day,7 day'; else all outputs.")
@choices.force
@choices.debug
def export(
    result: Path, tables: Path | None, folder: Path | None, only: str | None, times: str | None, force: bool
) -> None:
    """Write a result for another program; prints the files to open there.

    \b
    RESULT is a result.nc of `hapsim run`, or the folder it is in. --csv writes course.csv (means, totals,
    extremes and the ledger over time) and profile.csv (a row for each time and cell). A rectangle or box also
    goes to ParaView, one image per output time:
      hapsim export results/infarct_myocardium/result.nc --csv tables --only HAP,pH --times '1 day,7 day'
      hapsim run infarct_myocardium --set geometry=rectangle --resolution 0.2 --out flat
      hapsim export flat/result.nc --vtk paraview --only HAP,pH
    """
    from sim.run.result import load as load_result
    from sim.run.stored.csv_tables import FILES

    if folder is None and tables is None:
        raise ConfigError("nothing to write: give --csv FOLDER or --vtk FOLDER.")
    if times is not None and tables is None:
        raise ConfigError("--times chooses the profiles of --csv FOLDER, which is not given.")
    for option, given, names in (("--csv", tables, FILES), ("--vtk", folder, ("*.pvd", "*.vti"))):
        if given is not None:
            _free(option, given, names, force)
    found = load_result(result_file(result))
    wanted = choices.names_in(only)
    if tables is not None:
        for path in found.to_csv(tables, wanted, choices.names_in(times)):
            click.echo(path)
    if folder is not None:
        click.echo(found.to_vtk(folder, wanted))


def _free(option: str, folder: Path, names: tuple[str, ...], force: bool) -> None:
    """Refuse a file where a folder is needed, and what would be overwritten."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; {option} needs a folder.")
    if folder.exists() and any(any(folder.glob(name)) for name in names) and not force:
        raise ConfigError(f"{folder} already has an export. Give another folder, or --force to overwrite.")
