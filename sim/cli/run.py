"""`hapsim run NAME`: run a scenario; write result.nc, summary.json, story.png and, of a plane, maps.png."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli import choices
from sim.cli.stopping import INTERRUPTED, TERMINATED, terminable
from sim.cli.tables import duration_text
from sim.errors import ConfigError

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.run.result import Result

FILES = ("result.nc", "summary.json", "story.png", "maps.png")
EXIT = {"finished": 0, "failed": 1, "interrupted": INTERRUPTED}
MANY_CELLS = 3000


@click.command(short_help="Run a scenario; write data, numbers and a picture.")
@click.argument("name")
@choices.changes
@click.option("--days", type=float, help="Duration, instead of the scenario's.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the files; else results/NAME.")
@click.option(
    "--solver", default="ndf", show_default=True, help="ndf, cvode, bdf, radau, lsoda, strang, rkc or rk."
)
@click.option("--rtol", type=float, default=1e-5, show_default=True, help="Relative tolerance.")
@click.option(
    "--resolution",
    type=float,
    help="Factor on the cells per layer.",
)
@click.option("--no-figure", is_flag=True, help="Leave the pictures out.")
@click.option("--force", is_flag=True, help="Overwrite files of an earlier run.")
@click.option("--quiet", "-q", is_flag=True, help="No progress; print the folder only.")
@choices.debug
def run(
    name: str,
    changes: tuple[str, ...],
    days: float | None,
    out: Path | None,
    solver: str,
    rtol: float,
    resolution: float | None,
    no_figure: bool,
    force: bool,
    quiet: bool,
) -> int:
    """Run a scenario; write its data, its numbers and a picture.

    NAME is one of `hapsim scenarios`, or the path of a scenario file (my.toml). Ctrl-C keeps what was
    computed until then.

    \b
    Examples:
      hapsim run infarct_myocardium
      hapsim run infarct_myocardium --days 7 --set lesion.radius='2 mm'
      hapsim run infarct_myocardium --set geometry=rectangle --resolution 0.2
      hapsim run my.toml
    """
    from sim.cli.summary import as_json, lines, screen
    from sim.run.simulate import simulate

    duration = None if days is None else days * 86400.0
    _, scenario = choices.chosen(name, changes, duration=duration, resolution=resolution)
    folder, made = _folder(out or Path("results") / Path(name).stem, force, chosen=out is not None)
    try:
        _prepare(scenario, solver, quiet)
        report = _progress(scenario, quiet)
        with terminable() as terminated:
            result = simulate(scenario, solver=solver, rtol=rtol, progress=report)
    except BaseException:
        for empty in made:  # nothing was computed: leave no empty folder behind
            with suppress(OSError):
                empty.rmdir()
        raise
    rows = lines(result)
    written = _write(result, as_json(result, rows), folder, picture=not no_figure)
    if quiet:
        click.echo(folder)
    else:
        click.echo(f"{scenario.name}: {scenario.title}")
        click.echo(screen(rows))
        click.echo(f"  files in {folder}: {', '.join(written)}")
    if not result.success:
        click.echo(f"{result.status}: {result.message}", err=True)
    return TERMINATED if terminated else EXIT[result.status]


def _prepare(scenario: Scenario, solver: str, quiet: bool) -> None:
    """Compile before the clock and the bar start, and say so when it takes long."""
    from sim.run import memory
    from sim.run.builder import Builder

    forecast = memory.admitted(scenario, solver)
    if forecast.cells > MANY_CELLS and not quiet:
        click.echo(
            f"note: {forecast.cells} cells will take a while and some {memory.size_text(forecast.peak)} "
            "of memory; --resolution 0.2 has fewer.",
            err=True,
        )
    note = "preparing the model; each new version of it compiles once, up to a minute ..."
    timer = threading.Timer(1.5, click.echo, (note,), {"err": True})
    if not quiet:
        timer.start()
    try:
        builder = Builder(scenario)
        system = next(builder.segments()).system
        system.slopes(0.0, builder.initial(system))
    finally:
        timer.cancel()


def _progress(scenario: Scenario, quiet: bool) -> bool | Callable[[float, int], None]:
    """A bar in a terminal; elsewhere a line every tenth of the run."""
    if quiet or sys.stderr.isatty():
        return not quiet
    tenths = [0]

    def report(t: float, steps: int) -> None:
        done = int(10 * t / scenario.duration * (1 + 1e-9))
        if done > tenths[0]:
            tenths[0] = done
            click.echo(f"{scenario.name}: {10 * done} %, {duration_text(t)}, {steps} steps", err=True)

    return report


def _folder(folder: Path, force: bool, chosen: bool) -> tuple[Path, list[Path]]:
    """The folder to write to, made if need be, and the folders made for it, innermost first."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; --out needs a folder.")
    taken = [f for f in FILES if (folder / f).exists()]
    if folder.exists() and not chosen and not force:
        k = 2
        while (numbered := folder.with_name(f"{folder.name}-{k}")).exists():
            k += 1
        folder = numbered
    elif taken and not force:
        raise ConfigError(
            f"{folder} already has {' and '.join(taken)}. "
            "Give another folder with --out, or --force to overwrite."
        )
    made = [f for f in (folder, *folder.parents) if not f.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return folder, made


def _write(result: Result, summary: dict, folder: Path, picture: bool) -> list[str]:
    result.save(folder / "result.nc")
    text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
    _atomic(folder / "summary.json", lambda f: f.write(text.encode()))
    return ["result.nc", "summary.json", *(_pictures(result, summary, folder) if picture else ())]


def _pictures(result: Result, summary: dict, folder: Path) -> list[str]:
    """story.png; maps.png too where there is a plane to map."""
    import matplotlib

    if "matplotlib.pyplot" not in sys.modules:
        matplotlib.use("Agg")  # no window, no display needed
    import matplotlib.pyplot as plt

    from sim import plotting

    figures = {"story.png": plotting.story}
    if len(result["volume"].dims) > 1:
        figures["maps.png"] = plotting.atlas
    note = {"Description": f"hapsim {summary['scenario']}, hash {summary['manifest']['hash']}"}
    for name, draw in figures.items():
        figure = draw(result)
        _atomic(folder / name, lambda f, drawn=figure: drawn.savefig(f, format="png", metadata=note))
        plt.close(figure)
    return list(figures)


def _atomic(path: Path, write: Callable) -> None:
    """Write under a temporary name beside the file, then rename."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as f:
            write(f)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
