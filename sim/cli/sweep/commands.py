"""`hapsim sweep FILE.toml`: run a sweep; and its group, whose other commands look at stores."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli import choices, exit_codes
from sim.cli.outputs import made_folder
from sim.cli.stopping import terminable
from sim.cli.sweep import figures, stores
from sim.errors import ConfigError, FileFormatError, nearest
from sim.files import safe_name

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
        options = [p for p in self.commands["run"].get_params(ctx) if isinstance(p, click.Option)]
        found = [p.get_help_record(ctx) for p in options]
        with formatter.section("Options of a run"):
            formatter.write_dl([record for record in found if record])
        self.format_commands(ctx, formatter)


@click.group(
    cls=SweepCommands, no_args_is_help=True, short_help="Run many variants of a scenario; resume.",
    epilog=exit_codes.OF_A_SWEEP,
)  # fmt: skip
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


def _kept() -> str:
    from sim.sweeps.design.job import KEEP

    return f"Whole results to keep as NetCDF: {choices.word_list(KEEP)}. Instead of the file's."


@sweep.command(hidden=True, short_help="Run a sweep file.", epilog=exit_codes.OF_A_SWEEP)
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
@click.option("--keep", metavar="WHICH", cls=choices.LateHelp, words=_kept)
@click.option("--lanes/--no-lanes", default=None, help="Solve small runs side by side, or each alone.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    help=f"Draw the figures of the file here: {choices.word_list(figures.KINDS)}.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 when any point did not finish.")
@click.option("--check", is_flag=True, help="Say what would run, and run nothing.")
@choices.quiet
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
    lanes: bool | None,
    figure: Path | None,
    strict: bool,
    check: bool,
    quiet: bool,
) -> int:
    """Run the points of a sweep file that its store does not hold yet.

    Points that fail or run out of time are rows with a reason, and do not stop the rest. Ctrl-C, a
    kill or a power cut loses the points in work; the same command goes on.
    """
    from sim.cli.sweep.text import on_screen, planned

    options = _options(timeout, memory, keep, shard, retry) | ({} if lanes is None else {"lanes": lanes})
    plan = _plan(file)
    plan.check()
    if check:
        plan.check_points()
        click.echo(planned(plan))
        return exit_codes.DONE
    if workers is not None and scheduler:
        raise ConfigError("--workers is for this machine, --scheduler for a cluster: give one of them.")
    path = store or Path("results") / f"{safe_name(plan.name)}.db"
    drawn = figures.checked(figure, plan) if figure else None
    where = _cluster(scheduler) if scheduler else {"workers": _workers(workers)}
    folder = nullcontext() if store else made_folder(path.parent)  # that of a given store must be there
    with folder, terminable() as terminated:
        table = plan.run(path, progress=not quiet, **where, **options)
    if table.message:
        click.echo(f"{path} keeps what was done; {table.message}", err=True)
        return exit_codes.TERMINATED if terminated else exit_codes.INTERRUPTED
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
        click.echo(on_screen(table, {"store": str(path), **({"figure": str(drawn)} if drawn else {})}))
    return _code(table, strict)


def _code(table: SweepTable, strict: bool) -> int:
    """0, also where some points failed: they are results; 1 where none finished, or with --strict."""
    finished = int(table.finished.sum())
    all_done = finished == len(table.rows)
    return exit_codes.DONE if finished and (all_done or not strict) else exit_codes.FAILED


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
    from sim.parameters.sections import si_quantity
    from sim.sweeps.plans.memory import memory_in_bytes

    found: dict[str, Any] = {}
    if timeout is not None:
        found["timeout"] = si_quantity(choices.quantity(timeout), "s", "--timeout")
        if not found["timeout"] > 0:
            raise ConfigError(f"--timeout {timeout} must be above 0.")
    if memory is not None:
        found["memory"] = memory_in_bytes(choices.quantity(memory), "--memory")
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
