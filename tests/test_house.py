"""The house keeps its rules (tests/house_rules.py), and each rule is shown a bad house that it refuses."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import house_rules as house
import pytest

ROOT = Path(__file__).parents[1]
SIM = ROOT / "sim"
LATE_IMPORTS = ("matplotlib", "xarray", "pandas", "dask", "h5py", "h5netcdf", "sksundae", "numba")

RULES = [
    house.upward_imports,
    house.import_rings,
    house.folder_rings,
    house.loose_files,
    house.full_folders,
    house.empty_names,
    house.long_files,
    house.lists_of_facts,
    house.other_ways_to_change,
    house.vector_types_elsewhere,
    house.crowded_kernels,
    house.twins,
    house.other_caches,
    house.fields_of_text_or_number,
    house.hidden_in_objects,
    house.same_class_twice,
    house.bare_names,
    house.other_identities,
    house.unsafe_calls,
]

NINE = "from sim.jit.kernel import kernel\n@kernel\ndef f(a, b, c, d, e, f, g, h, i):\n    return a\n"
BAD_HOUSES = [
    (house.upward_imports, {"units/text.py": "from sim.model import process"}, "sim.model (4)"),
    (house.upward_imports, {"units/text.py": "def f():\n    import sim.cli"}, "sim.cli (11)"),
    (house.upward_imports, {"files.py": "from . import cli", "cli/__init__.py": ""}, "sim.cli (11)"),
    (house.upward_imports, {"space/grid.py": "from ..binder.system import x"}, "sim.binder.system (5)"),
    (house.upward_imports, {"space/grid.py": "from sim import Model"}, "imports sim (12)"),
    (house.upward_imports, {"novelty/new.py": ""}, "has no layer"),
    (
        house.import_rings,
        {"files.py": "from sim import errors", "errors.py": "import sim.files"},
        "sim.errors -> sim.files -> sim.errors",
    ),
    (
        house.import_rings,
        {"solvers/__init__.py": "from .cvode import a", "solvers/cvode.py": "from . import b"},
        "sim.solvers -> sim.solvers.cvode -> sim.solvers",
    ),
    (
        house.folder_rings,
        {
            "run/one.py": "from sim.run.inner.two import a",
            "run/inner/two.py": "from sim.run.three import b",
            "run/three.py": "",
        },
        "sim/run/inner -> sim/run -> sim/run/inner",
    ),
    (house.loose_files, {"novelty.py": ""}, "novelty.py lies loose"),
    (house.full_folders, {f"run/f{k}.py": "" for k in range(15)}, "run holds 15 files"),
    (house.empty_names, {"space/utils.py": ""}, "utils"),
    (house.empty_names, {"helpers/a.py": ""}, "helpers"),
    (house.long_files, {"units/text.py": "x = 1\n" * 301}, "301 lines"),
    (house.long_files, {"chemistry/speciation.py": "x = 1\n" * 301}, "301 lines"),
    (house.lists_of_facts, {"run/ledger.py": "SOLIDS = ('HAP', 'OCP')"}, "a list of solids (HAP, OCP)"),
    (house.lists_of_facts, {"run/a.py": "V = {'HAP': 1, 'DCPD': 2}"}, "a list of solids"),
    (house.lists_of_facts, {"run/a.py": "if k in ('slab', 'box'):\n    pass"}, "a list of geometries"),
    (house.lists_of_facts, {"run/a.py": "M = {'ndf': 1, 'rk': 2}"}, "a list of solvers (ndf, rk)"),
    (house.lists_of_facts, {"run/a.py": "M = ['ester', 'PPi', 'doomed']"}, "a list of species"),
    (
        house.other_ways_to_change,
        {"cli/run.py": "s = s.with_geometry('slab', {'lesion': 3})"},
        ".with_geometry(...) instead of .changed",
    ),
    (house.vector_types_elsewhere, {"solvers/a.py": "import llvmlite.ir as ir"}, "imports llvmlite"),
    (house.vector_types_elsewhere, {"a.py": "WIDTH = 8", "simd/b.py": "WIDTH = 8"}, "WIDTH is said in"),
    (house.crowded_kernels, {"space/a.py": NINE}, "sim.space.a.f takes 9 arguments"),
    (house.crowded_kernels, {"space/a.py": NINE.replace("(a,", "(a: float,")}, "takes 9 arguments"),
    (house.crowded_kernels, {"space/a.py": NINE.replace("@kernel", "@jit.plain_kernel")}, "9 arguments"),
    (
        house.crowded_kernels,
        {"space/a.py": "@kernel\ndef f(r):\n    a, b, c, d = r\n    return a\n"},
        "unpacks 4 values of r by position",
    ),
    (house.twins, {"space/a.py": "def _f(x):\n    return x\nf = kernel(_f)"}, "sim.space.a: _f and f"),
    (
        house.twins,
        {"space/a.py": "def g(x):\n    return x\nf = kernel(nogil=True)(g)"},
        "write @kernel above",
    ),
    (house.other_caches, {"space/a.py": "from numba import njit"}, "imports numba.njit"),
    (house.other_caches, {"space/a.py": "import numba\n@numba.jit\ndef f(): pass"}, "numba.jit"),
    (house.other_caches, {"space/a.py": "import numba as nm\n@nm.njit\ndef f(): pass"}, "nm.njit"),
    (house.other_caches, {"space/a.py": "from numba.core.decorators import njit"}, "imports numba.njit"),
    (house.other_caches, {"space/a.py": "@kernel(cache=True)\ndef f(): pass"}, "cache=True"),
    (
        house.fields_of_text_or_number,
        {"run/a.py": "@dataclass\nclass A:\n    at: float | str"},
        "sim.run.a.A.at: float | str",
    ),
    (house.hidden_in_objects, {"run/a.py": "vars(model)['_kept'] = 1"}, "vars(model)['_kept']"),
    (house.hidden_in_objects, {"run/a.py": "kept.setdefault('_made', {})"}, "setdefault"),
    (house.same_class_twice, {"run/a.py": "class A: pass", "space/b.py": "class A: pass"}, "A is a class in"),
    (house.bare_names, {"run/a.py": "from sim.run.b import load\nload(1)"}, "uses load of sim.run.b bare"),
    (house.other_identities, {"run/a.py": "import hashlib"}, "sim.run.a imports hashlib"),
    (house.unsafe_calls, {"files.py": "eval('1')"}, "calls eval"),
    (house.unsafe_calls, {"files.py": "exec(compile('1', '', 'exec'))"}, "calls exec"),
    (house.unsafe_calls, {"files.py": "import builtins\nbuiltins.exec('')"}, "builtins.exec"),
    (house.unsafe_calls, {"files.py": "from pickle import loads"}, "imports pickle"),
    (house.unsafe_calls, {"files.py": "import ruamel.yaml"}, "imports ruamel"),
    (house.unsafe_calls, {"files.py": "joblib.load('x')"}, "is pickle"),
    (house.unsafe_calls, {"files.py": "np.load('x', allow_pickle=True)"}, "allow_pickle"),
    (house.unsafe_calls, {"files.py": "text = '@njit(fastmath=True)'"}, "fastmath"),
]
GOOD_HOUSES = [
    (house.unsafe_calls, "import re\nre.compile('a')"),
    (house.unsafe_calls, "from joblib import Parallel"),
    (house.unsafe_calls, "np.load('x', allow_pickle=False)"),
    (house.unsafe_calls, "model.eval(3)"),
    (house.lists_of_facts, "pair = ('HAP', 'pH')"),
    (house.crowded_kernels, NINE.replace("(a, b,", "(a: Grid, b,")),
    (house.other_caches, "@kernel(cache=False)\ndef f(): pass"),
    (house.fields_of_text_or_number, "@dataclass\nclass A:\n    at: dict[str, float | str]"),
    (house.hidden_in_objects, "x = vars(model)['kept'], rows['__all__']"),
    (house.bare_names, "from sim.run import b\nb.load(1)"),
]


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rule(rule):
    assert rule(SIM) == []


def build(folder, files):
    for name, text in files.items():
        path = folder / "sim" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "sim"


@pytest.mark.parametrize(("rule", "files", "words"), BAD_HOUSES)
def test_each_rule_sees_a_bad_house(tmp_path, rule, files, words):
    assert words in " ".join(rule(build(tmp_path, files)))


def test_every_rule_was_shown_a_bad_house():
    assert {rule for rule, _, _ in BAD_HOUSES} == set(RULES)


@pytest.mark.parametrize(("rule", "text"), GOOD_HOUSES)
def test_harmless_code_passes(tmp_path, rule, text):
    assert rule(build(tmp_path, {"files.py": text})) == []


def import_cost(folder, cache):
    """What `import sim` from `folder` brings in of what is slow; without numba nothing is compiled."""
    code = f"""
        import sys
        import sim
        print(sim.__file__)
        print([name for name in {LATE_IMPORTS!r} if name in sys.modules])
    """
    env = os.environ | {"HAPSIM_CACHE": str(cache), "PYTHONPATH": str(folder)}
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=env,
        cwd=cache,
    )
    assert run.returncode == 0, run.stderr
    where, late = run.stdout.splitlines()[-2:]
    assert Path(where).is_relative_to(folder)
    return late


def test_import_brings_in_nothing_heavy_and_compiles_nothing(tmp_path):
    assert import_cost(ROOT, tmp_path) == "[]"


def test_a_heavy_import_would_be_seen(tmp_path):
    face = "import xarray\nimport numba\n"
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "__init__.py").write_text(face, encoding="utf-8")
    late = import_cost(tmp_path, tmp_path)
    assert "xarray" in late
    assert "numba" in late


def test_ci_runs_the_command_of_the_readme():
    command = 'python -m pip install -e ".[test]" && python -m pytest'
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(re.escape(command) + "$", (ROOT / "README.md").read_text("utf-8"), re.M)


def test_ci_checks_types():
    assert "python -m mypy" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def first_screen(text):
    """What the first screen of a README lacks: purpose, 8 lines of Python, their picture, two commands."""
    screen = "\n".join(text.splitlines()[:60])
    code = re.search(r"```python\n(.*?)```", screen, re.S)
    lines = [x for x in code.group(1).splitlines() if x.strip()] if code else []
    picture = re.search(r"!\[[^\]]+\]\(([^)]+\.png)\)", screen)
    bad = [] if "dystrophic calcification" in screen[:1000] else ["it does not say what the package is for"]
    bad += [] if 0 < len(lines) <= 8 else [f"{len(lines)} lines of Python where 1 to 8 are wanted"]
    bad += [] if picture and (ROOT / picture.group(1)).exists() else ["no picture"]
    commands = (
        "python -m pip install -e . && hapsim run",
        'python -m pip install -e ".[test]" && python -m pytest',
    )
    return bad + [f"no command '{c}'" for c in commands if c not in screen]


def test_the_first_screen_of_the_readme():
    assert first_screen((ROOT / "README.md").read_text("utf-8")) == []


def test_a_poor_first_screen_is_seen():
    assert len(first_screen("# A package\n```python\n" + "x = 1\n" * 9 + "```\n")) == 5


PLACES = re.compile(
    r"\b(?:sim|tests|docs|benchmarks|notebooks)/[\w./-]*\w\.(?:py|md|toml|json|png|ipynb|bib|csv)\b"
)


def lost_places(root):
    """Paths of the repository that documents and docstrings name and that are not there."""
    texts = [
        *root.glob("*.md"),
        *root.glob("docs/*.md"),
        *root.glob("sim/**/*.py"),
    ]
    found = {(t, p) for t in texts for p in PLACES.findall(t.read_text(encoding="utf-8"))}
    return sorted(f"{t.relative_to(root)}: {p}" for t, p in found if not (root / p).exists())


def test_every_path_that_is_named_exists():
    assert lost_places(ROOT) == []


def test_a_lost_path_is_seen(tmp_path):
    (tmp_path / "README.md").write_text("see sim/gone.py and README.md")
    assert lost_places(tmp_path) == ["README.md: sim/gone.py"]


def test_names_of_test_files_are_told_apart():
    """Test folders are no packages: of two files of one name the second is not collected."""
    names = [p.name for p in (ROOT / "tests").rglob("*.py") if p.name != "conftest.py"]
    assert sorted(n for n in set(names) if names.count(n) > 1) == []
