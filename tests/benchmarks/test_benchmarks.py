"""The benchmarks: cost at equal error, reports from stored JSON, and one tiny section end to end."""

import ast
import importlib
import inspect
import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as suite
from benchmarks.measuring import equal_error
from benchmarks.measuring.machine import description
from benchmarks.measuring.stopping import Allowance, Watch, Work
from benchmarks.measuring.timing import ROOT
from benchmarks.report import tables as report
from benchmarks.sections import MODULES


def power_law(order, constant, errors):
    """Runs of a method whose cost is constant x error^(-1/order)."""
    return [{"solver": f"p{order}", "error": e, "seconds": constant * e ** (-1 / order)} for e in errors]


def test_cost_at_equal_error_is_exact_on_a_power_law():
    """A power law is a straight line in logarithms, wherever its points lie."""
    rows = power_law(2, 1e-3, [3e-2, 1e-3, 7e-6])
    errors, costs = [r["error"] for r in rows], [r["seconds"] for r in rows]
    for error in (2e-2, 1e-4, 7.1e-6):
        assert equal_error.cost_at(errors, costs, error) == pytest.approx(1e-3 * error**-0.5, rel=1e-12)


def test_ratio_of_two_power_laws():
    rows = power_law(2, 1e-3, [1e-2, 1e-5]) + power_law(5, 1e-2, [1e-2, 1e-5])
    (one,) = [
        r for r in equal_error.comparison(rows, "p2", [1e-4], ("seconds",)) if r["solver"] == "p5"
    ]  # fmt: skip
    assert one["seconds_ratio"] == pytest.approx(1e-2 * 1e-4**-0.2 / (1e-3 * 1e-4**-0.5), rel=1e-12)


def test_nothing_is_extrapolated():
    """Better than reached: no number. Worse than the loosest run: what that run costs."""
    assert equal_error.cost_at([1e-2, 1e-4], [1.0, 2.0], 1e-5) is None
    assert equal_error.cost_at([1e-2, 1e-4], [1.0, 2.0], 0.5) == 1.0
    assert equal_error.cost_at([None, 1e-2], [9.0, 1.0], 1e-3) is None


def test_a_lucky_loose_run_counts_for_what_it_costs():
    """Errors need not fall monotonically: the cheapest way to the error is taken."""
    assert equal_error.cost_at([1e-3, 1e-2, 1e-4], [1.0, 2.0, 4.0], 1e-3) == 1.0


def test_a_peer_that_is_fast_at_an_odd_error_stays_in_the_table():
    """It reaches 1.2e-3 only, between two powers of ten, and is the faster one there."""
    rows = power_law(2, 1e-3, [3e-2, 1e-6]) + [{"solver": "peer", "error": 1.2e-3, "seconds": 1e-3}]
    targets = equal_error.common_targets(rows, "p2")
    assert 2e-3 in targets
    found = equal_error.comparison(rows, "p2", targets, ("seconds",))
    assert [r for r in found if r["solver"] == "peer" and r["seconds_ratio"] < 1.0]


def test_what_was_stopped_stands_in_the_table_with_its_bound():
    rows = power_law(2, 1e-3, [1e-2, 1e-5])
    rows = [r | {"cpu": r["seconds"]} for r in rows]
    rows.append({"solver": "slow", "error": None, "seconds": 9.0, "cpu": 3.0, "stopped": True})
    compared = equal_error.comparison(rows, "p2", [1e-4], ("seconds", "cpu"))
    (bound,) = [r for r in equal_error.bounds(compared, rows, "p2") if r["solver"] == "slow"]
    assert bound["cpu_least"] == pytest.approx(3.0 / (1e-3 * 1e-4**-0.5), rel=1e-12)


def test_a_bound_is_given_once_and_not_for_errors_a_looser_run_might_reach():
    """Stopped at rtol 1e-4, where ours is off by 2e-5: nothing is said about an error of 1e-3."""
    rows = [
        {"solver": "ours", "rtol": r, "error": e, "seconds": c, "cpu": c}
        for r, e, c in ((1e-3, 1e-3, 1.0), (1e-4, 2e-5, 2.0), (1e-5, 1e-6, 4.0))
    ]
    slow = {"solver": "slow", "rtol": 1e-4, "error": None, "cpu": 30.0, "stopped": True, "expected": 80.0}
    targets = [1e-3, *equal_error.stopped_targets([*rows, slow], "ours"), 1e-6]
    assert targets == [1e-3, 2e-5, 1e-6]
    compared = equal_error.comparison(rows, "ours", targets, ("seconds", "cpu"))
    (bound,) = [r for r in equal_error.bounds(compared, [*rows, slow], "ours") if r["solver"] == "slow"]
    assert bound["target"] == 2e-5
    assert bound["cpu_least"] == pytest.approx(15.0)
    assert bound["expected_ratio"] == pytest.approx(40.0)
    assert "seconds" not in bound  # a bound is not a result


