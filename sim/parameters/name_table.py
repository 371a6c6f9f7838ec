"""Tables of names and words that print, show in a notebook, become a data frame and are searched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sim.errors import UnknownNameError, nearest, shown
from sim.notebook.fragments import html_table

if TYPE_CHECKING:
    import pandas

Row = tuple[str, ...]


class NameTable:
    """Rows of text under a head; the first column is the name. Prints in columns, HTML in a notebook."""

    def __init__(self, head: Iterable[str], rows: Iterable[Iterable[str]], title: str = "") -> None:
        self.head, self.rows, self.title = tuple(head), tuple(tuple(r) for r in rows), title

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        """Columns as wide as they need, a row a line."""
        lines = [self.head, *self.rows]
        widths = [max(len(r[k]) for r in lines) for k in range(len(self.head))]
        padded = ("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in lines)
        return "\n".join(padded)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return html_table(self.head, self.rows, self.title)

    def to_dataframe(self) -> pandas.DataFrame:
        """A pandas.DataFrame with the columns of the head."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(self.head))

    def search(self, word: str) -> NameTable:
        """The rows that hold a part of a word in any column: that of its name first, then those with it in
        their names. Capitals do not count, and "_" is a space.

        Raises UnknownNameError, with the nearest name, where there are none.
        """
        wanted = _folded(str(word)).strip()
        found = [r for r in self.rows if any(wanted in _folded(c) for c in r)]
        if not found or not wanted:
            parts = {part for r in self.rows for part in (r[0], *r[0].split("."))}
            words = {w.strip(",;:()") for r in self.rows for w in " ".join(r[1:]).split() if len(w) > 3}
            hint = nearest(word, parts) or nearest(word, words)
            raise UnknownNameError(f"nothing here is called {shown(word)}, nor described by it.{hint}")
        found.sort(key=lambda r: (wanted != _folded(r[0]), wanted not in _folded(r[0])))
        return NameTable(self.head, found, self.title)


def _folded(text: str) -> str:
    """As it is compared: labels of figures have spaces where names have "_"."""
    return text.casefold().replace("_", " ")
