"""The page in Chromium, driven by playwright, where no name but that of this machine is found."""

import re
import subprocess
import sys

import pytest
from PIL import Image

import sim

pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")

from chromium import NEEDED, PATIENCE, Browser, launched, playwright, served  # noqa: E402

pytestmark = NEEDED
UNNAMED = re.compile(r"\s*- (textbox|slider|combobox|checkbox|progressbar|button)(:|$)")


@pytest.fixture(scope="module")
def server():
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as driver:
        found = launched(driver)
        yield found
        found.close()


@pytest.fixture
def browser(chromium, server):
    found = Browser(chromium, server)
    found.fill("box-duration", "2")
    yield found
    found.page.close()
    assert found.outside == [] and found.errors == []


def test_a_slider_changes_the_result_and_the_script_gives_the_number_shown(browser, tmp_path):
    first = browser.run(1)
    browser.slide("plasma-P", 60)
    browser.slide("plasma-PPi", -20)
    second = browser.run(2)
    assert float(second) > float(first)
    browser.open("Comparison")
    table = browser.page.locator(".difference .hx").inner_text()
    assert f"{first} mM" in table and f"{second} mM" in table
    browser.open("Files")
    path = browser.downloaded("Python script", tmp_path / "run.py")
    more = "print(f\"{sim.measures.mean('Ca_in_mineral')(result):.3g}\")\n"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == second
    saved = sim.load(browser.downloaded("Data (NetCDF)", tmp_path / "run.nc"))
    assert f"{sim.measures.mean('Ca_in_mineral')(saved):.3g}" == second
    again = sim.scenario(browser.downloaded("Scenario (TOML)", tmp_path / "run.toml"))
    assert again.diff(saved.scenario) == "no difference"


def test_pictures_are_drawn_and_taken_away(browser, tmp_path):
    browser.run(1)
    for tab in ("Story", "Map", "Over time", "Budget", "Imaging"):
        browser.open(tab)
        assert browser.downloaded("Picture (PDF)", tmp_path / "p.pdf").read_bytes().startswith(b"%PDF"), tab
    browser.page.locator(".choice-Imaging select").select_option(label="radiograph of the chest")
    browser.page.locator("img[alt='Simulated radiograph of the chest']").wait_for()


def test_a_movie_is_made_in_the_background_and_saved(browser, tmp_path):
    browser.run(1)
    browser.open("Map")
    browser.button("Movie (WebP)").click()
    browser.page.get_by_text("The movie of Ca_in_mineral is ready").wait_for()
    with Image.open(browser.downloaded("Save the movie", tmp_path / "m.webp")) as film:
        assert film.format == "WEBP" and film.n_frames == 100


def test_the_page_is_used_by_keys_and_by_names(browser):
    """What a screen reader is told of fields, and tabs without a pointer."""
    named = browser.page.get_by_role
    named("textbox", name="plasma.P [mM]").wait_for()
    for role, name in (
        ("slider", "plasma.P, a slider"), ("combobox", "scenario"), ("combobox", "geometry"),
        ("progressbar", "how much of the run"), ("textbox", "duration [day]"),
    ):  # fmt: skip
        assert named(role, name=name).count() == 1, name
    assert not [t for t in browser.page.locator("body").aria_snapshot().splitlines() if UNNAMED.match(t)]
    browser.button("Run").focus()
    browser.page.keyboard.press("Enter")
    browser.until("Run 1 finished")
    tab = named("tab", name="Numbers")
    tab.focus()
    browser.page.keyboard.press("Enter")
    browser.page.locator(".numbers .hx").get_by_text("lowest pH").wait_for()
    assert browser.page.locator(".heard").get_attribute("role") == "status"


def test_in_a_narrow_window_every_tab_is_within_reach(browser):
    browser.page.set_viewport_size({"width": 380, "height": 640})
    for tab in browser.page.locator(".bk-tab").all():
        box = tab.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 380


def test_cancel_keeps_a_partial_map(browser):
    browser.page.locator(".geometry select").select_option(label="rectangle, 2-D")
    browser.page.locator(".note-cells").get_by_text("1600 cells").wait_for()
    browser.fill("box-duration", "3000")
    browser.button("Run").click()
    browser.until(r"Running.*\d+ steps")
    browser.button("Cancel").click()
    said = browser.until("Run 1 interrupted at|finished|Failed")
    assert "Run 1 interrupted at" in said
    browser.open("Map")
    picture = browser.page.locator("img[alt*='over time and place']")
    picture.wait_for()
    assert picture.evaluate("e => e.naturalWidth") > 300


def test_a_treatment_lowers_the_mineral(browser):
    """Pyrophosphate, whose file says so, in tissue that mineralises."""
    browser.slide("plasma-P", 60)
    browser.slide("plasma-PPi", -20)
    browser.fill("box-duration", "10")
    untreated = float(browser.run(1))
    browser.page.get_by_text("Treatments (none given)").click()
    browser.give("pyrophosphate")
    browser.fill("dose-pyrophosphate", "50")
    browser.page.get_by_text("Treatments (1 given)").wait_for()
    assert float(browser.run(2)) < untreated


def test_garbage_is_refused_in_words(browser):
    browser.fill("box-plasma-Ca", "__import__('os').getcwd()")
    browser.fill("box-duration", "soon")
    for css, name in (("note-plasma-Ca", "plasma.Ca"), ("note-duration", "duration")):
        note = browser.page.locator(f".{css} .refused")
        note.wait_for()
        assert note.inner_text().startswith(f"{name} = ")
    browser.button("Run").click()
    assert "duration" in browser.until("Not run: see") and "plasma.Ca" in browser.says()
    browser.fill("box-plasma-Ca", "1.4")
    browser.fill("box-duration", "2")
    browser.run(1)


def test_two_browsers_at_once_do_not_mix(browser, chromium, server):
    other = Browser(chromium, server)
    other.fill("box-duration", "2")
    other.fill("box-acid-load", "0")
    other.page.locator(".note-acid-load").wait_for(state="attached")
    browser.button("Run").click()
    other.button("Run").click()
    numbers = [b.until("Run 1 finished").split()[-2] for b in (browser, other)]
    base = sim.scenario("infarct_myocardium").changed({"duration": "2 day"})
    mean = sim.measures.mean("Ca_in_mineral")
    expected = [f"{mean(sim.simulate(s)):.3g}" for s in (base, base.changed({"acid.load": "0 mM"}))]
    assert numbers == expected and expected[0] != expected[1]
    other.page.close()
    assert other.outside == [] and other.errors == []
