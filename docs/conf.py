"""How Sphinx builds the site. Its pages are those that `docs.building.source_tree` puts together."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import sim  # noqa: E402
from docs.building import code_links, docstrings, mathematics, stale_pages  # noqa: E402

project, author, release = "hapsim", "the hapsim developers", sim.__version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
root_doc = "index"
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks are stored with outputs, and the tests run them again
nb_merge_streams = True

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 90
toc_object_entries = False
viewcode_line_numbers = True
copybutton_selector = "div.highlight-python pre, div.highlight-toml pre, div.highlight-bash pre"

html_title = "hapsim"
html_theme = "pydata_sphinx_theme"
html_static_path = [str(Path(__file__).parent / "building" / "static")]
html_css_files = ["site.css"]
html_show_search_summary = False  # a page from a file may not read others
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_math_renderer = "mathml"
html_sidebars = {"index": []}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["footer"],
    "footer_end": [],
    "pygments_light_style": "tango",
}
templates_path = [str(Path(__file__).parent / "building" / "templates")]


def setup(app):
    """What the site adds to Sphinx: equations without a script, house docstrings, names that are links."""
    mathematics.add_to(app)
    app.connect("autodoc-process-docstring", docstrings.as_fields)
    app.connect("doctree-resolved", code_links.link_names)
    app.connect("html-page-context", code_links.lead_back)
    app.connect("builder-inited", stale_pages.note_site)
    app.connect("build-finished", stale_pages.remove_stale)
