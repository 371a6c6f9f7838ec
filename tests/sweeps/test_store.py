"""The store: rows come back as they went in, nothing changes, and every trouble is a sentence."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest

from sim.errors import ConfigError, FileFormatError, StoreError
from sim.sweeps.store.database import FORMAT
from sim.sweeps.store.store import Store

DEFINITION = {"solver": "ndf", "parameters": {"growth.k": [1e-14, "m/s"]}, "layers": [["lesion", 80]]}


def row(k, status="finished", **more):
    return {
        "key": f"{k:064x}", "index": k, "inputs": {"lesion.radius": 1e-3 / 3 * k, "outer": "fixed"},
        "measures": {"mineral": 0.1 + k, "onset": float("inf"), "none": None}, "status": status,
        "reason": "" if status == "finished" else "it 'failed';\n so", "statistics": {"steps": 100 + k},
        "run": f"{7 * k:064x}",
        "wall": 0.25 * k, "versions": {"numpy": "2.4"}, "result": "",
    } | more  # fmt: skip


def plan(points):
    return {"method": "table", "axes": [], "settings": {}, "points": points, "planned": points}


def filled(path, n=5):
    with Store.open(path, DEFINITION) as store:
        store.plan(plan(n), [(k, row(k)["key"]) for k in range(n)])
        store.add([row(k) for k in range(n)])
    return path


def test_rows_come_back_as_they_went_in(tmp_path):
    """Floats by their shortest text, which is exact; infinity, nothing and line ends as well."""
    path = filled(tmp_path / "a.db")
    with Store.open(path, readonly=True) as store:
        assert store.rows() == [row(k) for k in range(5)]
        assert store.keys() == {row(k)["key"] for k in range(5)}
        assert store.definition == DEFINITION
        assert store.design == plan(5)


def test_nothing_in_a_store_can_be_changed_or_removed(tmp_path):
    database = sqlite3.connect(filled(tmp_path / "a.db"))
    for table, column in (("attempts", "status"), ("about", "value"), ("plans", "design")):
        for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):  # noqa: S608
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
    database.close()


def test_the_last_attempt_counts_and_the_earlier_ones_stay(tmp_path):
    path = filled(tmp_path / "a.db")
    with Store.open(path, DEFINITION) as store:
        store.add([row(7, "failed"), row(8, "killed")])
        assert store.keys(without=("failed",)) == {row(k)["key"] for k in (0, 1, 2, 3, 4, 8)}
        store.add([row(7)])
        assert row(7)["key"] in store.keys(without=("failed",))
        found = {r["index"]: r["status"] for r in store.each()}
        assert (found[7], found[8]) == ("finished", "killed")
        assert [r["status"] for r in store.each(attempts=True) if r["index"] == 7] == ["failed", "finished"]


def test_a_larger_design_in_the_same_store_has_its_own_order(tmp_path):
    """Points that both designs have are not run again, and stand where the last design has them."""
    path = filled(tmp_path / "a.db")
    with Store.open(path, DEFINITION) as store:
        order = [4, 2, 9]
        store.plan(plan(3), [(place, row(k)["key"]) for place, k in enumerate(order)])
        store.add([row(9) | {"index": 2}])
        assert [int(r["key"], 16) for r in store.rows()] == order
        assert [r["index"] for r in store.rows()] == [0, 1, 2]
        assert store.status()["done"] == store.status()["planned"] == 3


def test_another_definition_is_refused_by_name(tmp_path):
    path = filled(tmp_path / "a.db")
    other = json.loads(json.dumps(DEFINITION)) | {"solver": "cvode"}
    other["parameters"]["growth.k"][0] = 2e-14
    other["times"] = 60
    with pytest.raises(ConfigError) as e:
        Store.open(path, other)
    for words in ("a.db", "solver is 'ndf' there and 'cvode' now", "growth.k", "1e-14", "2e-14", "times"):
        assert words in str(e.value)
    with Store.open(path, DEFINITION) as store:  # the lock is free again, nothing was changed
        assert len(store.rows()) == 5


def test_tuples_and_lists_are_one_definition(tmp_path):
    filled(tmp_path / "a.db")
    with Store.open(tmp_path / "a.db", DEFINITION | {"layers": (("lesion", 80),)}) as store:
        assert len(store.keys()) == 5


def test_a_second_writer_is_refused_at_once_and_told_who_the_first_is(tmp_path):
    path = filled(tmp_path / "a.db")
    with Store.open(path, DEFINITION):
        began = time.perf_counter()
        with pytest.raises(StoreError, match=f"written by process {os.getpid()} on .* since 20"):
            Store.open(path, DEFINITION)
        assert time.perf_counter() - began < 1.0
        with Store.open(path, readonly=True) as reader:
            assert str(os.getpid()) in reader.status()["writer"]
    with Store.open(path, readonly=True) as reader:
        assert reader.status()["writer"] == ""


def test_a_long_look_does_not_hold_up_the_writer(tmp_path):
    """Nor does the writer change what the looker sees meanwhile."""
    path = filled(tmp_path / "a.db")
    with Store.open(path, DEFINITION) as store, Store.open(path, readonly=True) as reader:
        rows = reader.each()
        first = next(rows)
        began = time.perf_counter()
        store.add([row(k) for k in range(10, 20)])
        assert time.perf_counter() - began < 1.0
        assert [first, *rows] == [row(k) for k in range(5)]
        assert len(reader.keys()) == 15


WRITER = """
import sys, time
from sim.sweeps.store.store import Store
sys.path.insert(0, {tests!r})
from test_store import DEFINITION, row
store = Store.open({path!r}, DEFINITION)
print("open", flush=True)
k = 1000
while True:
    store.add([row(k), row(k + 1), row(k + 2)])
    print(k, flush=True)
    k += 3
