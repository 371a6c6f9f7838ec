"""`hapsim explore`: a page in the browser to choose, run and compare scenarios."""

from __future__ import annotations

import os
import sys

import click

from sim.cli import choices, exit_codes
from sim.cli.stopping import terminable


@click.command(short_help="Open a page to choose, run and compare scenarios.")
@click.argument("name", default="infarct_myocardium")
@click.option("--port", type=int, default=0, help="Port of the page; else a free one.")
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@choices.debug
def explore(name: str, port: int, no_browser: bool) -> int:
    """Serve a page on this machine to choose, run and compare scenarios, and open it in the browser.

    NAME is the scenario to begin with, or the path of a file (my.toml). The page is to be reached from this
    machine only, and asks nothing of any other. Ctrl-C ends it, and the runs that go on.
    """
    import webbrowser

    from sim.explorer.serving import serve

    def ready(address: str) -> None:
        click.echo(f"hapsim explorer: {address} (Ctrl-C ends it)")
        if not no_browser:
            webbrowser.open(address)

    choices.named(name)  # a slip is answered before Panel is imported
    with terminable() as terminated:
        ended = serve(name, port, ready)
    code = exit_codes.TERMINATED if terminated else exit_codes.DONE
    if not ended:  # compiled code does not stop, and is not to be unwound
        sys.stdout.flush()
        os._exit(code)
    return code
