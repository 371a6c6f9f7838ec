"""A site that is built again holds no page of what is no more, and loses no file of anybody's own."""

import pytest

from docs.building import stale_pages

sphinx = pytest.importorskip("sphinx.application", reason="the site needs Sphinx")

pytestmark = pytest.mark.filterwarnings("default")
CONF = """
from docs.building import stale_pages
extensions = ["sphinx.ext.viewcode", "sphinx.ext.autodoc"]
root_doc = "index"
def setup(app):
    app.connect("builder-inited", stale_pages.note_site)
    app.connect("build-finished", stale_pages.remove_stale)
"""
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)  # fmt: skip  # a PNG of one dot


def build(folder, pages):
    """A site of these pages, {name: text}, in place of those of the build before."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    for old in source.glob("*.rst"):
        old.unlink()
    (source / "conf.py").write_text(CONF)
    (source / "dot.png").write_bytes(DOT)
    (source / "index.rst").write_text(
        "Index\n=====\n\n.. toctree::\n\n" + "".join(f"   {p}\n" for p in pages)
    )
    for name, text in pages.items():
        (source / f"{name}.rst").write_text(f"{name}\n{'=' * len(name)}\n\n{text}\n")
    app = sphinx.Sphinx(source, source, folder / "site", folder / "kept", "html", status=None, warning=None)
    app.build()
    return folder / "site"


def there(site):
    return {p.relative_to(site).as_posix() for p in site.rglob("*.html")} - {"genindex.html", "search.html"}


def test_pages_and_pictures_that_are_no_more_go(tmp_path):
    site = build(tmp_path, {"one": "x", "old": ".. image:: dot.png\n\n.. autofunction:: sim.texts.printable"})
    own = site / "own.html"
    own.write_text("mine")
    assert {"index.html", "one.html", "old.html", "_modules/sim/texts.html"} <= there(site)
    assert (site / "_images" / "dot.png").exists()
    build(tmp_path, {"one": "x", "new": "y"})
    assert there(site) == {"index.html", "one.html", "new.html", "own.html"}
    assert not (site / "_images" / "dot.png").exists() and not (site / "_modules").exists()
    build(tmp_path, {"one": "x", "new": "y"})  # nothing is read or written anew
    assert there(site) == {"index.html", "one.html", "new.html", "own.html"} and own.read_text() == "mine"


def test_the_site_of_an_older_build_is_cleared_too(tmp_path):
    """It kept no record of its pages."""
    site = build(tmp_path, {"one": "x", "old": "z"})
    (tmp_path / "kept" / stale_pages.RECORD).unlink()
    build(tmp_path, {"one": "x"})
    assert there(site) == {"index.html", "one.html"}


def test_a_folder_that_held_no_site_keeps_what_lies_in_it(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "own.html").write_text("mine")
    assert "own.html" in there(build(tmp_path, {"one": "x"}))