def test_what_a_stopped_run_would_take_is_extrapolated_by_work_not_by_time():
    """Half of the work in the first hundredth of the run: 10 s spent there mean 20 s, not 1000 s."""
    work = Work([(0.5, 1.0), (1.0, 2.0), (100.0, 4.0)])
    assert work.share(1.0) == pytest.approx(0.5, rel=1e-12)
    assert work.share(50.5) == pytest.approx(0.75, rel=1e-12)
    assert Work([(100.0, 1.0)]).share(1.0) == pytest.approx(0.01, rel=1e-12)  # evenly
    watch = Watch(limit=1e9, work=work)
    watch.path.append((1.0, 10.0))
    assert watch.expected() == pytest.approx(20.0, rel=1e-12)


def test_a_hopeless_run_is_given_up_after_its_trial_and_a_patient_one_is_not():
    even = Work([(1.0, 1.0)])
    allowed = Allowance(limit=10.0, trial=2.0, budget=1.0, patient={"dear": 20.0})

    def after(seconds, t, name):
        watch = allowed.watch(name, even)
        watch.began -= seconds  # as if it had worked for so long
        watch(t, 1)

    after(1.0, 1e-6, "any")  # the trial is not over
    after(3.0, 0.5, "any")  # 6 s in all
    after(15.0, 1e-6, "dear")
    for seconds, t, name in ((3.0, 0.01, "any"), (11.0, 0.99, "any"), (21.0, 0.99, "dear")):
        with pytest.raises(KeyboardInterrupt):
            after(seconds, t, name)


def section(name, tables):
    return {
        "section": name, "quick": True, "took": 1.0, "question": "How fast?", "machine": description(1),
        "checks": [{"what": "same answer", "value": 1e-9, "limit": 1e-6, "passed": True}],
        "notes": ["A peer | is missing."], "tables": tables,
    }  # fmt: skip


RUN = {"seconds": 0.25, "fastest": 0.2, "slowest": 0.3, "compile": 1.5, "steps": 100, "rhs": 250}
STORED = {
    "startup": {"runs": [{"start": "cold", "repeats": 1, **RUN}]},
    "kernels": {
        "kernels": [
            {"kernel": "solve", "where": "slab 30", "cells": 30, "threads": 1, "ns": 812.4,
             "ns_fastest": 800.0, "ns_slowest": 900.0, "bandwidth": 5e9, "bandwidth_share": 0.15,
             "flops": None, "flops_share": None, "compile": 0.0},
            {"kernel": "factor", "where": "slab 30", "cells": 30, "threads": 1, "failed": "TypeError"},
        ],
        "limits": [{"threads": 1, "bandwidth": 3e10, "flops": 5e10}],
    },
    "work_precision": {
        "runs": [
            {"problem": "stiff", "solver": "cvode", "rtol": 1e-3, "error": 1e-4, "reached": 1.0, **RUN},
            {"problem": "stiff", "solver": "cvode", "rtol": 1e-5, "error": 1e-6, "reached": 1.0, **RUN},
            {"problem": "stiff", "solver": "euler", "rtol": 1e-3, "error": None, "reached": 0.021, **RUN,
             "message": "more than 20 s: stopped", "stopped": True, "expected": 321.0},
        ],
        "equal error: stiff": [
            {"problem": "stiff", "target": 1e-5, "solver": "bdf", "seconds": 0.5, "seconds_ratio": 2.0,
             "simulate": None, "simulate_ratio": None, "steps": 50.0, "steps_ratio": 0.5},
            {"problem": "stiff", "target": 1e-5, "solver": "euler", "message": "more than 20 s: stopped",
             "cpu_least": 80.0, "expected": 321.0, "expected_ratio": 1284.0},
        ],
    },
    "scaling": {
        "runs": [
            {"geometry": "rectangle", "side": 32, "cells": 1024, "threads": 1, "reached": 1.0,
             "ns_per_cell_step": 2e4, "memory": 3e8, **RUN},
            {"geometry": "rectangle", "side": 64, "cells": 4096, "threads": 1,
             "failed": "not finished after 60 s"},
        ]
    },
    "peers_speciation": {
        "speciation": [
            {"program": "hapsim", "start": "warm", "cells_per_s": 1234567.0, "fastest": 1.3e6,
             "slowest": 1.1e6, "ratio": 0.25}
        ],
        "random cold starts": [{"program": "hapsim", "fluids": 100000, "unsolved": 3, "cells_per_s": 1e5}],
    },
    "peers_reduced": {
        "runs": [
            {"n": 64, "program": "py-pde", "method": "euler", "who": "py-pde, euler", "setting": "c 0.9",
             "error": 1e-3, "import": 1.0, **RUN}
        ]
    },
}  # fmt: skip


@pytest.fixture
def stored(tmp_path):
    for name, tables in STORED.items():
        suite.store(section(name, tables), tmp_path)
    return tmp_path


