"""Chromium for tests of the explorer, which finds no name but that of this machine, and the page in it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="tests in a browser need playwright (python -m pip install playwright)"
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NEEDED = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="tests in a browser need Chromium"),
]
OFFLINE = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
PATIENCE = 240  # s: the first run may compile
HERE = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")


def launched(driver):
    return driver.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)


def watched(chromium, seconds):
    """A new page, its requests beyond this machine, and its errors."""
    outside, errors = [], []
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.set_default_timeout(seconds * 1000)
    page.on("request", lambda r: outside.append(r.url) if not r.url.startswith(HERE) else None)
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    return page, outside, errors


class Browser:
    """One browser on the page; its requests beyond this machine and its errors are kept."""

    def __init__(self, chromium, address):
        self.page, self.outside, self.errors = watched(chromium, PATIENCE)
        self.page.goto(address)
        self.button("Run").wait_for()

    def button(self, words):
        return self.page.get_by_role("button", name=words, exact=True)

    def says(self):
        return self.page.locator(".says .hx").first.inner_text()

    def until(self, pattern):
        end, seen = time.monotonic() + PATIENCE, ""
        while time.monotonic() < end:
            seen = self.says()
            if re.search(pattern, seen):
                return seen
            time.sleep(0.02)
        raise AssertionError(f"{pattern!r} did not come; the page says {seen!r}.")

    def run(self, number):
        """Press Run; what the page says when it is over, and its main number as it is shown."""
        self.button("Run").click()
        said = self.until(f"Run {number} finished|Failed")
        return re.fullmatch(rf"Run {number} finished: mean calcium in solids (\S+) mM\.", said)[1]

    def fill(self, css, text):
        box = self.page.locator(f".{css} input")
        box.fill(text)
        box.press("Enter")

    def slide(self, name, presses):
        """Move a slider by arrow keys, to the left where presses are negative."""
        handle = self.page.locator(f".slider-{name} .noUi-handle")
        handle.focus()
        for _ in range(abs(presses)):
            handle.press("ArrowRight" if presses > 0 else "ArrowLeft")

    def give(self, treatment):
        """Switch a treatment on by a click on its words, right of the box."""
        switch = self.page.locator(f".treat-{treatment}")
        switch.locator("label span").click()
        playwright.expect(switch.locator("input")).to_be_checked(timeout=1000 * PATIENCE)

    def downloaded(self, words, path):
        with self.page.expect_download() as found:
            self.page.get_by_text(words, exact=True).locator("visible=true").first.click()
        found.value.save_as(path)
        return path

    def open(self, tab):
        self.page.get_by_text(tab, exact=True).first.click()


@contextmanager
def served(**environment):
    """`hapsim explore` in a process of its own; ended by Ctrl-C, which must be clean. Its address."""
    command = [sys.executable, "-m", "sim", "explore", "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, **environment}, **pipes) as process:
        try:
            yield re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
        finally:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0 and "Traceback" not in said, said
