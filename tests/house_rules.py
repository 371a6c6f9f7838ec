"""The rules of the house. Each is a function of the folder of a package that returns sentences.

So it can be shown a bad house too (tests/test_house.py). None excuses a file by its name.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIM = ROOT / "sim"

# Rooms from the ground up. A file imports from lower floors, or from its own without a ring.
LAYERS = {
    "sim.errors": 0,
    "sim.texts": 0,
    "sim.files": 0,
    "sim.machine": 0,
    "sim.public": 0,
    "sim.data": 0,
    "sim.notebook": 0,
    "sim.jit": 0,
    "sim.units": 1,
    "sim.parameters": 2,
    "sim.voxels": 2,
    "sim.simd": 2,
    "sim.codegen": 2,
    "sim.chemistry": 3,
    "sim.kinetics": 3,
    "sim.space": 3,
    "sim.graph": 3,
    "sim.model": 4,
    "sim.binder": 5,
    "sim.experiment": 5,
    "sim.identity": 6,
    "sim.solvers": 6,
    "sim.run": 7,
    "sim.imaging": 8,
    "sim.sweeps": 8,
    "sim.sensitivity": 9,
    "sim.calibration": 9,
    "sim.plotting": 9,
    "sim.validation": 9,
    "sim.atlas": 9,
    "sim.summary": 9,
    "sim.explorer": 10,
    "sim.cli": 11,
    "sim": 12,
    "sim.__main__": 12,
}
# What may lie loose at the top.
DOORS = {"__init__.py", "__main__.py", "errors.py", "texts.py", "files.py", "machine.py", "public.py"}
MOST_FILES, LONGEST_FILE, MOST_ARGUMENTS = 14, 300, 8
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "tools"}
# Names that say nothing where they stand alone in another file.
BARE_NAMES = {
    "apply", "bar", "below", "build", "check", "column", "compute", "data", "do", "find", "get", "handle",
    "levels", "load", "make", "plain", "read", "row", "run", "scaled", "size", "states", "table", "tables",
    "text", "update", "value", "work",
}  # fmt: skip
UNSAFE_MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "yaml", "ruamel"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
NUMBA_COMPILERS = {"njit", "jit", "vectorize", "guvectorize", "cfunc", "stencil"}


def modules(folder):
    """Module name -> path of every Python file of the package in `folder`."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = [folder.name, *path.relative_to(folder).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def trees(folder):
    """(module name, syntax tree) of every file."""
    return [(name, parsed(path.read_text(encoding="utf-8"))) for name, path in modules(folder).items()]


@cache
def parsed(text):
    return ast.parse(text)


def layer(name):
    """Layer of a module; None when the table does not know it. `sim` is no prefix of the rest."""
    while name not in LAYERS and name.count(".") > 1:
        name = name.rpartition(".")[0]
    return LAYERS.get(name)


def imported(name, path, known):
    """Modules of the package that a file imports anywhere, functions included."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    top = name.partition(".")[0]
    for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
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


def rings(graph):
    bad, done = [], set()

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


# 1. The plan: few doors, small rooms, arrows that point down, no rings of files or of folders.


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
    return rings(import_graph(folder))


def folder_rings(folder):
    """Rings among folders. What a folder's __init__ brings to its door does not count: it holds nothing."""
    places = {n: p.parent.relative_to(folder.parent).as_posix() for n, p in modules(folder).items()}
    doors = {n for n, p in modules(folder).items() if p.name == "__init__.py"}
    graph = defaultdict(set)
    for name, targets in import_graph(folder).items():
        if name not in doors:
            graph[places[name]] |= {places[t] for t in targets if t in places} - {places[name]}
    graph.pop(folder.name, None)  # the top holds doors alone, see below
    return rings(graph)


def loose_files(folder):
    return [f"{p.name} lies loose at the top" for p in sorted(folder.glob("*.py")) if p.name not in DOORS]


def full_folders(folder):
    counts = defaultdict(int)
    for path in folder.rglob("*.py"):
        counts[path.parent] += 1
    return [f"{f.name} holds {n} files" for f, n in sorted(counts.items()) if n > MOST_FILES]


def empty_names(folder):
    stems = {p for path in folder.rglob("*.py") for p in path.relative_to(folder).with_suffix("").parts}
    return sorted(stems & EMPTY_NAMES)


def long_files(folder):
    sizes = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in folder.rglob("*.py")}
    return [f"{p.name} has {n} lines" for p, n in sorted(sizes.items()) if n > LONGEST_FILE]


