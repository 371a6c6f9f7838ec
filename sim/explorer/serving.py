"""The page served on this machine: in a thread for a notebook, or until Ctrl-C for the command line."""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, not_installed, shown
from sim.experiment.catalogue import scenario as named
from sim.experiment.scenario import Scenario
from sim.explorer.made.thread_names import DRAWING_THREAD, RUN_THREAD
from sim.public import public

if TYPE_CHECKING:
    from sim.explorer.page.page import Page

HOST = "127.0.0.1"  # nobody else can reach it
FIRST = "infarct_myocardium"
PORTS = (1024, 65535)
PATIENCE = 10.0  # seconds in which a run or a picture has to end when the server does
_pages: weakref.WeakSet[Page] = weakref.WeakSet()


@public
def explore(scenario: str | Scenario = FIRST, port: int = 0, height: int = 900) -> Any:
    """The explorer in a notebook: a page to choose, run and compare scenarios, in a frame of this cell.

    scenario: the one to begin with, a name, a path or a Scenario of one's own; port: 0 for a free one
    height: of the frame [pixels]
    The page comes from this kernel by 127.0.0.1, and asks nothing of any other machine; where the browser is
    on another machine than the kernel, forward the port. Raises ConfigError without Panel (the extra `app`).
    """
    server, address = started(scenario, port)
    _run_in_thread(server)
    from IPython.display import IFrame

    return IFrame(address, width="100%", height=height)


def serve(scenario: str | Scenario, port: int, ready: Callable[[str], None]) -> bool:
    """Serve the page until KeyboardInterrupt, and end the runs that go on; whether they have ended.

    ready: told the address
    """
    server, address = started(scenario, port)
    server.io_loop.asyncio_loop.set_exception_handler(_left_alone)
    try:
        server.start()
        ready(address)
        server.io_loop.start()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return all_left()


def started(scenario: str | Scenario, port: int) -> tuple[Any, str]:
    """A server that listens and does not answer yet, and the address of its page."""
    try:
        import panel as pn
    except ImportError:
        raise ConfigError(
            not_installed(
                "the explorer needs", "panel", without='Or with hapsim: python -m pip install -e ".[app]"'
            )
        ) from None
    import pandas  # noqa: F401  here: two threads that import it at once find it half made
    import xarray  # noqa: F401

    from sim.explorer.page.page import Page

    start = scenario if isinstance(scenario, Scenario) else named(scenario)
    place = _free_port() if port == 0 else _asked_port(port)

    def page() -> Any:
        made = Page(start)
        _pages.add(made)
        pn.state.on_session_destroyed(lambda _context: made.leave())
        return made.view

    server = pn.serve(
        page, port=place, address=HOST, websocket_origin=[f"{HOST}:{place}", f"localhost:{place}"],
        title="hapsim explorer", show=False, start=False, verbose=False,
    )  # fmt: skip
    return server, f"http://{HOST}:{place}/"


def all_left() -> bool:
    """End what goes on for all pages; whether it has ended within some seconds.

    A thread that is in compiled code when the interpreter ends takes the process down with it.
    """
    for page in list(_pages):
        page.leave()
    deadline = time.monotonic() + PATIENCE
    for thread in (t for t in threading.enumerate() if t.name in (RUN_THREAD, DRAWING_THREAD)):
        thread.join(max(deadline - time.monotonic(), 0.0))
        if thread.is_alive():
            return False
    return True


def _left_alone(loop: Any, said: dict[str, Any]) -> None:
    """Say nothing of what was still being sent to a page that was closed."""
    if type(said.get("exception")).__name__ != "WebSocketClosedError":
        loop.default_exception_handler(said)


def _run_in_thread(server: Any) -> None:
    """Answer in a thread: a notebook goes on."""

    def work() -> None:
        server.start()
        server.io_loop.start()

    threading.Thread(target=work, name="hapsim explorer", daemon=True).start()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _asked_port(port: int) -> int:
    low, high = PORTS
    if not low <= port <= high:
        raise ConfigError(f"port = {shown(port)} is outside {low} to {high}; 0 takes a free one.")
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
        try:
            tried.bind((HOST, port))
        except OSError as error:
            why = f"port {port} cannot be had ({error.strerror})"
            raise ConfigError(f"{why}; give another, or 0 for a free one.") from None
    return port
