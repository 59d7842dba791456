"""Sphinx's settings: the pages of this folder, and API pages made from the package's docstrings.

make docs
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import api_pages  # noqa: E402
import prose  # noqa: E402

import aejax  # noqa: E402

project = "aejax"
author = "the authors of aejax"
copyright = "the authors of aejax, Apache-2.0"
version = release = aejax.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
# Two modules may have a record of one name (Point); an annotation's link then takes the first.
suppress_warnings = ["ref.python"]

# Nothing is fetched: no intersphinx, no fonts and no scripts of others.
html_theme = "furo"
html_title = "aejax"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
myst_enable_extensions = ["colon_fence", "deflist"]
toc_object_entries = False  # names are found by the search, and do not slow every page down
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"no-value": True, "members": True, "undoc-members": True}
autodoc_preserve_defaults = True  # as they stand in the source, not as what they evaluate to
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # fields are documented where they are defined
copybutton_exclude = ".linenos, .gp, .go"

api_pages.write(HERE / "api")


def setup(app):
    """Connects what turns the docstrings' plain text, and links out of this folder, into pages."""
    app.connect("autodoc-process-docstring", prose.docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", prose.signature)
    app.connect("source-read", prose.page)
    app.connect("include-read", prose.included)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
