"""The literature behind the numbers: a small BibTeX reader, and references by key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Protocol

from sim.errors import FileFormatError, listing, nearest
from sim.notebook.fragments import Cell, Tipped, html_head, html_table, html_whole
from sim.public import public

MAX_BYTES = 1_000_000
OWN = "this_work"  # the key of estimates and choices, which the note of each parameter explains


@dataclass(frozen=True)
class Reference:
    """One BibTeX entry; `fields` in the order of the file, names in lower case."""

    key: str
    kind: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The text of a field without braces, "" when absent."""
        text = dict(self.fields).get(name, "")
        return re.sub(r"\s+", " ", text.replace("{", "").replace("}", "").replace("--", "-")).strip()

    def __str__(self) -> str:
        """Author (year). Title. Journal volume:pages. doi; without author: Title (year). Journal ..."""
        where = self.get("journal") or self.get("booktitle") or self.get("publisher")
        where = where or self.get("howpublished")
        volume, pages = self.get("volume"), self.get("pages")
        where += f" {volume}" if volume else ""
        where += f"{':' if volume else ' '}{pages}" if pages else ""
        year = f" ({self.get('year')})" if self.get("year") else ""
        link = f"https://doi.org/{self.get('doi')}" if self.get("doi") else self.get("url")
        title = self.get("title")
        who = [f"{self._authors()}{year}", title] if self._authors() else [f"{title or self.key}{year}"]
        parts = [*who, where.strip(), link]
        return ". ".join(p.rstrip(".") for p in parts if p)

    def _authors(self) -> str:
        """The first three, "A. Smith, B. Jones, C. Brown et al."; "" where none is recorded."""
        names = [a for a in self.get("author").split(" and ") if a]
        first = [" ".join(reversed(a.split(", ", 1))) for a in names if a != "others"]
        return ", ".join(first[:3]) + (" et al." if len(first) > 3 or "others" in names else "")

    def bibtex(self) -> str:
        """The entry as BibTeX."""
        lines = [f"  {name} = {{{text}}}," for name, text in self.fields]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])


def source_keys(source: str) -> tuple[str, ...]:
    """The BibTeX keys in a text that lists them."""
    return tuple(re.findall(r"[^,;\s]+", source))


class References(Mapping[str, Reference]):
    """References by key; two entries of one key must be the same entry."""

    __slots__ = ("_entries",)

    def __init__(self, entries: list[Reference] | tuple[Reference, ...] = ()) -> None:
        self._entries: dict[str, Reference] = {}
        for entry in entries:
            if self._entries.setdefault(entry.key, entry) != entry:
                raise FileFormatError(f"two different references have the key '{entry.key}'.")

    def __getitem__(self, key: str) -> Reference:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<References: {len(self)} entries>"

    def require(self, key: str, where: str) -> Reference:
        """The entry, or a sentence naming `where` the key is used and the nearest key."""
        if key not in self._entries:
            hint = nearest(key, self._entries)
            raise FileFormatError(f"{where} cites '{key}', which no .bib file has.{hint}")
        return self._entries[key]


def read_bibtex(text: str, where: str = "bibliography") -> References:
    """References in BibTeX text. Entries of @comment and @preamble are passed over.

    Values may be {braced}, "quoted" or bare; @string abbreviations and # are refused.
    """
    entries: list[Reference] = []
    at = 0
    while (at := text.find("@", at)) >= 0:
        head = re.compile(r"@\s*([A-Za-z]+)\s*\{").match(text, at)
        if head is None:
            at += 1  # an address in the text between entries
            continue
        kind, end = head.group(1).lower(), _closing(text, head.end() - 1, where)
        if kind == "string":
            raise FileFormatError(f"{where}: @string is not read; write the words out.")
        if kind not in ("comment", "preamble"):
            entries.append(_entry(kind, text[head.end() : end], where))
        at = end + 1
    try:
        return References(entries)
    except FileFormatError as error:
        raise FileFormatError(f"{where}: {error}") from None


def _closing(text: str, opening: int, where: str) -> int:
    """Position of the brace that closes the one at `opening`."""
    depth = 0
    for brace in re.compile(r"[{}]").finditer(text, opening):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return brace.start()
    line = text.count("\n", 0, opening) + 1
    raise FileFormatError(f"{where}, line {line}: a brace is not closed.")


_FIELD = re.compile(r'\s*,?\s*([A-Za-z][\w-]*)\s*=\s*(\{|"|[\w.:/-]+)')