# 2. A fact once: names of solids, species, geometries and solvers are collected, not typed.


@cache
def vocabularies():
    """kind -> names, from where they are listed once."""
    data = SIM / "data"
    species = set(tomllib.loads((data / "species.toml").read_text(encoding="utf-8")))
    solids = set(tomllib.loads((data / "minerals.toml").read_text(encoding="utf-8")))
    return {
        "solids": solids,
        "species": species - solids,
        "geometries": keys_of("space/geometries.py", "GEOMETRIES"),
        "solvers": keys_of("solvers/__init__.py", "SOLVERS"),
    }


def keys_of(file, table):
    """The words that key a table, or begin its rows, where it is written down."""
    for node in parsed((SIM / file).read_text(encoding="utf-8")).body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if any(getattr(t, "id", "") == table for t in targets):
            calls = [n for n in ast.walk(node.value) if isinstance(n, ast.Call) and n.args]
            first = [n.args[0].value for n in calls if isinstance(n.args[0], ast.Constant)]
            return {*literal_items(node.value), *(w for w in first if isinstance(w, str))}
    return set()


LISTED = {"geometries": "sim.space.geometries", "solvers": "sim.solvers"}
FEW = {"solids": 2, "species": 3, "geometries": 2, "solvers": 2}


def lists_of_facts(folder):
    """Literal rows and tables that name several solids, species, geometries or solvers."""
    bad = []
    for name, tree in trees(folder):
        for node in ast.walk(tree):
            items = literal_items(node)
            for kind, known in vocabularies().items():
                found = sorted({w for w in items if w in known})
                if len(found) >= FEW[kind] and name != LISTED.get(kind):
                    bad.append(f"{name}, line {node.lineno}: a list of {kind} ({', '.join(found)})")
    return bad


def literal_items(node):
    """Words of a literal row, set, table or comparison with several strings."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        items = node.elts
    elif isinstance(node, ast.Dict):
        items = [k for k in node.keys if k is not None]
    else:
        return []
    return [i.value for i in items if isinstance(i, ast.Constant) and isinstance(i.value, str)]


# 3. One way to change a scenario.

SPELLINGS = {
    "with_stochastic_nucleation",
    "with_geometry",
    "with_resolution",
    "with_parameters",
    "with_random_field",
    "with_region",
}


def other_ways_to_change(folder):
    """Rooms above the experiment change a scenario by scenario.changed(...) and by nothing else."""
    bad = []
    for name, tree in trees(folder):
        if name.startswith(("sim.experiment", "sim.model", "sim.parameters")):
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in SPELLINGS
            ):
                bad.append(f"{name}, line {node.lineno}: .{node.func.attr}(...) instead of .changed({{...}})")
    return bad


# 4. Vectors and kernels.


def vector_types_elsewhere(folder):
    """Types and instructions of vectors are made in sim.simd and sim.codegen, and WIDTH is said once."""
    makers = ("sim.simd", "sim.codegen", "sim.jit")
    bad, widths = [], []
    for name, tree in trees(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llvmlite"):
                bad += [] if name.startswith(makers) else [f"{name} imports llvmlite"]
            if isinstance(node, ast.Import) and any(a.name.startswith("llvmlite") for a in node.names):
                bad += [] if name.startswith(makers) else [f"{name} imports llvmlite"]
            if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "WIDTH" for t in node.targets):
                widths.append(name)
    return bad + [f"WIDTH is said in {name} too" for name in widths[1:]]


def crowded_kernels(folder):
    """A kernel takes records, and at most 8 arguments beside them; it unpacks no longer tuple by position.

    A record is known by its annotation, which begins with a capital letter."""
    bad = []
    for name, tree in trees(folder):
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and is_kernel(node):
                plain = [a.arg for a in node.args.args if not is_record(a.annotation)]
                if len(plain) > MOST_ARGUMENTS:
                    bad.append(f"{name}.{node.name} takes {len(plain)} arguments beside records")
                for s in ast.walk(node):
                    if isinstance(s, ast.Assign) and getattr(s.value, "id", "") in plain:
                        many = len(getattr(s.targets[0], "elts", ()))
                        if many > 3:
                            bad.append(
                                f"{name}.{node.name} unpacks {many} values of {s.value.id} by position"
                            )
    return bad


def is_record(annotation):
    return annotation is not None and ast.unparse(annotation).rpartition(".")[2][:1].isupper()


def is_kernel(node):
    called = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    return any(ast.unparse(d).endswith(("kernel", "inline")) for d in called)


def twins(folder):
    """`_f` beside `f`, and functions compiled below their text."""
    bad = []
    for name, tree in trees(folder):
        defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
        assigned = {
            t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)
        }
        bad += [f"{name}: {f} and {f[1:]}" for f in sorted(defined) if f[0] == "_" and f[1:] in assigned]
        for node in ast.walk(tree):
            made = node.func if isinstance(node, ast.Call) else None
            if isinstance(made, ast.Call) and called_name(made).endswith("kernel"):
                if node.args and isinstance(node.args[0], ast.Name):
                    bad.append(f"{name}, line {node.lineno}: kernel(...)(f); write @kernel above f")
    return bad


def called_name(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


# 5. One cache.


def other_caches(folder):
    """What is compiled comes from sim.jit, under the hash of its closure."""
    bad = []
    for name, tree in trees(folder):
        if name.startswith("sim.jit"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "numba":
                bad += [f"{name} imports numba.{a.name}" for a in node.names if a.name in NUMBA_COMPILERS]
            if isinstance(node, ast.Attribute) and node.attr in NUMBA_COMPILERS:
                bad.append(f"{name}, line {node.lineno}: {ast.unparse(node)}")
            if isinstance(node, ast.keyword) and node.arg == "cache" and ast.unparse(node.value) == "True":
                bad.append(f"{name}: cache=True")
    return bad


# 6. Numbers are numbers: text becomes SI in the constructor.


def fields_of_text_or_number(folder):
    bad = []
    for name, tree in trees(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(
                "dataclass" in ast.unparse(d) for d in node.decorator_list
            ):
                for s in node.body:
                    if isinstance(s, ast.AnnAssign) and {"float", "str"} <= set(words_of_union(s.annotation)):
                        bad.append(f"{name}.{node.name}.{ast.unparse(s.target)}: {ast.unparse(s.annotation)}")
    return bad


def words_of_union(annotation):
    """Names joined by | at the outermost level of a type."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return [*words_of_union(annotation.left), *words_of_union(annotation.right)]
    return [ast.unparse(annotation)]