"""


def test_kill_9_frees_the_lock_and_leaves_whole_batches(tmp_path):
    """A reader in another process sees rows while the writer writes; what it was told stays."""
    path = filled(tmp_path / "a.db")
    code = WRITER.format(tests=os.path.dirname(__file__), path=str(path))
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        try:
            assert writer.stdout.readline() == "open\n"
            for _ in range(20):
                last = int(writer.stdout.readline())
            with Store.open(path, readonly=True) as reader:
                assert str(writer.pid) in reader.status()["writer"]
                assert row(last + 2)["key"] in reader.keys()
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()
        with Store.open(path, DEFINITION) as store:
            found = [r for r in store.each(attempts=True) if r["index"] >= 1000]
        assert len(found) % 3 == 0
        assert {row(last + 2)["key"]} <= {r["key"] for r in found}


def test_a_full_disk_is_a_sentence_and_what_was_stored_stays(tmp_path):
    path = filled(tmp_path / "a.db")
    with Store.open(path, DEFINITION) as store:
        pages = store._database.execute("PRAGMA page_count").fetchone()[0]
        store._database.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(StoreError, match="no room is left") as e:
            for k in range(10, 1000, 10):
                last = k
                store.add([row(j) for j in range(k, k + 10)])
        assert "10 points of this batch are not in it, all earlier ones are" in str(e.value)
        kept = {r["index"] for r in store.each()}
        assert kept == {*range(5), *range(10, last)}  # whole batches, none of the last
        store._database.execute("PRAGMA max_page_count = 100000")
        store.add([row(j) for j in range(last, last + 10)])  # room was made
        assert len(store.keys()) == 5 + last


LIMITED = """
import resource, sys
from sim.errors import StoreError
from sim.sweeps.store.store import Store
sys.path.insert(0, {tests!r})
from test_store import DEFINITION, row
store = Store.open({path!r}, DEFINITION)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    for k in range(1000, 9000):
        store.add([row(k)])
        print(k, flush=True)
except StoreError as e:
    print(e, file=sys.stderr)
    sys.exit(3)
