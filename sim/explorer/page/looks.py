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

# Where the keyboard is: browsers and Panel draw it faintly or not at all.
FOCUS = f":focus-visible {{ outline: 2px solid {BLUE} !important; outline-offset: 1px; }}"
TABS = f""".bk-header {{ overflow: visible; }}
.bk-headers-wrapper {{ flex-wrap: wrap; }}
{FOCUS}"""
SWITCH = f""".bk-input-group, label, label > span {{ max-width: 100%; white-space: normal; }}
{FOCUS}"""
UNSEEN = ":host { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }"