# 7. Nothing is hidden in an object: cached_property, or sim.binder.kept.


KEEPERS = ("get", "setdefault", "pop", "__setattr__")


def hidden_in_objects(folder):
    """x["_name"], x.get("_name") and the like: what is kept under a private name in another's dictionary."""
    bad = []
    for name, tree in trees(folder):
        for node in ast.walk(tree):
            key = None
            if isinstance(node, ast.Subscript):
                key = node.slice
            elif isinstance(node, ast.Call) and called_name(node) in (
                "get",
                "setdefault",
                "pop",
                "__setattr__",
            ):
                key = node.args[-2] if len(node.args) > 1 else node.args[0] if node.args else None
            word = getattr(key, "value", "")
            if isinstance(word, str) and re.match("_[a-z]", word):
                bad.append(f"{name}, line {node.lineno}: {ast.unparse(node)}")
    return bad


# 8. Names.


def same_class_twice(folder):
    where = defaultdict(list)
    for name, tree in trees(folder):
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                where[node.name].append(name)
    return [
        f"{c} is a class in {' and '.join(found)}" for c, found in sorted(where.items()) if len(found) > 1
    ]


def bare_names(folder):
    """A function that is used bare in another file has a name that tells."""
    bad = []
    for name, tree in trees(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sim."):
                used = {a.name for a in node.names if a.asname is None} & BARE_NAMES
                calls = {
                    n.func.id
                    for n in ast.walk(tree)
                    if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
                }
                bad += [f"{name} uses {w} of {node.module} bare" for w in sorted(used & calls)]
    return bad


# 9. One identity of a run.


def other_identities(folder):
    """Hashes of runs, sweeps and scenarios are made in sim.identity: no other room so high makes any."""
    bad = []
    for name, tree in trees(folder):
        if (layer(name) or 0) < LAYERS["sim.experiment"] or name.startswith("sim.identity"):
            continue
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            bad += [f"{name} imports hashlib" for n in names if n == "hashlib"]
    return bad


# Safety, as before: nothing is evaluated, nothing is unpickled, no relaxed arithmetic.


def unsafe_calls(folder):
    """Code from text, and formats that can carry code. A generated kernel is a file, imported."""
    bad = []
    for name, tree in trees(folder):
        if "fastmath" in modules(folder)[name].read_text(encoding="utf-8"):
            bad.append(f"{name} mentions fastmath")
        for node in ast.walk(tree):
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
