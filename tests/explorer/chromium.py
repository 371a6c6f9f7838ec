"""Chromium for tests of the explorer: where it is, and how it finds no name but that of this machine."""

import shutil

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