def _entry(kind: str, body: str, where: str) -> Reference:
    key, _, rest = body.partition(",")
    key = key.strip()
    if not re.fullmatch(r"[\w.:/+-]+", key):
        raise FileFormatError(f"{where}: '{key[:40]}' cannot be the key of a reference.")
    fields: dict[str, str] = {}
    at = 0
    while rest[at:].strip(" \t\r\n,"):
        found = _FIELD.match(rest, at)
        if found is None:
            raise FileFormatError(
                f"{where}: '{key}' has something other than 'field = {{text}}' after "
                f"'{next(reversed(fields), 'its key')}'."
            )
        name, value, at = found.group(1).lower(), found.group(2), found.end()
        if value == "{":
            end = _closing(rest, at - 1, where)
            value, at = rest[at:end], end + 1
        elif value == '"':
            end = rest.find('"', at)
            if end < 0:
                raise FileFormatError(f"{where}: a quote in '{key}' is not closed.")
            value, at = rest[at:end], end + 1
        if name in fields:
            raise FileFormatError(f"{where}: '{key}' has two fields '{name}'.")
        fields[name] = value
    return Reference(key, kind, tuple(fields.items()))


def read_text(path: str | Path | Traversable, error: type[Exception]) -> str:
    """UTF-8 text of a file or package resource of at most 1 MB; raises `error` otherwise."""
    source: Any = Path(path) if isinstance(path, str) else path
    try:
        data = source.read_bytes()
    except OSError as problem:
        raise error(f"{source} cannot be read: {problem.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise error(f"{source} is larger than {MAX_BYTES // 1000} kB.")
    try:
        return str(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise error(f"{source} is not UTF-8 text.") from None


def data_files(ending: str) -> list[Traversable]:
    """Files under sim/data whose name ends so, in the order of their paths."""
    found: list[Traversable] = []
    folders = [files("sim") / "data"]
    while folders:
        folder = folders.pop()
        if not folder.is_dir():
            continue
        for item in folder.iterdir():
            if item.is_dir():
                folders.append(item)
            elif item.name.endswith(ending):
                found.append(item)
    return sorted(found, key=str)


@cache
def load_references() -> References:
    """Every entry of every .bib file of the package."""
    entries: dict[str, Reference] = {}
    where: dict[str, str] = {}
    for item in data_files(".bib"):
        for key, entry in read_bibtex(read_text(item, FileFormatError), item.name).items():
            if entries.setdefault(key, entry) != entry:
                raise FileFormatError(
                    f"{where[key]} and {item} have different references of the key '{key}'."
                )
            where[key] = str(item)
    return References(list(entries.values()))


class Cited(Protocol):
    """What a citation needs to know of a parameter."""

    @property
    def sources(self) -> tuple[str, ...]: ...
    @property
    def confidence(self) -> str: ...


@dataclass(frozen=True)
class Citation:
    """The sources of a set of parameters; str() lists them with what each supports.

    supports: source key -> names of the parameters; "" holds those without a source
    counts: how many are measured, derived, fitted and assumed
    notes: {parameter: why it has its value}; printed for numbers of our own
    """

    supports: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    references: References
    notes: Mapping[str, str] = field(default_factory=dict)

    def reasons(self, key: str) -> list[tuple[str, str]]:
        """(parameter, note) of what rests on a source, where the source is this package itself."""
        names = self.supports.get(key, ()) if key == OWN else ()
        return [(n, self.notes.get(n) or "no note") for n in names] if any(map(self.notes.get, names)) else []

    def __str__(self) -> str:
        lines = []
        for key, names in sorted(self.supports.items(), key=lambda item: (not item[0], item[0])):
            text = str(self.references[key]) if key in self.references else f"{key} (no entry)"
            head = f"[{key}] {text}" if key else "No source; set by hand"
            reasons = [f"    {n}: {why}" for n, why in self.reasons(key)]
            lines += [head, *(reasons or [f"    {', '.join(names)}"])]
        return "\n".join([*lines, ", ".join(f"{n} {word}" for word, n in self.counts.items())])

    def _repr_html_(self) -> str:
        counts = ", ".join(f"{n} {word}" for word, n in self.counts.items())
        rows: Iterable[tuple[Cell, ...]] = (
            (key or "none", str(self.references[key]) if key in self.references else "set by hand",
             Tipped(f"{len(names)}", listing(names, 40)))
            for key, names in sorted(self.supports.items(), key=lambda item: (not item[0], item[0]))
        )  # fmt: skip
        return html_whole(
            html_head("sources of parameters", counts), html_table(("key", "source", "numbers"), rows)
        )

    def bibtex(self) -> str:
        """BibTeX of every source used."""
        used = [self.references[key] for key in sorted(self.supports) if key in self.references]
        return "\n\n".join(entry.bibtex() for entry in used)


@public
def cite(parameters: Mapping[str, Cited], references: References | None = None) -> Citation:
    """The sources behind `parameters`; references: those of the package when None."""
    supports: dict[str, list[str]] = {}
    counts = dict.fromkeys(("measured", "derived", "fitted", "assumed"), 0)
    for name, parameter in parameters.items():
        counts[parameter.confidence] += 1
        for key in parameter.sources or ("",):
            supports.setdefault(key, []).append(name)
    known = load_references() if references is None else references
    notes = {n: note for n, p in parameters.items() if (note := getattr(p, "note", ""))}
    return Citation({key: tuple(names) for key, names in supports.items()}, counts, known, notes)
