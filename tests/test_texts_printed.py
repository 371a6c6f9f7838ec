"""What `repr` gives can be printed wherever stdout goes."""

from __future__ import annotations

import io
import sys

import pytest

from sim.sweeps.sweep_table import SweepTable
from sim.texts import printable, tree

NARROW = pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp850"])


def to_narrow(monkeypatch, encoding):
    """stdout as a file on Windows or a C locale has it: a character that it lacks is an error."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))


@NARROW
def test_a_table_of_a_sweep_prints_without_utf8(monkeypatch, encoding):
    """Its tree, and the path of a store in another alphabet."""
    table = SweepTable([], message="größer als μ, ∞", path="каталог/α.db")
    to_narrow(monkeypatch, encoding)
    print(table)
    assert ("größer" in repr(table)) == (encoding != "ascii")


@NARROW
def test_lines_of_a_tree_stay_lines(monkeypatch, encoding):
    """A branch is a bar and a dash where it cannot be drawn, never a code."""
    to_narrow(monkeypatch, encoding)
    text = tree("head", ["first", "last"])
    text.encode(encoding)
    assert encoding == "cp850" or text == "head\n|- first\n`- last"


def test_text_stays_as_it_is_where_it_can_be_shown(monkeypatch):
    """UTF-8, and a stdout that is closed or says nothing of its encoding."""
    for stream in (io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO(), None):
        monkeypatch.setattr(sys, "stdout", stream)
        assert printable("├─ 5 µm") == "├─ 5 µm"
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert printable("├─ 5 µm") == "|- 5 um"
