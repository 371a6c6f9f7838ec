"""Names in code become links: `sim.simulate`, `infarct_myocardium`, `growth.k`, `hapsim run`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from docutils import nodes

import sim
from docs.building import api_pages, command_pages, parameter_pages
from docs.building.tables import slug


@lru_cache(maxsize=1)
def named_places() -> dict[str, str]:
    """What may stand in code -> the page on it, with the part of the page after #."""
    found = {name: f"reference/parameters#{slug(name)}" for name in parameter_pages.every_parameter()}
    found |= {name: f"reference/scenarios/{name}" for name in sim.scenarios()}
    found |= {name: f"reference/command_line#{slug(name)}" for name in command_pages.commands()}
    return found | api_pages.places()


def place_of(text: str) -> str:
    """The page on what is written in code, "" when there is none: calls and options count as their names."""
    known = named_places()
    if text in known:
        return known[text]
    if called := re.match(r"(sim(?:\.\w+)+)\(", text):
        return known.get(called[1], "")
    if text.startswith("hapsim "):
        words = text.split()
        for count in (3, 2):
            if " ".join(words[:count]) in known:
                return known[" ".join(words[:count])]
    return ""


def link_names(app: Any, doctree: nodes.document, docname: str) -> None:
    """The hook of Sphinx: every name in code that has a page is a link to it, but not on that page."""
    for node in list(doctree.findall(nodes.literal)):
        target, _, part = place_of(node.astext()).partition("#")
        inside = node.parent
        while inside is not None and not isinstance(inside, nodes.reference | nodes.title | nodes.term):
            inside = inside.parent
        if not target or target == docname or inside is not None:
            continue
        address = app.builder.get_relative_uri(docname, target) + (f"#{part}" if part else "")
        link = nodes.reference("", "", internal=True, refuri=address)
        node.replace_self(link)
        link += node


def lead_back(app: Any, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Let each page of source code lead to the place by which its page of the API calls it.

    viewcode calls all that one file defines by the module in which the first of it was met, and a file may
    hold both what has a public name and what is met under the name of its file.
    """
    if pagename.startswith("_modules/") and "body" in context:
        context["body"] = BACK.sub(_led_back, context["body"])


BACK = re.compile(r"(?P<page>api/(?P<name>[\w.]+?)(?:-class)?\.html)#(?P<place>[\w.]+)")


def _led_back(found: re.Match[str]) -> str:
    _, last, rest = found["place"].rpartition("." + found["name"].rpartition(".")[2])
    return f"{found['page']}#{found['name']}{rest}" if last else found[0]
