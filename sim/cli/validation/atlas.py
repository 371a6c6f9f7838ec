"""`hapsim atlas`: run every scenario and write a page that sets them beside what is known."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli import choices, exit_codes
from sim.cli.tables import text_table


@click.command(short_help="Run every scenario and set it beside what is known of its condition.")
@click.argument("names", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), default=Path("atlas"), show_default=True,
              help="Folder of the page and the runs.")  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(0), default=0, show_default=True, help="Processes, 0 for none."
)
@click.option("--no-treatments", is_flag=True, help="Leave out the runs under treatments.")
@choices.quiet
@choices.debug
def atlas(names: tuple[str, ...], out: Path, workers: int, no_treatments: bool, quiet: bool) -> int:
    """Run scenarios and write one page: picture, onset, place of mineral, right or wrong.

    NAME is one of `hapsim scenarios`; all of them without one. Runs that are there are kept: after Ctrl-C
    the same command goes on.
    """
    from sim.atlas import atlas as made
    from sim.atlas.page import write_page

    report = None if quiet else lambda line: click.echo(line, err=True)
    found = made(out, names or None, workers, report, not no_treatments)
    page = write_page(found)
    if quiet:
        click.echo(page)
    else:
        click.echo(text_table(found.rows, ("condition", "statement", "known", "found", "answer")))
        click.echo(f"{found.summary()}. Page: {page}")
    return exit_codes.FAILED if found.failures else exit_codes.DONE
