"""Equations as MathML, written while the site is built: browsers show it themselves, without a script."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

LOG = logging.getLogger(__name__)


def mathml(node: nodes.math | nodes.math_block, block: bool = False) -> str:
    """An equation in LaTeX as MathML; its text, and a warning, where a command is not known."""
    try:
        return str(tex2mathml(node.astext(), as_block=block))
    except MathError as error:
        LOG.warning("equation: %s", error, location=node)
        return node.astext()


def inline(writer: Any, node: nodes.math) -> None:
    """An equation within a line."""
    writer.body.append(mathml(node))
    raise nodes.SkipNode


def displayed(writer: Any, node: nodes.math_block) -> None:
    """An equation on a line of its own."""
    writer.body.append(f'<div class="equation">{mathml(node, block=True)}</div>')
    raise nodes.SkipNode


def add_to(app: Any) -> None:
    """The renderer `mathml` of a Sphinx application."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
