"""Sphinx configuration; the build needs no network."""

import inundate

project = "inundate"
author = "inundate developers"
project_copyright = "2026, inundate developers"
release = version = inundate.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "images/README.md"]
templates_path = ["_templates"]

# The docstrings' types are prose ("array (H, W), m"), whose words are no ambiguous references.
suppress_warnings = ["ref.python"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings carry types, shapes and units
autodoc_mock_imports = ["triton"]  # comes with CUDA builds of PyTorch only
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Source", "References")]

html_theme = "furo"
html_title = f"inundate {release}"
html_static_path: list[str] = []
