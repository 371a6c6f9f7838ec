"""The house rules: imports point one way, small files with telling names, no dangerous calls.

Each rule is a function of a folder that returns sentences; so it can be shown a bad house too.
"""

import ast
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SIM = ROOT / "sim"

# A file imports from lower layers, or from its own without a ring. Longest prefix counts.
LAYERS = {
    "sim.errors": 0,
    "sim.files": 0,
    "sim.texts": 0,
    "sim.data": 0,
    "sim.jit": 0,
    "sim.units": 1,
    "sim.parameters": 2,
    "sim.simd": 2,
    "sim.chemistry": 3,
    "sim.kinetics": 3,
    "sim.space": 3,
    "sim.model": 4,
    "sim.binder": 5,
    "sim.experiment": 5,
    "sim.solvers": 6,
    "sim.run": 7,
    "sim.imaging": 8,
    "sim.sweeps": 8,
    "sim.sensitivity": 9,
    "sim.calibration": 9,
    "sim.plotting": 9,
    "sim.cli": 10,
    "sim": 11,
    "sim.__main__": 11,
}
LONGEST_FILE = 300
# One kernel, in one file: numba's cache does not notice a changed callee in another.
LONG_KERNELS = {"speciation.py", "lanes.py", "cycles.py"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "tools"}
UNSAFE_MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "yaml", "ruamel"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
LATE_IMPORTS = ("matplotlib", "xarray", "pandas", "dask", "h5py", "h5netcdf", "sksundae")


def modules(folder):
    """Module name -> path of every Python file of the package in `folder`."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = [folder.name, *path.relative_to(folder).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def layer(name):
    """Layer of a module; None when the table does not know it. `sim` is no prefix of the rest."""
    while name not in LAYERS and name.count(".") > 1:
        name = name.rpartition(".")[0]
    return LAYERS.get(name)


def imported(name, path, known):
    """Modules of the package that a file imports anywhere, functions included."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    top = name.partition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == top)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, *([base] if base else [])])
            if base.split(".")[0] != top:
                continue
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in known else base


def import_graph(folder):
    known = modules(folder)
    return {name: set(imported(name, path, known)) - {name} for name, path in known.items()}


def upward_imports(folder):
    bad = []
    for name, targets in import_graph(folder).items():
        if layer(name) is None:
            bad.append(f"{name} has no layer; put it into the table of this test.")
            continue
        for target in sorted(targets):
            if layer(target) is None or layer(target) > layer(name):
                bad.append(f"{name} (layer {layer(name)}) imports {target} ({layer(target)}).")
    return bad


def import_rings(folder):
    graph, bad, done = import_graph(folder), [], set()

    def visit(name, trail):
        if name in trail:
            bad.append(" -> ".join([*trail[trail.index(name) :], name]))
        elif name not in done:
            for target in sorted(graph.get(name, ())):
                visit(target, [*trail, name])
            done.add(name)

    for name in graph:
        visit(name, [])
    return bad


def empty_names(folder):
    stems = {p for path in folder.rglob("*.py") for p in path.relative_to(folder).with_suffix("").parts}
    return sorted(stems & EMPTY_NAMES)


def long_files(folder):
    sizes = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in folder.rglob("*.py")}
    long = {p.name: n for p, n in sorted(sizes.items()) if n > LONGEST_FILE}
    return [f"{name} has {n} lines" for name, n in long.items() if name not in LONG_KERNELS]


def unsafe_calls(folder):
    """Code from text, and formats that can carry code. A generated kernel is a file, imported."""
    bad = []
    for name, path in modules(folder).items():
        text = path.read_text(encoding="utf-8")
        if "fastmath" in text:
            bad.append(f"{name} mentions fastmath")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                names += [alias.name for alias in node.names]
                used = {n.split(".")[0] for n in names}
                for module in sorted(used & UNSAFE_MODULES):
                    bad.append(f"{name}, line {node.lineno}: imports {module}")
            elif isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called.removeprefix("builtins.") in UNSAFE_CALLS:
                    bad.append(f"{name}, line {node.lineno}: calls {called}")
                if called in ("joblib.load", "joblib.dump"):
                    bad.append(f"{name}, line {node.lineno}: {called} is pickle")
                for word in node.keywords:
                    if word.arg == "allow_pickle" and ast.unparse(word.value) != "False":
                        bad.append(f"{name}, line {node.lineno}: allow_pickle")
    return bad


