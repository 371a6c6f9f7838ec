"""The Python of every page of docs/ runs as it stands, in order, and prints what stands behind `#`."""

import contextlib
import io
import re
from pathlib import Path

import pytest
from docs_pages import promised

from docs.building import source_tree

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"```python\n(.*?)```", re.S)
# Those that need more than this file gives have tests of their own, which run all of their code.
ELSEWHERE = {
    "calibration.md": "tests/calibration/test_calibration_docs.py",
    "choose_a_solver.md": "tests/solvers/test_rows.py",
    "imaging.md": "tests/imaging/test_imaging_page.py",
    "index.md": "tests/test_readme.py",  # the first lines of the README
    "interventions_and_results.md": "tests/run/test_interventions_and_results_page.py",
    "mri_and_histology.md": "tests/imaging/test_mri_and_histology_page.py",
    "own_mineral.md": "tests/model/test_own_docs.py",
    "own_reaction.md": "tests/model/test_own_docs.py",
    "own_scenario.md": "tests/experiment/test_own_scenario.py",
    "own_solver.md": "tests/solvers/test_rows.py",
    "sweeps.md": "tests/sweeps/test_sweeps_docs.py",
    "treatments.md": "tests/run/test_treatments_page.py",
}
SLOW = {"cluster.md", "pictures.md"}  # starts two processes; makes a sweep and a fit for its figures
SHOWN_ONLY = {"cluster.md": 1}  # blocks at the end that need what is not here: a cluster


def blocks(page):
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return found[: len(found) - SHOWN_ONLY.get(page.name, 0)]


HERE = [
    pytest.param(p, marks=[pytest.mark.slow] if p.name in SLOW else [], id=p.stem)
    for p in PAGES
    if p.name not in ELSEWHERE and blocks(p)
]


@pytest.mark.parametrize("page", HERE)
def test_the_code_of_a_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for code in blocks(page):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, str(page), "exec"), names)  # noqa: S102  # our own documentation
        assert out.getvalue().splitlines() == promised(code)
    plt.close("all")


def test_the_code_of_every_page_is_run_somewhere():
    with_code = {p.name for p in PAGES if blocks(p)}
    assert with_code == {p.values[0].name for p in HERE} | (ELSEWHERE.keys() & with_code)
    for name, test in ELSEWHERE.items():
        text = (ROOT / test).read_text(encoding="utf-8")
        assert name.removesuffix(".md") in text or name == "index.md", name


def test_the_first_lines_of_the_site_are_those_of_the_readme():
    """So the tests of the README run them."""
    code = blocks(ROOT / "docs" / "index.md")[0].replace("plot.story(result)", "")
    told = (ROOT / "README.md").read_text(encoding="utf-8")
    wanted = [line.partition("  #")[0].strip() for line in code.splitlines() if line.strip()]
    assert wanted[:2] == ["import sim", "from sim import plotting as plot"]
    assert all(line in told for line in wanted[:2]) and "plot.story(result)" in told
    assert 'sim.scenario("infarct_myocardium")' in told and 'sim.scenario("infarct_myocardium")' in wanted[2]


def test_a_page_that_promises_something_else_is_found(tmp_path, monkeypatch):
    page = tmp_path / "wrong.md"
    page.write_text("```python\nprint(1 + 1)  # 3\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        test_the_code_of_a_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch)


PAPERS = [*PAGES, *(ROOT / n for n in source_tree.PAPERS if n.endswith(".md"))]


@pytest.mark.parametrize("page", PAPERS, ids=lambda p: p.name)
def test_links_lead_somewhere_in_the_repository(page):
    """Also those of the site's own pages: tables that are made while it is built are linked by their list."""
    for target in source_tree.LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target[0]).exists(), target[0]


def test_every_page_is_in_the_contents():
    """A page that no list of contents names could not be found; Sphinx says so too, where it is installed."""
    listed = set()
    for page in PAGES:
        for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
            listed |= {line for line in block.splitlines() if line and not line.startswith(":")}
    assert {p.stem for p in PAGES} - {"index"} <= listed
    assert {p.removesuffix(".md") for p in source_tree.PAPERS.values() if p.endswith(".md")} <= listed


def test_links_between_files_become_links_between_pages():
    places = {"docs/a.md": "a.md", "README.md": "readme.md", "notebooks/n.ipynb": "notebooks/n.ipynb"}
    text = "[r](../README.md#x), [n](../notebooks/n.ipynb), [a](a.md), [d](../sim/data/b.toml), [w](https://b.c/d)"
    assert source_tree.relinked(text, "docs/a.md", places) == (
        "[r](readme.md#x), [n](notebooks/n.ipynb), [a](a.md), [d] (`sim/data/b.toml`), [w](https://b.c/d)"
    )
    assert source_tree.relinked("[a](docs/a.md)", "README.md", places) == "[a](a.md)"
    assert source_tree.relinked("[r](../README.md)", "notebooks/n.ipynb", places) == "[r](../readme.md)"
