"""`hapsim validate`: run the experiments of the package and print the scorecard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sim.cli import choices, exit_codes
from sim.cli.outputs import json_text
from sim.cli.stopping import terminable
from sim.cli.tables import text_table
from sim.cli.validation.card_text import flip_data, flip_table, short_card, whole_card
from sim.errors import ConfigError
from sim.files import write_text


@click.command(short_help="Compare the model with experiments.", epilog=exit_codes.OF_VALIDATION)
@click.argument("names", nargs=-1)
@choices.changes
@click.option("--constants", metavar="SET", help="Another set of constants in all of them.")
@click.option("--short", is_flag=True, help="One line for each experiment.")
@click.option("--list", "listed", is_flag=True, help="Say which experiments there are, and run nothing.")
@click.option(
    "--robustness",
    "asks_robustness",
    is_flag=True,
    help="Which verdicts flip under changes: 10 % of "
    "fitted parameters, 0.1 in each solubility constant, other sets of constants. Takes many times as long.",
)
@click.option(
    "--vary",
    multiple=True,
    metavar="KEY",
    help="With --robustness: these parameters instead of the fitted ones. May be repeated.",
)
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="Write all of it here too.")
@click.option(
    "--markdown",
    type=click.Path(path_type=Path),
    help="Write a page here; in a page with the marks of a scorecard, between them.",
)
@click.option("--workers", type=int, default=0, show_default=True, help="Processes here, 0 for none.")
@click.option("--strict", is_flag=True, help="Exit with 1 when any experiment fails.")
@choices.quiet
@choices.debug
def validate(
    names: tuple[str, ...],
    changes: tuple[str, ...],
    constants: str | None,
    short: bool,
    listed: bool,
    asks_robustness: bool,
    vary: tuple[str, ...],
    as_json: Path | None,
    markdown: Path | None,
    workers: int,
    strict: bool,
    quiet: bool,
) -> int:
    """Run experiments of the literature and say of each number whether the model meets it.

    NAME is an experiment of the package, or a file; all of the package without one. An experiment passes
    when all of its statements hold. "fitted" marks numbers that parameters were fitted to: they test
    nothing.

    \b
    Examples:
      hapsim validate
      hapsim validate aorta_rings --set inhibition.K_PPi='2e3 m3/mol'
      hapsim validate --markdown docs/validation.md
      hapsim validate --robustness --workers 2
    """
    from sim.validation import experiments, load_experiment, robustness
    from sim.validation.card_page import scorecard_page
    from sim.validation.validate import scored, with_causes, with_changes

    if listed:
        rows = [(e.row, e.name, e.title) for e in map(load_experiment, names or experiments())]
        click.echo(text_table(rows, ("row", "name", "title")))
        return exit_codes.DONE
    for path in (as_json, markdown):
        if path is not None and not path.parent.is_dir():
            raise ConfigError(f"there is no folder {path.parent}.")
    if vary and not asks_robustness:
        raise ConfigError("--vary names parameters of --robustness; give both, or --set to change one.")
    values: dict[str, Any] = {k: choices.quantity(v) for k, v in choices.pairs(changes, "--set").items()}
    if constants is not None:
        values["constants"] = constants
    chosen = with_changes([load_experiment(n) for n in names or experiments()], values)
    with terminable() as terminated:
        if asks_robustness:
            tried = robustness(chosen, vary or None, workers=workers, progress=not quiet)
            card, message = tried.base, tried.message
        else:
            tried, card = None, with_causes(scored(chosen, workers, not quiet, values), workers)
            message = card.message
    if not quiet:
        click.echo(short_card(card) if short or tried else whole_card(card))
        click.echo("")
    if tried:
        click.echo(flip_table(tried))
    click.echo(card.summary())
    if as_json is not None:
        write_text(
            as_json, json_text(card.as_data() | ({"robustness": flip_data(tried)} if tried else {})) + "\n"
        )
    if markdown is not None:
        write_text(
            markdown, scorecard_page(card, markdown.read_text("utf-8") if markdown.exists() else "", tried)
        )
    if message:
        click.echo(message, err=True)
        return exit_codes.TERMINATED if terminated else exit_codes.INTERRUPTED
    return exit_codes.FAILED if strict and card.passed < len(card.rows) else exit_codes.DONE