"""


@pytest.mark.skipif(os.name == "nt", reason="no limits on files")
def test_a_file_that_cannot_grow_keeps_every_row_it_was_said_to_have(tmp_path):
    """The system itself refuses to write, in the middle of the log, as a full disk does."""
    path = filled(tmp_path / "a.db")
    code = LIMITED.format(tests=os.path.dirname(__file__), path=str(path))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 3, run.stderr
    assert "cannot be written" in run.stderr
    assert "Traceback" not in run.stderr
    told = [int(k) for k in run.stdout.split()]
    assert len(told) > 10
    with Store.open(path, DEFINITION) as store:
        assert {r["index"] for r in store.each()} == {*range(5), *told}


def test_a_disk_too_full_for_the_lock_is_a_sentence(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StoreError, match="cannot be written: No space left.*Make room"):
            filled(tmp_path / "a.db")
    filled(tmp_path / "a.db")  # nobody holds it


def test_a_database_locked_by_another_program_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.sweeps.store.database.PATIENCE", 0.1)
    path = filled(tmp_path / "a.db")
    with Store.open(path, DEFINITION) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked by another program.*1 points of this batch are not in"):
            store.add([row(10)])
        other.execute("ROLLBACK")
        other.close()
        store.add([row(10)])
        assert len(store.keys()) == 6


def test_damaged_files_are_noticed(tmp_path):
    """A byte of a number, which SQLite does not look at; half a file; pages of noise."""
    path = filled(tmp_path / "a.db", 200)
    whole = path.read_bytes()
    at = whole.index(b'"mineral": 17.1')
    path.write_bytes(whole[:at] + whole[at:].replace(b"17.1", b"18.1", 1))
    with Store.open(path, readonly=True) as store, pytest.raises(FileFormatError, match="damaged: row"):
        store.rows()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFormatError, match="is damaged"):
        Store.open(path, DEFINITION)
    path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))
    with pytest.raises(FileFormatError, match="is damaged"):
        Store.open(path, DEFINITION)
    path.write_bytes(whole)
    with Store.open(path, DEFINITION) as store:  # no refusal has kept the lock
        assert len(store.rows()) == 200


def test_what_is_no_store_is_said(tmp_path):
    text = tmp_path / "text.db"
    text.write_text("not a database at all, but long enough to have a header of some kind" * 40)
    for readonly in (False, True):
        with pytest.raises(FileFormatError, match="not an SQLite file"):
            Store.open(text, DEFINITION, readonly=readonly)
    assert text.read_text().startswith("not a database")
    other = tmp_path / "other.db"
    database = sqlite3.connect(other)
    database.execute("CREATE TABLE people (name TEXT)")
    database.commit()
    database.close()
    with pytest.raises(FileFormatError, match="no store of a sweep"):
        Store.open(other, DEFINITION)
    with pytest.raises(FileFormatError, match="there is no file"):
        Store.open(tmp_path / "absent.db", readonly=True)
    with pytest.raises(ConfigError, match="is a folder"):
        Store.open(tmp_path, DEFINITION)
    with pytest.raises(ConfigError, match="does not exist; make it first"):
        Store.open(tmp_path / "no" / "a.db", DEFINITION)


def test_a_newer_format_is_refused(tmp_path):
    path = filled(tmp_path / "a.db")
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()
    for readonly in (False, True):
        with pytest.raises(FileFormatError, match=f"format {FORMAT + 1}; this hapsim reads up to {FORMAT}"):
            Store.open(path, DEFINITION, readonly=readonly)


def test_an_older_format_is_refused(tmp_path):
    """Its rows do not say which run they are of."""
    path = filled(tmp_path / "a.db")
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 1")
    database.close()
    for readonly in (False, True):
        with pytest.raises(FileFormatError, match="format 1, of an older hapsim.*another store"):
            Store.open(path, DEFINITION, readonly=readonly)


def test_a_creation_cut_short_is_made_good(tmp_path):
    """A kill before the first transaction leaves a file with nothing in it."""
    path = tmp_path / "a.db"
    path.touch()
    with pytest.raises(FileFormatError, match="is empty"):
        Store.open(path, readonly=True)
    assert len(filled(path).read_bytes()) > 0


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be written")
def test_a_store_in_a_folder_of_somebody_else_can_be_read(tmp_path):
    filled(tmp_path / "a.db")
    os.chmod(tmp_path, 0o500)
    try:
        with Store.open(tmp_path / "a.db", readonly=True) as store:
            assert len(store.rows()) == 5
        with pytest.raises(StoreError, match="permissions|cannot be written"):
            Store.open(tmp_path / "b.db", DEFINITION)
    finally:
        os.chmod(tmp_path, 0o700)


def test_a_copy_of_a_store_is_a_store(tmp_path):
    shutil.copy(filled(tmp_path / "a.db"), tmp_path / "b.db")
    with Store.open(tmp_path / "b.db", DEFINITION) as store:
        assert len(store.rows()) == 5