def test_report_is_made_from_what_is_stored_alone(stored):
    made = report.write(stored)
    text = (stored / "report.md").read_text()
    for said in ("How fast?", "812", "15 %", "more than 20 s: stopped", "2.1 %", "> 80x", "about 1 000x",
                 "1 234 567", "0.25x", "not finished after 60 s", "ok: same answer", "toy sizes",
                 "TypeError"):  # fmt: skip
        assert said in text, said
    pictures = [p for p in made if p.suffix == ".png"]
    assert {p.stem for p in pictures} >= {"kernels", "scaling", "work_precision_seconds", "peers_reduced"}
    for p in pictures:
        assert p.read_bytes().startswith(b"\x89PNG")
        assert p.stat().st_size > 5000
        assert p.name in text


def test_a_number_in_the_json_is_the_number_in_the_table(stored):
    path = stored / "peers_speciation.json"
    result = json.loads(path.read_text())
    result["tables"]["random cold starts"][0]["unsolved"] = 17171
    assert "17171" in report.as_text(result)
    assert "17171" not in report.as_text(section("peers_speciation", STORED["peers_speciation"]))


def test_markdown_rows_have_as_many_columns_as_their_head(stored):
    report.write(stored)
    lines = [s for s in (stored / "report.md").read_text().splitlines() if s.startswith("|")]
    head = 0
    for k, line in enumerate(lines):
        if k + 1 < len(lines) and lines[k + 1].startswith("| ---"):
            head = line.count("|")
        assert line.count("|") == head


def test_the_diffusion_problem_knows_its_answer_and_measures_solvers_against_it():
    """Exact eigenvectors of the discrete operator: the error falls with the tolerance, to rounding."""
    from benchmarks.problems import diffusion
    from sim.solvers import SOLVERS

    problem = diffusion(True)
    exact, uncertainty, _ = problem.reference()
    assert uncertainty == 0.0
    errors = [problem.error(problem.solve(SOLVERS["bdf"].solve, r).end, exact) for r in (1e-3, 1e-6, 1e-9)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-8


@pytest.mark.slow
def test_one_section_end_to_end(tmp_path, capsys, monkeypatch):
    """Non-stiff diffusion by every solver of the package; all that finish come near the exact end."""
    from benchmarks.ours import work_precision

    small = work_precision.run
    monkeypatch.setattr(work_precision, "run", lambda quick: small(True, ("diffusion",)))
    assert suite.main(["--quick", "--out", str(tmp_path), "work_precision"]) == 0
    said = capsys.readouterr().out
    assert "equal error: diffusion" in said
    result = json.loads((tmp_path / "work_precision.json").read_text())
    assert result["machine"]["versions"]["numpy"] == np.__version__
    rows = result["tables"]["runs"]
    assert {r["solver"] for r in rows} >= {"cvode", "bdf"}
    for r in rows:
        assert r["status"] != "finished" or r["error"] < 30 * r["rtol"]
        assert r["status"] != "finished" or math.isfinite(r["seconds"])


def test_every_section_has_a_question_and_can_be_run():
    for name, module in MODULES.items():
        found = importlib.import_module(module)
        assert found.QUESTION.endswith((")", "?")), name
        assert "quick" in inspect.signature(found.run).parameters, name


def imported(path):
    """Files of the benchmarks that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "benchmarks":
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            places = (ROOT / Path(*name.split(".")).with_suffix(".py") for name in names)
            yield from (p for p in places if p.exists())


def test_no_file_imports_itself_by_way_of_others():
    for start in (ROOT / "benchmarks").rglob("*.py"):
        reached, waiting = set(), list(imported(start))
        while waiting:
            path = waiting.pop()
            assert path != start, start
            if path not in reached:
                reached.add(path)
                waiting += imported(path)


def test_an_unknown_section_is_named(capsys):
    assert suite.main(["kernel"]) == 2
    assert "there are startup, kernels" in capsys.readouterr().out


def test_bench_without_a_checkout_says_where_the_benchmarks_are(monkeypatch, tmp_path):
    from sim.cli import bench
    from sim.errors import ConfigError

    monkeypatch.setattr(bench, "__file__", str(tmp_path / "site-packages" / "sim" / "commands" / "bench.py"))
    with pytest.raises(ConfigError, match="python -m benchmarks"):
        bench.checkout()


def test_the_reduced_problem_is_the_same_in_both_spellings():
    """The law on arrays and its derivatives, against the scalar law and its differences."""
    from benchmarks.peers.reduced_problem import K_RATE, K_SP, WIDTH, precipitation, rate

    Ca, P = np.array([0.1, 1.2, 3.0]), np.array([0.2, 1.5, 9.0])
    r, a, b = rate(Ca, P)
    for k in range(3):
        assert r[k] == pytest.approx(precipitation(Ca[k], P[k], K_RATE, K_SP, WIDTH), rel=1e-13)
    d = 1e-5
    assert a == pytest.approx((rate(Ca + d, P)[0] - rate(Ca - d, P)[0]) / (2 * d), rel=1e-6)
    assert b == pytest.approx((rate(Ca, P + d)[0] - rate(Ca, P - d)[0]) / (2 * d), rel=1e-6)
