"""The page served on this machine: in a thread for a notebook, or until Ctrl-C for the command line."""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, not_installed, shown
from sim.experiment.catalogue import scenario as named
from sim.experiment.scenario import Scenario
from sim.explorer.address import ANY_HOST, HOST, PageAddress, page_address
from sim.explorer.frame import PageFrame
from sim.explorer.made.thread_names import DRAWING_THREAD, RUN_THREAD
from sim.public import public

if TYPE_CHECKING:
    from sim.explorer.page.page import Page

FIRST = "infarct_myocardium"
PORTS = (1024, 65535)
# Nothing of a request is kept in its page: cookies of a Jupyter server may be among it.
UNSENT: dict[str, Any] = {"include_headers": [], "include_cookies": []}
PATIENCE = 10.0  # seconds in which a run or a picture has to end when the server does
_pages: weakref.WeakSet[Page] = weakref.WeakSet()


@public
def explore(
    scenario: str | Scenario = FIRST, port: int = 0, height: int = 900, proxy: bool | str | None = None
) -> PageFrame:
    """The explorer in a notebook: a page to choose, run and compare scenarios, in a frame of this cell.

    scenario: the one to begin with, a name, a path or a Scenario of one's own; port: 0 for a free one
    height: of the frame [pixels]
    proxy: for a browser on another machine than the kernel, by jupyter-server-proxy at the Jupyter server.
        None: so under JupyterHub, else from 127.0.0.1; True: through the Jupyter server of this notebook;
        False: never; or that server's address as the browser has it, "/user/NAME/" or
        "https://HOST/user/NAME/", with "{port}" in it where it is not followed by proxy/PORT/
    The page comes from this kernel at 127.0.0.1, and asks nothing of any other machine. Raises ConfigError
    without Panel (the extra `app`).
    """
    start, port = _prepared(scenario, port)
    at = page_address(port, proxy)
    _served_by_thread(start, port, at)
    return PageFrame(at.seen, height, at.proxied)


def serve(scenario: str | Scenario, port: int, ready: Callable[[str], None]) -> bool:
    """Serve the page until KeyboardInterrupt, and end the runs that go on; whether they have ended.

    ready: told the address
    """
    start, port = _prepared(scenario, port)
    at = page_address(port, proxy=False)
    server = _server(start, port, at)
    server.io_loop.asyncio_loop.set_exception_handler(_left_alone)
    try:
        server.start()
        ready(at.seen)
        server.io_loop.start()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return all_left()


def _prepared(scenario: str | Scenario, port: int) -> tuple[Scenario, int]:
    """The scenario and a port that can be had; all is imported that threads will need."""
    try:
        import panel  # noqa: F401
    except ImportError:
        more = 'Or with hapsim: python -m pip install -e ".[app]"'
        raise ConfigError(not_installed("the explorer needs", "panel", without=more)) from None
    import pandas  # noqa: F401  here: two threads that import it at once find it half made
    import xarray  # noqa: F401

    import sim.explorer.page.page  # noqa: F401

    start = scenario if isinstance(scenario, Scenario) else named(scenario)
    return start, _free_port() if port == 0 else _asked_port(port)


def _server(start: Scenario, port: int, at: PageAddress) -> Any:
    """A server that listens and does not answer yet, on the event loop of this thread."""
    import panel as pn

    from sim.explorer.page.page import Page
    from sim.explorer.page.spoken import speak

    def page() -> Any:
        made = Page(start)
        speak(pn.state.curdoc)
        _pages.add(made)
        pn.state.on_session_destroyed(lambda _context: made.leave())
        return made.view

    with _unsaid("bokeh.server.util" if ANY_HOST in at.origins else ""):
        return pn.serve(
            {at.path: page}, port=port, address=HOST, websocket_origin=list(at.origins), show=False,
            title="hapsim explorer", start=False, verbose=False, use_index=not at.proxied, **UNSENT,
        )  # fmt: skip


@contextmanager
def _unsaid(logger: str) -> Iterator[None]:
    """Without warnings of a logger: that any host may ask is meant, where the path cannot be guessed."""
    log = logging.getLogger(logger or __name__)
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _served_by_thread(start: Scenario, port: int, at: PageAddress) -> None:
    """Begin a server with a thread and an event loop of its own, which cells do not hold up."""
    import asyncio

    begun: queue.Queue[Exception | None] = queue.Queue()

    def work() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            server = _server(start, port, at)
            server.io_loop.asyncio_loop.set_exception_handler(_left_alone)
            server.start()
        except Exception as error:  # raised where the page was asked for
            begun.put(error)
            return
        begun.put(None)
        server.io_loop.start()

    threading.Thread(target=work, name="hapsim explorer", daemon=True).start()
    found = begun.get()
    if found is not None:
        raise found


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
