"""Configuration of Sphinx; `make docs` builds the documentation."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from nalm import __version__

project = "nalm"
author = "the nalm authors"
project_copyright = "the nalm authors"
version = release = __version__

extensions = [
    "myst_parser",
    "capabilities",  # this folder's: the table of units
    "commands",  # this folder's: the command line and its settings
    "sphinx.ext.autodoc",
    "docstrings",  # this folder's: docstrings with single backticks and bare formulas become reStructuredText
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]

myst_heading_anchors = 3

autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    "exclude-members": "model_config, model_post_init, id",
}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"nalm {version}"
