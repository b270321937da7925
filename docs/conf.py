"""How `make docs` builds these pages: from this folder, the code and `conf/`, with no network."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # importing TensorFlow to read docstrings

project = "focalsweep"
author = "The focalsweep maintainers"
copyright = "The focalsweep maintainers, Apache-2.0"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "arms",
    "command_help",
    "mathml",
    "settings",
]
exclude_patterns = ["_build", "_ext"]
source_suffix = {".md": "markdown"}

# Pages are read on a git host too: dollar signs for formulas, anchors of headings for links.
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
html_math_renderer = "mathml"

# Docstrings: one backtick is code, types stay in the text where shapes stand.
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_rtype = False
nitpicky = True
# Docstrings name types in words ("tensor of shape (...)"): those are no references.
nitpick_ignore_regex = [("py:.*", r"(?!focalsweep).*")]

html_theme = "furo"
html_title = "focalsweep"
html_static_path = ["_static"]
html_css_files = ["focalsweep.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    # No icons from elsewhere, no links to edit: the pages work from a folder.
    "top_of_page_buttons": [],
}
