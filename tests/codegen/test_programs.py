"""Programs: where they read and write, how they are kept, how compiled code calls them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import llvmlite.binding as llvm
import numpy as np
import pytest
from numba import njit

from sim.codegen import machine
from sim.codegen.assembly import assembly
from sim.codegen.call import call
from sim.codegen.functions import exp, floor, fma, log, power, select, sqrt, tanh
from sim.codegen.machine import Routine
from sim.codegen.numpy_registers import interpret
from sim.codegen.program import Program, cells, groups, lines, numbers
from sim.simd.constants import WIDTH


def transposed(columns):
    """Cells to groups, and back, times a number; cells where the first column is above 0."""

    def body(on, cell, group, out, factor):
        for k in range(columns):
            x = cell.load(k)
            group.store(columns - 1 - k, x)
            out.store(k, x * factor.load(1))
        return cell.load(0) > 0.0

    layouts = cells(columns), groups(columns), cells(columns), numbers(2)
    return Program(f"transposed{columns}", layouts, body)


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 6, 7, 8, 13, 28])
def test_cells_become_groups_and_cells_again(columns):
    n = 71
    given = np.random.default_rng(1).standard_normal((n, columns))
    in_groups, out = np.full((12, columns, WIDTH), 7.0), np.full((n, columns), 7.0)
    last = -(-n // WIDTH)
    routine = Routine(transposed(columns))
    counted = routine(0, last, n, given, in_groups, out, np.array([0.0, 2.0]))
    repeated = given[np.minimum(np.arange(last * WIDTH), n - 1)]
    assert counted == np.count_nonzero(repeated[:, 0] > 0)
    np.testing.assert_array_equal(out, 2.0 * given)
    np.testing.assert_array_equal(in_groups[last:], 7.0)  # groups that were not asked for
    back = in_groups.transpose(0, 2, 1).reshape(-1, columns)[:, ::-1]
    np.testing.assert_array_equal(back[: last * WIDTH], repeated)


def test_interpreted_is_what_is_compiled():
    columns, n = 6, 45
    rng = np.random.default_rng(2)
    given, factor = rng.standard_normal((n, columns)), np.array([0.0, 3.0])
    results = []
    for do in (Routine(transposed(columns)), lambda *a: interpret(transposed(columns), *a[:3], a[3:])):
        arrays = [np.zeros((6, columns, WIDTH)), np.zeros((n, columns))]
        results.append((do(2, 6, n, given, *arrays, factor), arrays))
    assert results[0][0] == results[1][0]
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_fetching_names_each_line_of_memory_once_and_changes_nothing():
    """8 cells of 5 doubles are 5 lines of 64 bytes, whichever array the compiled code finds there."""

    def body(on, x, y):
        y.fetch()
        x.store(0, x.load(1))

    program = Program("fetching", (cells(2), cells(5)), body)
    assert assembly(program).count("call void @llvm.prefetch") == 5
    for do in (Routine(program), lambda *a: interpret(program, *a[:3], a[3:])):
        x, y = np.arange(22.0).reshape(11, 2), np.full((11, 5), 7.0)
        do(0, 2, 11, x, y)
        np.testing.assert_array_equal(x[:, 0], np.arange(1.0, 22.0, 2.0))
        assert np.all(y == 7.0)


@pytest.mark.parametrize("backwards", [False, True])
def test_lines_are_done_one_after_the_other(backwards):
    """Running sums of entries 2 and 0 of lines of three numbers."""

    def body(on, x, total):
        here, before = (1, 2) if backwards else (1, 0)
        total.scatter([1, 0], x.gather([2, 0]) + total.gather([1, 0], before), here)

    program = Program("running_sum", (lines(3, backwards), lines(2, backwards)), body)
    x = np.random.default_rng(8).integers(0, 9, (7, 3)).astype(float)
    expected = np.cumsum(x[::-1], 0)[::-1] if backwards else np.cumsum(x, 0)
    for do in (Routine(program), lambda *a: interpret(program, *a[:3], a[3:])):
        total = np.zeros((9, 2))
        do(0, 7, 7, x, total)
        np.testing.assert_array_equal(total[1:8], expected[:, [0, 2]])
        assert not total[[0, 8]].any()


def test_a_line_of_eight_is_one_register():
    def body(on, x, y):
        y.scatter(range(WIDTH), x.gather(range(4, 4 + WIDTH)) * 2.0)

    program = Program("eight", (lines(13), lines(WIDTH)), body)
    x, y = np.random.default_rng(8).standard_normal((5, 13)), np.zeros((5, WIDTH))
    Routine(program)(0, 5, 5, x, y)
    np.testing.assert_array_equal(y, 2.0 * x[:, 4:12])


def squares():
    def body(on, x, y):
        y.store(0, fma(x.load(0), x.load(0), 1.0))
        return y.load(0) > 2.0

    return Program("squares", (groups(1), groups(1)), body)


def test_compiled_code_calls_a_routine_by_its_address():
    @njit
    def outer(address, x, y):
        return call(address, 0, x.shape[0], 0, (x, y))

    x, y = np.random.default_rng(3).standard_normal((5, 1, WIDTH)), np.zeros((5, 1, WIDTH))
    assert outer(Routine(squares()).address, x, y) == np.count_nonzero(x**2 + 1 > 2)
    np.testing.assert_allclose(y, x**2 + 1, rtol=1e-15)


def test_threads_may_share_a_routine():
    x, y = np.random.default_rng(3).standard_normal((400, 1, WIDTH)), np.zeros((400, 1, WIDTH))
    routine = Routine(squares())
    threads = [threading.Thread(target=routine, args=(k, k + 100, 0, x, y)) for k in range(0, 400, 100)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    np.testing.assert_allclose(y, x**2 + 1, rtol=1e-15)


def test_code_is_kept_and_a_damaged_file_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("HAPSIM_CACHE", str(tmp_path))

    def begun_again():
        monkeypatch.setattr(machine, "_addresses", {})
        compiled = []
        compiler, holder = machine._engine.__wrapped__()  # that of the process holds code which others call

        class Watched:
            target_data = compiler.target_data

            def emit_object(self, module):
                compiled.append(module.name)
                return compiler.emit_object(module)

        monkeypatch.setattr(machine, "_engine", lambda: (Watched(), holder))
        x, y = np.ones((1, 1, WIDTH)), np.zeros((1, 1, WIDTH))
        Routine(squares())(0, 1, 0, x, y)
        assert np.all(y == 2.0)
        monkeypatch.undo()
        monkeypatch.setenv("HAPSIM_CACHE", str(tmp_path))
        return len(compiled)

    assert begun_again() == 1
    (file,) = tmp_path.glob("squares_*.o")
    assert begun_again() == 0
    file.write_bytes(file.read_bytes()[:-1])
    assert begun_again() == 1


def test_another_constant_is_another_routine():
    def program(c):
        return Program("scaled", (groups(1), groups(1)), lambda on, x, y: y.store(0, x.load(0) * c))

    x, y = np.ones((1, 1, WIDTH)), np.zeros((1, 1, WIDTH))
    found = []
    for c in (2.0, 3.0):
        Routine(program(c))(0, 1, 0, x, y)
        found.append(y[0, 0, 0])
    assert found == [2.0, 3.0]


def test_what_cannot_be_done_is_said():
    def backwards(on, cell):
        cell.store(0, 1.0)
        cell.load(0)

    with pytest.raises(ValueError, match="cannot be read after"):
        Routine(Program("backwards", (cells(1),), backwards))
    with pytest.raises(ValueError, match="cannot be written"):
        Routine(Program("numbers", (numbers(1),), lambda on, p: p.store(0, 1.0)))
    with pytest.raises(IndexError, match="row 2 of 2"):
        Routine(Program("outside", (groups(2),), lambda on, x: x.store(2, 1.0)))
    wrong = np.zeros((1, WIDTH, 1)).transpose(0, 2, 1)[:, :, ::2], np.zeros((1, 1, WIDTH))
    with pytest.raises(TypeError, match="C order"):
        Routine(squares())(0, 1, 0, *wrong)


def test_without_the_compiler_the_same_is_done():
    lines = (
        "import numpy as np; import test_programs as t; from sim.codegen.call import call;"
        "x, y = np.linspace(-2, 2, 16).reshape(2, 1, 8), np.zeros((2, 1, 8));"
        "n = call(t.Routine(t.squares()).address, 0, 2, 0, (x, y));"
        "assert n == np.count_nonzero(abs(x) > 1) and np.allclose(y, x**2 + 1)"
    )
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    told = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", lines], env=told, check=True)


@pytest.mark.parametrize("processor", ["x86-64", "haswell"])
def test_code_of_older_processors_does_the_same(processor, tmp_path, monkeypatch):
    """Registers of 2 and 4 doubles, without and with fused products: LLVM splits those of 8."""
    triple = machine._processor()[0]
    if not triple.startswith("x86_64"):
        pytest.skip("these are processors of another kind")
    monkeypatch.setenv("HAPSIM_CACHE", str(tmp_path))
    monkeypatch.setattr(machine, "_processor", lambda: (triple, processor, ""))
    monkeypatch.setattr(machine, "_addresses", {})
    held = machine._engine.__wrapped__()
    monkeypatch.setattr(machine, "_engine", lambda: held)
    monkeypatch.setattr(machine, "_versions", lambda: processor)

    def body(on, cell, out):
        x, y = cell.load(0), cell.load(1)
        values = (exp(x), log(y), power(y, x), tanh(x), floor(3.0 * x), sqrt(y), select(x > y, x, y))
        for k, value in enumerate(values):
            out.store(k, value)
        return x > 0.0

    program = Program("older", (cells(2), cells(7)), body)
    x = np.column_stack([np.linspace(-3, 3, 29), np.linspace(0.1, 9, 29)])
    found, expected = np.zeros((29, 7)), np.zeros((29, 7))
    counted = Routine(program)(0, 4, 29, x, found)
    assert counted == interpret(program, 0, 4, 29, (x, expected))
    np.testing.assert_allclose(found, expected, rtol=5e-15)


def test_assembly_is_compiled_for_arm(monkeypatch):
    """64-bit ARM has registers of 2 doubles; what comes out cannot run here."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    arm = llvm.Target.from_triple("aarch64-unknown-linux-gnu").create_target_machine(opt=2)
    module = llvm.parse_assembly(assembly(transposed(6)))
    module.triple, module.data_layout = arm.triple, str(arm.target_data)
    assert b"ELF" in arm.emit_object(module)[:4]
    text = arm.emit_assembly(module)
    assert "v0.2d" in text or "q0" in text
