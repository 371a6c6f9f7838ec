"""How the page looks: style sheets. No colour says anything that words do not say as well."""

LEFT = 380  # pixels of the column of fields
BAR = 62  # pixels of the line above both columns
NARROW = 1000  # pixels below which fields and results stand below each other
LINE = "1px solid #d8dee4"

DARK, GREY, RED, AMBER, BLUE = "#1b1f24", "#57606a", "#a40e26", "#7d4e00", "#0a5a9c"
CSS = f"""
:host, div {{ font-family: system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; }}
.hx {{ color: {DARK}; font-size: 14px; line-height: 1.45; }}
.hx h1 {{ font-size: 20px; line-height: 1.25; margin: 0; }}
.hx h2 {{ font-size: 16px; margin: 14px 0 4px; }}
.hx p {{ margin: 4px 0 8px; max-width: 75ch; }}
.hx .small {{ color: {GREY}; font-size: 12.5px; }}
.hx .refused {{ color: {RED}; font-size: 12.5px; }}
.hx .mind {{ color: {AMBER}; font-size: 12.5px; }}
.hx .name {{ font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 13px; font-weight: 600; }}
.hx .right {{ float: right; }}
.hx table {{ border-collapse: collapse; margin: 6px 0 14px; }}
.hx th {{ text-align: left; font-weight: 600; color: {GREY}; font-size: 12.5px; }}
.hx td, .hx th {{ padding: 3px 14px 3px 0; border-bottom: 1px solid #d8dee4; vertical-align: top; }}
.hx td:first-child {{ white-space: nowrap; }}
.hx pre {{ background: #f6f8fa; border: 1px solid #d8dee4; padding: 10px; overflow-x: auto;
  font-size: 12.5px; margin: 4px 0; }}
"""
TOP = f":host {{ border-bottom: {LINE}; min-height: {BAR - 2}px; align-items: flex-start; }}"
DOING = ":host { flex: 1 1 300px; width: auto; }"
BOTH = f"@media (max-width: {NARROW}px) {{ :host {{ flex-direction: column; }} }}"
FIELDS = f"""
:host {{ flex: 0 0 {LEFT}px; height: calc(100vh - {BAR}px); overflow: hidden auto; border-right: {LINE}; }}
@media (max-width: {NARROW}px) {{
  :host {{ flex: 0 0 auto; width: 100% !important; height: auto; max-height: 42vh; border-right: none;
    border-bottom: 3px solid #d8dee4; }}
}}
"""
RESULTS = f"""
:host {{ height: calc(100vh - {BAR}px); overflow: hidden auto; }}
@media (max-width: {NARROW}px) {{ :host {{ height: auto; flex: 0 0 auto; }} }}
"""

# Of a switch with its words: Panel's answers to the box alone, so an empty area of the box lies over the
# words too. It is drawn here, since some browsers draw nothing after a box of their own look.
SWITCH = f"""
:host {{ position: relative; }}
input[type=checkbox] {{
    appearance: none; position: static; width: 13px; height: 13px; margin: 0 3px -2px 0;
    border: 1px solid {GREY}; border-radius: 2px;
}}
input[type=checkbox]:checked {{ background: {BLUE}; border-color: {BLUE}; }}
input[type=checkbox]:checked::before {{
    content: ""; display: block; width: 7px; height: 3px; border: solid #ffffff; border-width: 0 0 2px 2px;
    transform: translate(1px, 2px) rotate(-45deg);
}}
input[type=checkbox]::after {{ content: ""; position: absolute; inset: 0; z-index: 1; cursor: pointer; }}
"""
