"""The page without a pointer or a screen: names of inputs, tabs that keys open, and what becomes of a run.

A widget carries its name as a tag; a script on the page writes it where browsers look for it, also of fields
that are made later. Tabs of Bokeh take the focus and answer to no key; here Enter and Space open them.
"""

from __future__ import annotations

from typing import Any

NAME, STATUS = "spoken: ", "status"
EVERY = 400  # [ms] between looks for new fields
SCRIPT = f"""
const tell = (view) => {{
  const root = view.shadow_el ?? view.el?.shadowRoot
  for (const tag of view.model?.tags ?? []) {{
    if (tag === "{STATUS}") view.el.setAttribute("role", "status")
    if (typeof tag !== "string" || !tag.startsWith("{NAME}") || root == null) continue
    for (const input of root.querySelectorAll("input, select, progress, [role=slider]"))
      input.setAttribute("aria-label", tag.slice({len(NAME)}))
  }}
  for (const tab of root?.querySelectorAll(".bk-tab") ?? []) {{
    tab.setAttribute("aria-selected", String(tab.classList.contains("bk-active")))
    if (tab.getAttribute("role") === "tab") continue
    tab.setAttribute("role", "tab")
    tab.parentElement.setAttribute("role", "tablist")
    tab.addEventListener("keydown", (event) => {{
      if (event.key !== "Enter" && event.key !== " ") return
      event.preventDefault()
      tab.click()
    }})
  }}
  for (const child of view.children?.() ?? []) tell(child)
}}
const all = () => {{ for (const view of Bokeh.index.roots) tell(view) }}
all()
setInterval(all, {EVERY})
"""


def spoken(name: str) -> list[str]:
    """The tags of a widget that is called so."""
    return [f"{NAME}{name}"]


def speak(document: Any) -> None:
    """Have a page of Bokeh tell names."""
    from bokeh.models import CustomJS

    document.js_on_event("document_ready", CustomJS(code=SCRIPT))
