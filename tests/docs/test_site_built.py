"""The site itself: built with every warning an error, whole, and asking nothing of a network."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import sim
from docs import __main__ as command
from docs.building import api_pages, parameter_pages, tables

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default"), pytest.mark.timeout(900)]
CHROMIUM = Path("/usr/bin/chromium")
LOADED = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of a fresh build."""
    if lacking := command.missing():
        pytest.skip(f"the site needs {', '.join(lacking)}: python -m pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("docs") / "site"
    assert command.main([str(folder)]) == 0, "a warning of Sphinx, printed above"
    return folder


class Links(HTMLParser):
    """What a page loads, where it links to, and what can be linked to in it."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.places = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.places |= {found[k] for k in ("id", "name") if found.get(k)}
        if tag in LOADED and found.get(LOADED[tag]) and found.get("rel") != "canonical":
            self.loads.append(found[LOADED[tag]])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])


@cache
def page(path):
    return Links(path.read_text(encoding="utf-8"))


def pages(site):
    return sorted(p for p in site.rglob("*.html") if "_static" not in p.parts)


def test_nothing_is_loaded_from_elsewhere(site):
    """Scripts, styles, pictures and fonts lie in the site, and what styles name does too."""
    for path in pages(site):
        for address in page(path).loads:
            parts = urlsplit(address)
            assert parts.scheme in ("", "data"), (path.name, address)
            assert parts.scheme or (path.parent / unquote(parts.path)).exists(), (path.name, address)
    for path in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import\s)['\"]?(?:https?:)?//", path.read_text(encoding="utf-8")), (
            path
        )


def test_every_link_within_the_site_leads_somewhere(site):
    lost = []
    for path in pages(site):
        for address in page(path).links:
            parts = urlsplit(address)
            if parts.scheme or address in ("#", "#top"):
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not there.exists():
                lost.append((path.name, address))
            elif parts.fragment and there.suffix == ".html":
                if unquote(parts.fragment) not in page(there).places:
                    lost.append((path.name, address))
    assert lost == []


def test_every_public_name_and_every_parameter_can_be_linked_to(site):
    for name, place in api_pages.places().items():
        file, _, part = place.partition("#")
        assert not part or part in page(site / f"{file}.html").places, name
    found = page(site / "reference" / "parameters.html").places
    assert {tables.slug(n) for n in parameter_pages.every_parameter()} <= found


def test_notebooks_show_what_is_stored(site):
    """Pictures and printed answers; nothing ran while the site was built."""
    text = (site / "notebooks" / "05_does_acid_help.html").read_text(encoding="utf-8")
    assert "apatite of steady pH 7.4" in text and "<img" in text and "Traceback" not in text


def test_equations_are_mathml_and_need_no_script(site):
    text = (site / "model.html").read_text(encoding="utf-8")
    assert text.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">') > 8
    assert not [a for a in page(site / "model.html").loads if "mathjax" in a.lower()]
    assert r"\frac" not in text


def test_names_in_code_are_links(site):
    tour = page(site / "tour.html").links
    assert "reference/scenarios/infarct_myocardium.html" in tour
    assert any(
        a.startswith("reference/parameters.html#inhibition") for a in page(site / "validation.html").links
    )


def test_a_browser_searches_and_asks_for_nothing_else(site):
    """From the files, with every name of a host unknown."""
    playwright = pytest.importorskip("playwright.sync_api", reason="searching needs playwright")
    if not CHROMIUM.exists():
        pytest.skip(f"searching needs a browser at {CHROMIUM}")
    flags = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        tab = browser.new_page()
        asked, complaints = [], []
        tab.on("request", lambda r: asked.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
        tab.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        for name in ("index", "tour", "reference/parameters", "api/sim.simulate", "notebooks/01_first_run"):
            tab.goto((site / f"{name}.html").as_uri())
        for word, wanted in (
            ("simulate", "sim.simulate"),
            ("growth.k", "Parameters"),
            ("tuberculosis", "Caseous"),
        ):
            tab.goto(f"{(site / 'search.html').as_uri()}?q={word}")
            tab.wait_for_selector("#search-results li", timeout=20_000)
            tab.wait_for_timeout(1500)
            assert wanted in tab.inner_text("#search-results"), word
        browser.close()
    assert asked == [] and complaints == []


def test_the_scenarios_of_the_site_are_those_of_the_package(site):
    there = {p.stem for p in (site / "reference" / "scenarios").glob("*.html")}
    assert there == set(sim.scenarios())
