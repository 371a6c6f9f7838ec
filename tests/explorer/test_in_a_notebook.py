"""sim.explore() in JupyterLab: the page runs while a cell is at work, and asks nothing of other machines.

Through the Jupyter server too, as a browser on another machine has it: nothing else is asked then.
"""

import importlib.util
import re
import socket
import subprocess
import sys
import time

import pytest

pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")
pytest.importorskip("jupyterlab", reason="the test in a notebook needs JupyterLab (the extra notebook)")
nbformat = pytest.importorskip("nbformat", reason="the test in a notebook needs nbformat")

from chromium import NEEDED, launched, playwright, watched  # noqa: E402

pytestmark = NEEDED
PATIENCE = 240  # s: a kernel starts, and the first run may compile
BASE = "/user/ann/"
PROXIED = pytest.param(
    ", proxy=True",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("jupyter_server_proxy") is None,
        reason="the way through a Jupyter server needs jupyter-server-proxy",
    ),
)
OPEN = ("--IdentityProvider.token=", "--ServerApp.password=")  # to this machine alone, while the test runs


@pytest.fixture
def lab(tmp_path, request):
    """JupyterLab with a notebook of two cells; the address of the server, and of the notebook there."""
    cells = (f"import sim\nsim.explore(height=700{request.param})", "import time\ntime.sleep(3600)")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, tmp_path / "explorer.ipynb")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--ip=127.0.0.1", f"--ServerApp.base_url={BASE}", *OPEN],
            cwd=tmp_path, stdout=log, stderr=log,
        )  # fmt: skip
    end = time.monotonic() + PATIENCE
    while not listening(port):
        assert time.monotonic() < end and process.poll() is None, (tmp_path / "log").read_text()
        time.sleep(0.3)
    at = f"http://127.0.0.1:{port}{BASE}"
    yield at, f"{at}lab/tree/explorer.ipynb?reset", bool(request.param)
    process.terminate()
    process.wait(60)


def listening(port):
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("lab", ["", PROXIED], indirect=True, ids=["direct", "proxied"])
def test_the_page_is_in_a_cell_of_jupyterlab_and_runs(lab):
    at, notebook, proxied = lab
    asked, missing = [], []
    with playwright.sync_playwright() as driver:
        chromium = launched(driver)
        page, outside, errors = watched(chromium, PATIENCE)
        page.on("request", lambda r: asked.append(r.url))
        page.on("response", lambda r: missing.append(r.url) if r.status == 404 else None)
        page.on("websocket", lambda w: asked.append(w.url.replace("ws:", "http:", 1)))
        page.goto(notebook)
        page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first.wait_for()
        page.keyboard.press("Shift+Enter")
        frame = page.frame_locator("iframe")
        run = frame.get_by_role("button", name="Run", exact=True)
        run.wait_for()
        page.keyboard.press("Control+Enter")  # the second cell
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]').first.wait_for()
        run.click()
        said, end = frame.locator(".says .hx").first, time.monotonic() + PATIENCE
        while not re.search("Run 1 finished|Failed", said.inner_text()):
            assert time.monotonic() < end, said.inner_text()
            time.sleep(0.1)
        assert "Run 1 finished" in said.inner_text()
        frame.locator("img[alt^='The story of']").wait_for()
        stderr = page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count()
        chromium.close()
    assert outside == [] and errors == [] and stderr == 0, (missing, errors)
    elsewhere = [url for url in asked if url.startswith("http") and not url.startswith(at)]
    assert (elsewhere == []) == proxied, elsewhere[:3]
