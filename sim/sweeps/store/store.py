"""The store of a sweep: one SQLite file, a row for every attempt at a point; nothing in it ever changes.

Write-ahead logging lets others read while a sweep writes, and a batch of rows is in the file whole or
not at all, also after kill -9. (After a power cut the last batches may be missing: NORMAL
synchronisation; the file stays sound.) Every row carries a checksum, which SQLite itself does not.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import ConfigError, FileFormatError
from sim.files import whole_path
from sim.sweeps.store.database import open_reader, open_writer
from sim.sweeps.store.errors import differences_in_words, sqlite_in_words
from sim.sweeps.store.lock import WriterLock, current_writer, last_writer_began, lock_path
from sim.sweeps.store.row import Row

PLAIN = ("key", "status", "reason", "run", "wall", "result")  # of a row, as they are; the others as JSON
JSON = ("inputs", "measures", "statistics", "versions")


class Store:
    """An open store; a context manager. definition: what all its points have in common (JSON-able)."""

    def __init__(self, path: Path, database: sqlite3.Connection, lock: WriterLock | None):
        self.path, self._database, self._lock = path, database, lock
        with self._guarded():
            self.definition: dict = json.loads(self._about("definition"))

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], definition: dict | None = None, readonly: bool = False
    ) -> Store:
        """Open to add rows, or, `readonly`, to look: also while another process writes.

        definition: refused where it differs from the store's; a new store needs it
        """
        path = Path(path)
        if path.is_dir():
            raise ConfigError(f"{path} is a folder; a store is one file, such as {path / 'sweep.db'}.")
        if readonly:
            return cls(path, open_reader(path), None)
        if not path.parent.is_dir():
            raise ConfigError(
                f"the folder {path.parent} of the store {path.name} does not exist; make it first."
            )
        whole_path(path)
        lock = WriterLock(lock_path(path), path)
        try:
            database = open_writer(path, definition)
            try:
                store = cls(path, database, lock)
                if definition is not None:
                    store.refuse_other(definition)
            except BaseException:
                database.close()
                raise
        except BaseException:
            lock.free()
            raise
        return store

    def keys(self, without: Collection[str] = ()) -> set[str]:
        """Keys of the points that have a row, but for those whose last one has a status in `without`."""
        with self._guarded():
            if not without:
                return {k for (k,) in self._database.execute("SELECT DISTINCT key FROM attempts")}
            found = self._database.execute("SELECT key, status FROM points")
            return {k for k, status in found if status not in without}

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, all or none. A point that has one already gets another, which then counts."""
        now = time.time()
        lines = [_line(row, now) for row in rows]
        with self._guarded(f"The {len(lines)} points of this batch are not in it, all earlier ones are: "):
            self._transaction("INSERT INTO attempts VALUES (NULL, ?,?,?,?,?,?,?,?,?,?,?,?,?)", lines)

    def plan(self, design: dict, points: Iterable[tuple[int, str]]) -> None:
        """Note what is going to be run: the design (JSON-able), and place and key of each point."""
        places, keys = [], []
        for place, key in points:
            places.append(place)
            keys.append(bytes.fromhex(key))
        line = (time.time(), json.dumps(design), np.array(places, "<i8").tobytes(), b"".join(keys))
        with self._guarded():
            last = self._database.execute(
                "SELECT design, places, keys FROM plans ORDER BY number DESC LIMIT 1"
            ).fetchone()
            if last != line[1:]:
                self._transaction("INSERT INTO plans VALUES (NULL, ?,?,?,?)", [line])

    @property
    def design(self) -> dict:
        """The last design: method, axes, settings, number of points, units; {} before the first."""
        with self._guarded():
            found = self._database.execute("SELECT design FROM plans ORDER BY number DESC LIMIT 1").fetchone()
        return json.loads(found[0]) if found else {}

    def places(self) -> dict[str, int]:
        """{key: place in the last design} of its points, done or not."""
        with self._guarded():
            found = self._database.execute(
                "SELECT places, keys FROM plans ORDER BY number DESC LIMIT 1"
            ).fetchone()
        if not found:
            return {}
        places, keys = np.frombuffer(found[0], "<i8").tolist(), found[1]
        size = len(keys) // max(1, len(places))
        return {keys[k * size : (k + 1) * size].hex(): p for k, p in enumerate(places)}

    def rows(self) -> list[Row]:
        """The last row of every point of the last design, in its order; equal points have a row each."""
        places = self._all_places()
        rows = [row | {"index": k} for row in self.each() for k in places.get(row["key"], ())]
        return sorted(rows, key=lambda row: row["index"])

    def _all_places(self) -> dict[str, list[int]]:
        """{key: places in the last design}, more than one where its points are equal and run once."""
        found = {key: [place] for key, place in self.places().items()}
        first = {places[0]: places for places in found.values()}
        for again, place in self.design.get("settings", {}).get("repeats", {}).items():
            if place in first:
                first[place].append(int(again))
        return found

    def each(self, attempts: bool = False) -> Iterator[Row]:
        """The last row of every point, of any design, or all attempts, one by one as they were written."""
        columns = ("number", "checksum", "place", *PLAIN, *JSON)
        table = "attempts" if attempts else "points"
        with self._guarded():
            cursor = self._database.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY number")  # noqa: S608
            for line in cursor:
                yield self._row(dict(zip(columns, line, strict=True)))

    def status(self) -> dict:
        """What there is: planned, done, {status: points}, first and last [s since 1970], wall [s],
        who is writing ("" when no one is), and when the last writer began [s since 1970, 0 if unknown]."""
        places = self._all_places()
        counts, done = Counter[str](), 0
        with self._guarded():
            for key, status in self._database.execute("SELECT key, status FROM points"):
                counts[status] += len(places.get(key, (0,)))
                done += len(places.get(key, () if places else (0,)))
            first, last, wall = self._database.execute(
                "SELECT MIN(written), MAX(written), TOTAL(wall) FROM attempts"
            ).fetchone()
        return {
            "planned": sum(map(len, places.values())), "done": done,
            "counts": dict(counts), "first": first, "last": last, "wall": wall,
            "writer": current_writer(lock_path(self.path)), "began": last_writer_began(lock_path(self.path)),
        }  # fmt: skip

    def pace(self, since: float) -> float:
        """Points a second that were written since a moment [s since 1970]; 0 before there are two."""
        with self._guarded():
            count, first, last = self._database.execute(
                "SELECT COUNT(*), MIN(written), MAX(written) FROM attempts WHERE written >= ?", (since,)
            ).fetchone()
        return (count - 1) / (last - first) if count > 1 and last > first else 0.0

    def close(self) -> None:
        """Release the file. Closing the last connection moves the log into it."""
        self._database.close()
        if self._lock is not None:
            self._lock.free()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _guarded(self, kept: str = ""):
        return sqlite_in_words(self.path, kept)

    def _about(self, name: str) -> str:
        found = self._database.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise FileFormatError(f"{self.path} is damaged: it does not say its {name}.")
        return found[0]

    def refuse_other(self, definition: dict) -> None:
        """A store holds points of one definition; others would be mistaken for them."""
        wanted = json.loads(json.dumps(definition))
        if wanted != self.definition:
            raise ConfigError(
                f"{self.path} holds the points of another sweep: "
                f"{differences_in_words(self.definition, wanted)}. Give this sweep a store of its own."
            )

    def _row(self, line: dict) -> Row:
        number, checksum, place = line.pop("number"), line.pop("checksum"), line.pop("place")
        if checksum != _checksum(line):
            raise FileFormatError(
                f"{self.path} is damaged: row {number} is not what was written. Take a copy of the file from "
                "before, or run the sweep again into another store."
            )
        return {
            "key": line["key"], "index": place, "inputs": json.loads(line["inputs"]),
            "measures": json.loads(line["measures"]), "status": line["status"], "reason": line["reason"],
            "run": line["run"], "statistics": json.loads(line["statistics"]), "wall": line["wall"],
            "versions": json.loads(line["versions"]), "result": line["result"],
        }  # fmt: skip

    def _transaction(self, statement: str, lines: Sequence[tuple]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(statement, lines)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite has rolled back already when the disk is full
                self._database.execute("ROLLBACK")
            raise


def _line(row: Row, now: float) -> tuple:
    """The columns of a row, in the order of the table."""
    held: Mapping[str, Any] = row
    text = {name: held[name] for name in PLAIN} | {name: json.dumps(held[name]) for name in JSON}
    text["wall"] = float(row["wall"])
    return (
        text["key"], int(row["index"]), text["status"], text["reason"], text["run"], text["inputs"],
        text["measures"], text["statistics"], text["wall"], text["versions"], text["result"], now,
        _checksum(text),
    )  # fmt: skip


def _checksum(text: dict) -> int:
    """Of everything in a row but its place, which a later design may change."""
    return zlib.crc32("\n".join(str(text[name]) for name in (*PLAIN, *JSON)).encode())
