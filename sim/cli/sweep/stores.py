"""`hapsim sweep status | export | draw | files`: what looks at stores and at shipped sweep files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli import choices
from sim.cli.tables import text_table
from sim.errors import ConfigError, FileFormatError, nearest, not_installed
from sim.files import write_text, write_whole

if TYPE_CHECKING:
    import xarray
    from pandas import DataFrame

    from sim.sweeps.sweep_table import SweepTable

FORMATS = (".csv", ".parquet", ".nc")


@click.command(short_help="Count the points of a store; also while it is being filled.")
@click.argument("stores", metavar="STORE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@choices.debug
def status(stores: tuple[Path, ...]) -> None:
    """Count the points of stores by status, with rate, time left and the first reasons.

    It only reads, and may be asked while the sweep runs.
    """
    from sim.cli.sweep.text import progress_text

    for k, store in enumerate(stores):
        click.echo(("\n" if k else "") + progress_text(_present(store)))


@click.command(short_help="Write points as a table or as a grid.")
@click.argument("stores", metavar="STORE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@choices.force
@choices.debug
def export(stores: tuple[Path, ...], out: Path, force: bool) -> None:
    """Write the points of a store to OUT: a table (.csv, .parquet) or labelled arrays (.nc).

    Several stores are the shards of one sweep and are brought together. Numbers are SI; names of
    columns carry their unit. A sweep over a grid becomes a grid in NetCDF.
    """
    if out.suffix not in FORMATS:
        raise ConfigError(f"{out} must end in {choices.word_list(FORMATS)}: that says the format.")
    if out.exists() and not force:
        raise ConfigError(f"{out} exists already. Give another name, or --force to overwrite.")
    if not out.parent.is_dir():
        raise ConfigError(f"there is no folder {out.parent}.")
    if out.suffix == ".parquet":
        _parquet_engine()
    found = _loaded(stores)
    if out.suffix == ".csv":
        write_text(out, with_units(found).to_csv(lineterminator="\n"))
    elif out.suffix == ".parquet":
        write_whole(out, with_units(found).to_parquet)
    else:
        data = without_slashes(found.to_xarray())
        write_whole(out, lambda path: data.to_netcdf(path, engine="h5netcdf"))
    click.echo(f"{out}: {len(found.rows)} points")


def without_slashes(data: xarray.Dataset) -> xarray.Dataset:
    """Names as NetCDF takes them, where a slash means a folder: "Ca/P" becomes "Ca_P" with its name as
    `long_name`."""
    new: dict[str, str] = {}
    for name in map(str, data.variables):
        if "/" in name:
            other = name.replace("/", "_")
            while other in data.variables or other in new.values():
                other += "_"
            new[name] = other
    found = data.rename(new)
    for name, other in new.items():
        found[other].attrs["long_name"] = name
    return found


@click.command(short_help="Draw the figures of a sweep file from its store.")
@click.argument("file")
@click.argument("stores", metavar="STORE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@choices.debug
def draw(file: str, stores: tuple[Path, ...], out: Path) -> None:
    """Draw the [[figures]] of FILE from a store, also while it is being filled.

    Several stores are the shards of one sweep. OUT ends in .png, .pdf or .svg and is overwritten.
    """
    from sim.cli.sweep import figures
    from sim.sweeps.plans.plan import load_plan

    plan = load_plan(file)
    figures.checked(out, plan)
    figures.draw(_loaded(stores), plan, out)
    click.echo(out)


@click.command(short_help="List the sweep files that come with the package, or print one.")
@click.argument("name", required=False)
@choices.debug
def files(name: str | None) -> None:
    """List the sweep files that come with the package, or print one, to copy and change.

    \b
      hapsim sweep files acid_question > mine.toml
    """
    from sim.sweeps.plans.plan import load_plan, plan_path, plans

    if name is None:
        rows = [(n, str(len(p.design)), p.title) for n in plans() for p in [load_plan(n)]]
        click.echo(text_table(rows, ("name", "points", "title")))
        click.echo("\nhapsim sweep NAME runs one; hapsim sweep files NAME prints it, to start from.")
        return
    if name not in plans():
        raise ConfigError(f"no sweep file called '{name[:64]}' comes with hapsim.{nearest(name, plans())}")
    click.echo(plan_path(name).read_text(encoding="utf-8"), nl=False)


def with_units(found: SweepTable) -> DataFrame:
    """The points as a table whose columns carry their units: "lesion.radius [m]"."""
    frame = found.to_dataframe()
    units = {name: unit for name, unit in frame.attrs.pop("units").items() if unit and unit != "1"}
    return frame.rename(columns={name: f"{name} [{unit}]" for name, unit in units.items()})


def _loaded(stores: tuple[Path, ...]) -> SweepTable:
    """The table of a store, or of the shards of a sweep."""
    from sim.sweeps import load as load_table

    return load_table(*(_present(store) for store in stores))


def _present(store: Path) -> Path:
    if not store.exists():
        raise FileFormatError(f"there is no store {store}.")
    return store


def _parquet_engine() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise ConfigError(
            not_installed("writing .parquet needs", "pyarrow", without="Or export to .csv or .nc.")
        ) from None
