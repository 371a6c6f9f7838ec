"""`hapsim sweep FILE.toml`: run a sweep; and its group, whose other commands look at stores."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli import choices
from sim.cli.stopping import INTERRUPTED, TERMINATED, terminable
from sim.cli.sweep import figures, stores
from sim.errors import ConfigError, FileFormatError, nearest

if TYPE_CHECKING:
    from sim.sweeps.plans.plan import SweepPlan
    from sim.sweeps.sweep_table import SweepTable


class SweepCommands(click.Group):
    """A group whose first word may be a sweep file: `hapsim sweep FILE` is `hapsim sweep run FILE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks = {"-h", "--help", *self.commands}
        if args and args[0] not in asks:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "FILE [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND ...", prefix="   or: ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [p.get_help_record(ctx) for p in self.commands["run"].get_params(ctx)]
        with formatter.section("Options of a run"):
            formatter.write_dl([record for record in found if record])
        self.format_commands(ctx, formatter)


@click.group(cls=SweepCommands, no_args_is_help=True, short_help="Run many variants of a scenario; resume.")
def sweep() -> None:
    """Run many variants of a scenario, as a file says; run it again to go on where it stopped.

    FILE is TOML: scenario, axes, measures; or the name of one that comes with the package (`hapsim
    sweep files`). Every point is a row in the store, written as it is done, with its reason where it
    failed.

    \b
    Examples:
      hapsim sweep acid_question --store acid.db --workers 2 --figure acid.png
      hapsim sweep mine.toml --store mine.db --timeout '10 min'
      hapsim sweep mine.toml --store mine.db --scheduler tcp://host:8786
      hapsim sweep status mine.db
      hapsim sweep export mine.db mine.csv
    """


@sweep.command(hidden=True, short_help="Run a sweep file.")
@click.argument("file")
@click.option("--store", type=click.Path(path_type=Path), help="Store of the points; else results/NAME.db.")
@click.option(
    "--workers", type=int, help="Processes here, 0 for none beside this one; else one per processor."
)
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler instead: tcp://host:8786.")
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts of the points, for job arrays.")
@click.option("--timeout", metavar="TIME", help="Longest time of a point: '10 min'. Instead of the file's.")
@click.option("--memory", metavar="SIZE", help="Most memory of a point: '2 GB'. Instead of the file's.")
@click.option("--retry", metavar="STATUS", help="Run again what 'failed', 'timed out', ...; or 'all' of it.")
@click.option("--keep", type=click.Choice(["none", "failed", "all"]), help="Whole results to keep as NetCDF.")
@click.option("--figure", type=click.Path(path_type=Path), help="Draw the file's figures into this PNG.")
@click.option("--strict", is_flag=True, help="Exit with 1 when any point did not finish.")
@click.option("--check", is_flag=True, help="Say what would run, and run nothing.")
@click.option("--quiet", "-q", is_flag=True, help="No progress; print the store only.")
@choices.debug
def run(
    file: str,
    store: Path | None,
    workers: int | None,
    scheduler: str | None,
    shard: str | None,
    timeout: str | None,
    memory: str | None,
    retry: str | None,
    keep: str | None,
    figure: Path | None,
    strict: bool,
    check: bool,
    quiet: bool,
) -> int:
    """Run the points of a sweep file that its store does not hold yet.

    Points that fail or run out of time are rows with a reason, and do not stop the rest. Ctrl-C, a
    kill or a power cut loses the points in work; the same command goes on.
    """
    from sim.cli.sweep.text import planned, screen

    options = _options(timeout, memory, keep, shard, retry)
    plan = _plan(file)
    plan.check()
    if check:
        click.echo(planned(plan))
        return 0
    if workers is not None and scheduler:
        raise ConfigError("--workers is for this machine, --scheduler for a cluster: give one of them.")
    path = store or Path("results") / f"{plan.name}.db"
    drawn = figures.checked(figure, plan) if figure else None
    where = _cluster(scheduler) if scheduler else {"workers": _workers(workers)}
    made = [] if store else [f for f in (path.parent, *path.parent.parents) if not f.exists()]
    if made:
        path.parent.mkdir(parents=True)
    try:
        with terminable() as terminated:
            table = plan.run(path, progress=not quiet, **where, **options)
    except BaseException:
        for empty in made:  # nothing was run: leave no empty folder behind
            with suppress(OSError):
                empty.rmdir()
        raise
    if table.message:
        click.echo(f"{path} keeps what was done; {table.message}", err=True)
        return TERMINATED if terminated else INTERRUPTED
    if drawn:
        try:
            figures.draw(table, plan, drawn)
        except ConfigError as error:  # where no point has a number; the rows are there all the same
            click.echo(f"No figure: {error}", err=True)
            drawn = None
    if quiet:
        click.echo(path)
    else:
        click.echo(f"{plan.name}: {plan.title}" if plan.title else plan.name)
        click.echo(screen(table, {"store": str(path), **({"figure": str(drawn)} if drawn else {})}))
    return _code(table, strict)


def _code(table: SweepTable, strict: bool) -> int:
    """0, also where some points failed: they are results; 1 where none finished, or with --strict."""
    finished = int(table.finished.sum())
    return 1 if not finished or (strict and finished < len(table.rows)) else 0


def _plan(file: str) -> SweepPlan:
    from sim.sweeps.plans.plan import load_plan

    try:
        return load_plan(file)
    except FileFormatError as error:
        near = nearest(file, sweep.commands)
        if near and not Path(file).exists():
            raise FileFormatError(f"'{file}' is neither a sweep file nor a command of sweep.{near}") from None
        raise error


def _options(
    timeout: str | None, memory: str | None, keep: str | None, shard: str | None, retry: str | None
) -> dict[str, Any]:
    """Keywords of sim.sweep from the options that were given."""
    from sim.experiment.file_tables import si
    from sim.sweeps.plans.tables import size

    found: dict[str, Any] = {}
    if timeout is not None:
        found["timeout"] = si(choices.quantity(timeout), "s", "--timeout")
        if not found["timeout"] > 0:
            raise ConfigError(f"--timeout {timeout} must be above 0.")
    if memory is not None:
        found["memory"] = size(choices.quantity(memory), "--memory")
    if keep is not None:
        found["keep"] = keep
    if shard is not None:
        found["shard"] = shard
    if retry is not None:
        found["retry"] = retry.strip() == "all" or [word.strip() for word in retry.split(",")]
    return found


def _workers(given: int | None) -> int:
    import os

    if given is None:
        try:
            return len(os.sched_getaffinity(0))  # what a batch system left us of the machine
        except AttributeError:
            return os.cpu_count() or 1
    return given


def _cluster(address: str) -> dict[str, Any]:
    """A client of a scheduler that answers within seconds."""
    if not re.fullmatch(r"[a-z]+://[^\s/]+", address):
        raise ConfigError(f"--scheduler {address} is not an address such as tcp://host:8786.")
    from sim.sweeps.engines.cluster import connect

    return {"client": connect(address)}


for command in (stores.status, stores.export, stores.draw, stores.files):
    sweep.add_command(command)
