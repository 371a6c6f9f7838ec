"""Arguments of public calls, checked against their annotations: a value of the wrong kind is one sentence.

Functions that users call carry `@public`. What an annotation says is then what is taken: an argument whose
kind it does not allow, or a name that the function does not have, is an ArgumentError that says what was
given and what is wanted. Ranges, units and names stay the business of the function itself.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import numbers
import os
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from sim.errors import ArgumentError, listing, nearest, shown

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable)
Test = Callable[[Any], bool]
Kind = tuple[tuple[str, Test], ...]  # the alternatives of an annotation, each with its words

LARGEST = 10**300  # a whole number beyond it is no float either
ANYTHING: Kind = (("anything", lambda value: True),)


def _whole(value: Any) -> bool:
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral | np.integer):
        return False
    return abs(int(value)) < LARGEST


def _real(value: Any) -> bool:
    if isinstance(value, bool | np.bool_):
        return False
    if isinstance(value, numbers.Integral | np.integer):
        return _whole(value)
    if isinstance(value, numbers.Real | np.floating):
        return True
    # An array of one number without axes is a number to numpy, xarray and pandas alike.
    return getattr(value, "shape", None) == () and getattr(value, "dtype", np.dtype(bool)).kind in "iuf"


def _list(value: Any) -> bool:
    """Whether it has members in an order: no text, no mapping, no set, no array without axes."""
    if isinstance(value, str | bytes | Mapping | set | frozenset) or isinstance(value, type):
        return False
    return hasattr(type(value), "__iter__") and getattr(value, "shape", (1,)) != ()


def _texts(value: Any) -> bool:
    return _list(value) and (not hasattr(value, "__len__") or all(isinstance(one, str) for one in value))


TEXTS: tuple[str, Test] = ("a list of texts", _texts)  # Sequence[str]
PLAIN: dict[object, tuple[str, Test]] = {
    str: ("text", lambda value: isinstance(value, str)),
    bool: ("True or False", lambda value: isinstance(value, bool | np.bool_)),
    int: ("a whole number", _whole),
    float: ("a number", _real),
    type(None): ("None", lambda value: value is None),
    Mapping: ("a table of names and values, {...}", lambda value: isinstance(value, Mapping)),
    dict: ("a table of names and values, {...}", lambda value: isinstance(value, Mapping)),
    Sequence: ("a list", _list),
    Iterable: ("a list", lambda value: hasattr(type(value), "__iter__") and not isinstance(value, str)),
    list: ("a list", _list),
    tuple: ("a list", _list),
    Callable: ("a function", callable),
    os.PathLike: ("a path", lambda value: isinstance(value, os.PathLike)),
    np.ndarray: ("an array", lambda value: hasattr(value, "__array__") or _list(value)),
}


@typing.overload
def public(function: C) -> C: ...


@typing.overload
def public(function: Callable[P, R]) -> Callable[P, R]: ...


def public(function: Any) -> Any:
    """The function, its arguments checked against their annotations at each call; a class, as it is made.

    Raises ArgumentError (a ConfigError and a TypeError): for a value of a kind that the annotation does not
    allow, an argument that is not there, or one that is missing. Annotations that name type variables,
    protocols or Any are not checked.
    """
    if isinstance(function, type):
        made: Any = function
        made.__init__ = _checked(made.__init__, made.__name__)
        return function
    owner, _, last = function.__qualname__.rpartition(".")
    return _checked(function, owner.rpartition(".")[2] if last == "__init__" else last)


def _checked(function: Callable[P, R], name: str) -> Callable[P, R]:
    signature = inspect.signature(function)
    names = tuple(signature.parameters)
    method = names[:1] in (("self",), ("cls",))
    plain = all(p.kind is p.POSITIONAL_OR_KEYWORD for p in signature.parameters.values())
    least = sum(p.default is p.empty for p in signature.parameters.values())

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        given: dict[str, Any]
        if (
            plain and not kwargs and least <= len(args) <= len(names)
        ):  # as `bind` does, in a tenth of its time
            given = dict(zip(names, args, strict=False))
        else:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise ArgumentError(_call(name, names[1:] if method else names, kwargs, error)) from None
        for argument, value in given.items():
            kind = _kinds(function)[argument]
            if kind is ANYTHING:
                continue
            several = signature.parameters[argument].kind is inspect.Parameter.VAR_POSITIONAL
            for one in value if several else (value,):
                if not any(test(one) for _, test in kind):
                    wanted = _or([word for word, _ in kind])
                    own = given.get("name")  # of what is made: which of many it is
                    which = f"{name} '{own}'" if isinstance(own, str) and argument != "name" else name
                    raise ArgumentError(
                        f"{which}: {argument} = {shown(one)} is not {wanted}.{_hint(one, kind)}"
                    )
        return function(*args, **kwargs)

    return checked


def with_options(table: type, usual: Mapping[str, Any]) -> Callable[[F], F]:
    """What names the options of a function that takes them as `**options: Unpack[table]`.

    table: a TypedDict of them; usual: what each is when it is left out. The signature is then as if they
    stood in it, so that help shows them, and calls are checked against their kinds.
    """
    kinds = typing.get_type_hints(table)

    def named(function: F) -> F:
        plain = inspect.signature(function)
        own = [p for p in plain.parameters.values() if p.kind is not p.VAR_KEYWORD]
        more = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kinds[name])
            for name, value in usual.items()
        ]
        function.__signature__ = plain.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        return function

    return named


def _call(name: str, known: tuple[str, ...], given: Mapping[str, Any], error: TypeError) -> str:
    """The sentence about a call that does not fit the arguments of a function."""
    for word in given:
        if word not in known:
            return f"{name} has no argument '{word}'; it takes {listing(known, 20)}.{nearest(word, known)}"
    return f"{name}: {error}; it takes {listing(known, 20) if known else 'no arguments'}."


def _hint(value: Any, kind: Kind) -> str:
    """What may have been meant, where something likely was."""
    wanted = [word for word, _ in kind]
    if PLAIN[Mapping][0] in wanted and not isinstance(value, type) and hasattr(value, "name"):
        return f" Put it into one: {{{str(value.name)[:64]!r}: ...}}."
    if isinstance(value, type) or (callable(value) and hasattr(value, "__name__")):
        return f" Was {value.__name__}(...) meant?"
    if isinstance(value, str) and "a Scenario" in wanted:
        return f" sim.scenario({value[:64]!r}) gives one."
    if isinstance(value, str | os.PathLike) and "a Result" in wanted:
        return f" sim.load({os.fspath(value)[:64]!r}) gives one."
    return ""


def _or(words: Sequence[str]) -> str:
    """ "text, a number or None"; each once."""
    *some, last = dict.fromkeys(words)
    return f"{', '.join(some)} or {last}" if some else last


@cache
def _kinds(function: Callable) -> dict[str, Kind]:
    """{argument: what it may be}; worked out at the first call, when all modules are there."""
    space = getattr(function, "__globals__", None) or vars(sys.modules[function.__module__])
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD or parameter.annotation is parameter.empty:
            found[name] = ANYTHING
        else:
            found[name] = kind_of(parameter.annotation, space)
    return found


def kind_of(annotation: Any, space: Mapping[str, Any]) -> Kind:
    """The alternatives that an annotation allows, ANYTHING where it allows all or cannot be told.

    annotation: a type, or text of one; space: the names that the text may use. A class that is imported
    for type checkers only is known by its name.
    """
    if isinstance(annotation, str):
        return _of_text(ast.parse(annotation.strip(), mode="eval").body, space)
    if annotation is Any:
        return ANYTHING
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return _joined([kind_of(part, space) for part in typing.get_args(annotation)])
    if typing.get_origin(annotation) is typing.Literal:
        return (PLAIN[str],) if all(isinstance(a, str) for a in typing.get_args(annotation)) else ANYTHING
    plain = typing.get_origin(annotation) or annotation
    if annotation is None:
        plain = type(None)
    if plain in PLAIN:
        return (PLAIN[plain],)
    if isinstance(plain, type) and plain is not object and not getattr(plain, "_is_protocol", False):
        return ((_article(plain.__name__), lambda value: isinstance(value, plain)),)
    return ANYTHING


def _of_text(node: ast.expr, space: Mapping[str, Any]) -> Kind:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _joined([_of_text(node.left, space), _of_text(node.right, space)])
    if isinstance(node, ast.Constant):
        return kind_of(node.value, space) if node.value is None or isinstance(node.value, str) else ANYTHING
    if isinstance(node, ast.Subscript):
        if ast.unparse(node) in ("Sequence[str]", "list[str]", "tuple[str, ...]"):
            return (TEXTS,)
        return _of_text(node.value, space)  # what is inside is the business of the function
    if isinstance(node, ast.Attribute):
        root = space.get(node.value.id) if isinstance(node.value, ast.Name) else None
        return kind_of(getattr(root, node.attr), space) if hasattr(root, node.attr) else _by_name(node.attr)
    if isinstance(node, ast.Name):
        known = space.get(node.id, getattr(builtins, node.id, None))
        return _by_name(node.id) if known is None else kind_of(known, space)
    return ANYTHING


def _by_name(name: str) -> Kind:
    """A class that is not imported here: whether a value is of it is told by the names of its classes."""
    if name in ("Any", "ArrayLike"):
        return ANYTHING
    return ((_article(name), lambda value: any(c.__name__ == name for c in type(value).__mro__)),)


def _joined(kinds: Sequence[Kind]) -> Kind:
    if any(kind is ANYTHING for kind in kinds):
        return ANYTHING
    return tuple(alternative for kind in kinds for alternative in kind)


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
