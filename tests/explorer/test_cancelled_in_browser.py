"""Cancel while code is compiled for real: a server with an empty folder of compiled code, in Chromium."""

import pytest

import sim

pytest.importorskip("panel", reason="the explorer needs Panel (the extra app)")

from chromium import NEEDED, Browser, launched, playwright, served  # noqa: E402

pytestmark = NEEDED


@pytest.fixture
def browser(tmp_path):
    with served(HAPSIM_CACHE=str(tmp_path)) as address, playwright.sync_playwright() as driver:
        chromium = launched(driver)
        found = Browser(chromium, address)
        yield found
        chromium.close()  # the server ends next: by Ctrl-C, while code is compiled
        assert found.outside == [] and found.errors == []


def test_cancel_while_code_is_compiled_frees_the_page(browser):
    browser.fill("box-duration", "3")
    browser.button("Run").click()
    browser.until("^Compiling")
    browser.button("Cancel").click()
    browser.until("^Cancelled before its first step")
    browser.fill("box-duration", "2")
    browser.button("Run").click()
    browser.until("^Waiting: code of another run")
    said = browser.until("Run 1 |Failed")
    expected = sim.simulate(sim.scenario("infarct_myocardium").changed({"duration": "2 day"}))
    mean = sim.measures.mean("Ca_in_mineral")(expected)
    assert said == f"Run 1 finished: mean calcium in solids {mean:.3g} mM."
    other = sim.scenario("fat_necrosis_pancreatitis").title
    browser.page.locator(".picker select").select_option(label=other)
    browser.page.locator(".hx .name").get_by_text("fat_necrosis_pancreatitis").wait_for()
    browser.button("Run").click()
    browser.until("^Compiling")
    browser.button("Cancel").click()
    browser.until("^Cancelled before its first step")
