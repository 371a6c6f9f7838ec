"""The page in a cell of a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

ABSENT = (
    "Shown through the Jupyter server of this notebook. Where it says 404, that server lacks "
    "jupyter-server-proxy: python -m pip install jupyter-server-proxy beside it, and start it anew."
)


@dataclass(frozen=True)
class PageFrame:
    """A frame that shows an address. height: [pixels]; proxied: whether through the Jupyter server"""

    address: str
    height: int
    proxied: bool = False

    def __repr__(self) -> str:
        return f"hapsim explorer: {self.address}"

    def _repr_html_(self) -> str:
        below = f"<div><small>{escape(ABSENT)}</small></div>" if self.proxied else ""
        return (
            f'<iframe title="hapsim explorer" src="{escape(self.address)}" width="100%" '
            f'height="{self.height}" frameborder="0" allowfullscreen></iframe>{below}'
        )
