"""The page in Chromium, driven by playwright, where no name but that of this machine is found."""

import re
import signal
import subprocess
import sys
import time

import pytest

import sim

pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")

from chromium import NEEDED, launched, playwright, watched  # noqa: E402

pytestmark = NEEDED
PATIENCE = 180  # s: the first run may compile


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
        """Switch a treatment on by a click on its words, right of the box; wait until the page lies still."""
        switch = self.page.locator(f".treat-{treatment}")
        switch.wait_for()
        box = switch.bounding_box()
        switch.click(position={"x": 0.9 * box["width"], "y": 0.5 * box["height"]})
        playwright.expect(switch.locator("input")).to_be_checked(timeout=1000 * PATIENCE)

    def downloaded(self, words, path):
        with self.page.expect_download() as found:
            self.page.get_by_text(words, exact=True).locator("visible=true").first.click()
        found.value.save_as(path)
        return path

    def open(self, tab):
        self.page.get_by_text(tab, exact=True).first.click()


@pytest.fixture(scope="module")
def server():
    """`hapsim explore` in a process of its own; ended by Ctrl-C, which must be clean."""
    command = [sys.executable, "-m", "sim", "explore", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
        yield address
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0 and "Traceback" not in said, said


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