RULES = [upward_imports, import_rings, empty_names, long_files, unsafe_calls]


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rule(rule):
    assert rule(SIM) == []


@pytest.mark.parametrize(
    ("rule", "files", "words"),
    [
        (upward_imports, {"units.py": "from sim.model import process"}, "sim.model (4)"),
        (upward_imports, {"units.py": "def f():\n    import sim.cli"}, "sim.cli (10)"),
        (upward_imports, {"units.py": "from . import cli", "cli.py": ""}, "sim.cli (10)"),
        (upward_imports, {"space/grid.py": "from ..binder.system import x"}, "sim.binder.system (5)"),
        (upward_imports, {"space/grid.py": "from sim import Model"}, "imports sim (11)"),
        (upward_imports, {"novelty.py": ""}, "has no layer"),
        (
            import_rings,
            {"units.py": "from sim import errors", "errors.py": "import sim.units"},
            "sim.errors -> sim.units -> sim.errors",
        ),
        (
            import_rings,
            {"solvers/__init__.py": "from .cvode import a", "solvers/cvode.py": "from . import b"},
            "sim.solvers -> sim.solvers.cvode -> sim.solvers",
        ),
        (empty_names, {"space/utils.py": ""}, "utils"),
        (empty_names, {"helpers/a.py": ""}, "helpers"),
        (long_files, {"units.py": "x = 1\n" * 301}, "301 lines"),
        (unsafe_calls, {"units.py": "eval('1')"}, "calls eval"),
        (unsafe_calls, {"units.py": "exec(compile('1', '', 'exec'))"}, "calls exec"),
        (unsafe_calls, {"units.py": "import builtins\nbuiltins.exec('')"}, "builtins.exec"),
        (unsafe_calls, {"units.py": "from pickle import loads"}, "imports pickle"),
        (unsafe_calls, {"units.py": "import ruamel.yaml"}, "imports ruamel"),
        (unsafe_calls, {"units.py": "joblib.load('x')"}, "is pickle"),
        (unsafe_calls, {"units.py": "np.load('x', allow_pickle=True)"}, "allow_pickle"),
        (unsafe_calls, {"units.py": "text = '@njit(fastmath=True)'"}, "fastmath"),
    ],
)
def test_each_rule_sees_a_bad_house(tmp_path, rule, files, words):
    for name, text in files.items():
        path = tmp_path / "sim" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert words in " ".join(rule(tmp_path / "sim"))


@pytest.mark.parametrize(
    "text",
    [
        "import re\nre.compile('a')",
        "from joblib import Parallel",
        "np.load('x', allow_pickle=False)",
        "model.eval(3)",
    ],
)
def test_harmless_calls_pass(tmp_path, text):
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "units.py").write_text(text, encoding="utf-8")
    assert unsafe_calls(tmp_path / "sim") == []


def import_cost(folder, cache):
    """What `import sim` from `folder` brings in: late modules, and the number of compilations."""
    code = f"""
        import sys
        from numba.core import event
        with event.install_recorder("numba:compile") as compiled:
            import sim
        print(sim.__file__)
        print([name for name in {LATE_IMPORTS!r} if name in sys.modules])
        print(len(compiled.buffer))
    """
    env = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(folder)}
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
    where, late, compiled = run.stdout.splitlines()[-3:]
    assert Path(where).is_relative_to(folder)
    return late, int(compiled)


@pytest.mark.skipif(not (SIM / "__init__.py").exists(), reason="the package has no face yet")
def test_import_brings_in_nothing_heavy_and_compiles_nothing(tmp_path):
    assert import_cost(ROOT, tmp_path) == ("[]", 0)


def test_a_heavy_import_would_be_seen(tmp_path):
    face = "import xarray\nfrom numba import njit\n@njit('f8(f8)')\ndef f(x):\n    return x\n"
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "__init__.py").write_text(face, encoding="utf-8")
    late, compiled = import_cost(tmp_path, tmp_path)
    assert "xarray" in late
    assert compiled > 0


def test_ci_runs_the_command_of_the_readme():
    command = 'python -m pip install -e ".[test]" && python -m pytest'
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(re.escape(command) + "$", (ROOT / "README.md").read_text("utf-8"), re.M)
