"""The files that numbers come from are hashed: all of them, and no others."""

import ast
import shutil
from pathlib import Path

import pytest

import sim
from sim.identity.definition import run_definition
from sim.identity.settings import Settings
from sim.identity.sources import NO_NUMBERS, files_of_numbers, sources_hash

PACKAGE = Path(sim.__file__).parent


def test_every_name_of_what_decides_no_number_is_there():
    assert [n for n in sorted(NO_NUMBERS) if not (PACKAGE / n).exists()] == []


def imports(path):
    """Files of the package that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
        for name in names:
            if name.startswith("sim."):
                place = PACKAGE.joinpath(*name.split(".")[1:])
                found = [place.with_suffix(".py"), place / "__init__.py"]
                yield from (p for p in found if p.exists())


# What a run reaches of the files that are left out, and why they decide nothing there.
REACHED = {
    "errors.py": "sentences",
    "identity": "its settings and definitions are in the hash by value, under FORMAT",
    "parameters/references.py": "who measured a number",
    "run/memory.py": "whether a run is begun, not what it gives",
    "run/stored/vtk.py": "files made of results",
    "files.py": "how files are written",
    "texts.py": "numbers as they are printed",
}


def test_what_a_run_reaches_is_hashed_or_known_to_decide_nothing():
    """From simulate and from all that a scenario can name, along every import."""
    waiting = [PACKAGE / n for n in ("run/simulate.py", "experiment/catalogue.py", "experiment/change.py")]
    reached = set()
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += imports(path)
    hashed = {PACKAGE / n for n in files_of_numbers(PACKAGE)}
    assert len(reached) > 80
    left_out = {p.relative_to(PACKAGE).as_posix() for p in reached - hashed}
    assert {n for n in left_out if n not in REACHED and n.split("/")[0] not in REACHED} == set()


@pytest.fixture
def copy(tmp_path):
    """A copy of the package whose files can be changed."""
    made = tmp_path / "sim"
    shutil.copytree(PACKAGE, made, ignore=shutil.ignore_patterns("__pycache__"))
    return made


def hash_of(folder):
    sources_hash.cache_clear()
    return sources_hash(folder)


@pytest.fixture(autouse=True)
def _fresh():
    yield
    sources_hash.cache_clear()


TABLES = (p for kind in ("*.toml", "*.csv") for p in (PACKAGE / "data").rglob(kind))
DATA = sorted(p.relative_to(PACKAGE / "data").as_posix() for p in TABLES)
# Named by users, and in a definition field by field, or what results are compared with and shown by
INPUTS = {"calibration", "experiments", "explorer", "scenarios", "sweeps", "validation"}


@pytest.mark.parametrize("name", [n for n in DATA if n.split("/")[0] not in INPUTS])
def test_a_number_in_any_table_of_data_changes_the_hash(copy, name):
    """Constants enter a model by the name of their set alone."""
    before = hash_of(copy)
    path = copy / "data" / name
    path.write_text(path.read_text(encoding="utf-8") + "\n# another number\n", encoding="utf-8")
    assert hash_of(copy) != before


@pytest.mark.parametrize(
    ("name", "decides"),
    [
        ("kinetics/growth.py", True),
        ("solvers/__init__.py", True),
        ("run/simulate.py", True),
        ("chemistry/a_new_file.py", True),
        ("data/a_new_table.toml", True),
        ("plotting/style.py", False),
        ("sweeps/driver.py", False),
        ("data/sweeps/acid_question.toml", False),
        ("data/scenarios/tb_caseous.toml", False),
        ("__init__.py", False),
        ("data/references.bib", False),
    ],
)
def test_a_line_more_decides_where_numbers_come_from(copy, name, decides):
    before = hash_of(copy)
    with (copy / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert (hash_of(copy) != before) == decides


def test_the_sources_are_in_the_definition_of_a_run():
    definition = run_definition(sim.scenario("infarct_myocardium"), Settings())
    assert definition["sources"] == hash_of(PACKAGE)
