"""The SQLite file of a store: its tables, made all or none, and what else a file may turn out to be."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from sim.errors import FileFormatError
from sim.sweeps.store.errors import sqlite_in_words

FORMAT = 2
KIND = 0x48415053  # "HAPS", SQLite's application id of these files
PATIENCE = 10.0  # s that another program may keep the file locked

SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE plans (
    number INTEGER PRIMARY KEY, written REAL NOT NULL, design TEXT NOT NULL, places BLOB, keys BLOB);
CREATE TABLE attempts (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL, place INTEGER NOT NULL, status TEXT NOT NULL,
    reason TEXT NOT NULL, run TEXT NOT NULL, inputs TEXT NOT NULL, measures TEXT NOT NULL,
    statistics TEXT NOT NULL, wall REAL NOT NULL, versions TEXT NOT NULL, result TEXT NOT NULL,
    written REAL NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX attempts_of_a_point ON attempts (key);
CREATE VIEW points AS
    SELECT * FROM attempts WHERE number IN (SELECT MAX(number) FROM attempts GROUP BY key);
"""
REFUSAL = (
    "CREATE TRIGGER {0}_no_{1} BEFORE {1} ON {0} BEGIN SELECT RAISE(ABORT, 'a store is append-only'); END"
)


def open_reader(path: Path) -> sqlite3.Connection:
    """Open to look, also while another process writes."""
    if not path.exists():
        raise FileFormatError(f"there is no file {path}.")
    with sqlite_in_words(path):
        where = f"file:{quote(str(path.resolve()))}?mode=ro"
        if not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists():
            where += "&immutable=1"  # readers of a log share an index file, which cannot be made here
        database = sqlite3.connect(where, uri=True, timeout=PATIENCE, isolation_level=None)
        if not _recognised(path, database):
            raise FileFormatError(f"{path} is empty: no sweep has been stored in it yet.")
        return database


def open_writer(path: Path, definition: dict | None) -> sqlite3.Connection:
    """Open to add; a new file becomes a store of this definition."""
    if definition is None and not path.exists():
        raise FileFormatError(f"there is no file {path}.")
    with sqlite_in_words(path):
        database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        try:
            known = _recognised(path, database)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            if known:
                found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    raise sqlite3.DatabaseError(f"database disk image is malformed: {found}")
            else:
                _create(database, definition)
        except BaseException:
            database.close()
            raise
        return database


def _create(database: sqlite3.Connection, definition: dict | None) -> None:
    """Tables and definition in one transaction: a kill leaves an empty file or a store."""
    database.execute("BEGIN IMMEDIATE")
    for statement in filter(str.strip, SCHEMA.split(";\n")):
        database.execute(statement)
    for table in ("about", "plans", "attempts"):
        for act in ("UPDATE", "DELETE"):
            database.execute(REFUSAL.format(table, act))
    database.execute(f"PRAGMA application_id = {KIND}")
    database.execute(f"PRAGMA user_version = {FORMAT}")
    rows = {"definition": json.dumps(definition), "created": time.strftime("%Y-%m-%d %H:%M:%S")}
    database.executemany("INSERT INTO about VALUES (?, ?)", rows.items())
    database.execute("COMMIT")


def _recognised(path: Path, database: sqlite3.Connection) -> bool:
    """Whether it is a store; False for a file with nothing in it, a sentence for anything else."""
    kind = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if kind != KIND:
        if database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            raise FileFormatError(f"{path} is an SQLite file, but no store of a sweep.")
        return False
    if version > FORMAT:
        raise FileFormatError(
            f"{path} has format {version}; this hapsim reads up to {FORMAT}. Use a newer hapsim."
        )
    if version < FORMAT:
        raise FileFormatError(
            f"{path} has format {version}, of an older hapsim; this one reads {FORMAT}. Run the sweep into "
            "another store, or read this one with the hapsim that wrote it."
        )
    return True
