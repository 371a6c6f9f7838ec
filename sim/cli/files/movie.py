"""`hapsim movie RESULT.nc`: a variable over the section and over time."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli import choices
from sim.cli.runs.files import result_file
from sim.errors import ConfigError


@click.command(short_help="A variable over the section as a movie.")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--variable",
    default="Ca_in_mineral",
    show_default=True,
    metavar="NAME",
    help="What is shown, as HAP or pH.",
)
@click.option("--frames", type=int, default=100, show_default=True, help="How many pictures.")
@click.option("--fps", type=float, default=12.0, show_default=True, help="Pictures a second.")
@click.option(
    "--clock",
    default="linear",
    show_default=True,
    metavar="CLOCK",
    help="Even steps of time, or of its 'root'.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File ending in .webp, .gif, or .mp4 (the extra movie); else movie.webp beside the first result.",
)
@choices.force
@choices.quiet
@choices.debug
def movie(
    results: tuple[Path, ...],
    variable: str,
    frames: int,
    fps: float,
    clock: str,
    out: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """A variable over the section as a movie, with one scale for all pictures; prints the file.

    \b
    RESULTS are files result.nc of `hapsim run`, or the folders they are in; several stand side by side, at
    times that all of them cover:
      hapsim movie results/tb_caseous/result.nc
      hapsim movie results/infarct_myocardium/result.nc --variable pH --clock root --out ph.gif
      hapsim movie untreated/result.nc treated/result.nc --variable HAP
    """
    from sim.plotting import movie as write_movie
    from sim.run.result import load as load_result

    files = [result_file(given) for given in results]
    target = out or files[0].parent / "movie.webp"
    if target.exists() and not force:
        raise ConfigError(f"{target} is there already. Give another --out, or --force to overwrite.")
    runs = [load_result(path) for path in files]
    named = {path.parent.name or path.stem: run for path, run in zip(files, runs, strict=True)}
    if len(named) < len(runs):
        named = {str(path): run for path, run in zip(files, runs, strict=True)}
    shown = runs[0] if len(runs) == 1 else named
    click.echo(write_movie(shown, target, variable, frames, fps, clock, progress=not quiet))
