"""The page of pictures has every figure of sim.plotting, each with its call and its picture."""

import re
import runpy
from pathlib import Path

import pytest
from PIL import Image

from sim import plotting as plot

DOCS = Path(__file__).parents[2] / "docs"
SHEET = runpy.run_path(str(DOCS / "contact_sheet.py"), run_name="sheet")
NO_FIGURE = {
    "colour",
    "style",
    "projected",
    "live",
}  # a colour, a look, numbers, what goes on
MOST = 3e6  # bytes of all pictures


@pytest.fixture(scope="module")
def page():
    return (DOCS / "pictures.md").read_text(encoding="utf-8")


def calls():
    return [c for of in SHEET["CALLS"].values() for c in of]


def test_every_function_is_drawn():
    drawn = {re.match(r"plot\.(\w+)\(", c)[1] for c in calls()}
    assert drawn == set(plot.__all__) - NO_FIGURE


def test_the_page_is_the_one_that_the_script_writes(page):
    assert SHEET["START"] + SHEET["table"]() + SHEET["END"] in page


def test_every_picture_is_there_and_small():
    files = {SHEET["file_of"](c, calls()[:k]) for k, c in enumerate(calls())}
    assert files == {p.name for p in (DOCS / "pictures").iterdir()}
    assert sum(p.stat().st_size for p in (DOCS / "pictures").iterdir()) < MOST
    for path in (DOCS / "pictures").iterdir():
        with Image.open(path) as image:
            image.verify()
