# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx' settings for `make docs`. The pages are laid out by make_site.py."""

from pathlib import Path

import yaml

_ROOT = Path(__file__).resolve().parents[2]
_GALAXY = yaml.safe_load((_ROOT / "galaxy.yml").read_text(encoding="utf-8"))

project = "eucalyptus.ha"
author = "The eucalyptus.ha developers"
copyright = f"2026, {author}. GPL-3.0-or-later"
version = release = str(_GALAXY["version"])

extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
# Of the headings, as GitHub has them.
myst_heading_anchors = 4
# -W: whatever Sphinx warns of ends the build. Blocks without a language are terminals.
highlight_language = "text"
# Or --option becomes –option.
smartquotes = False
pygments_style = "ansible"
pygments_dark_style = "monokai"

html_theme = "furo"
html_title = f"eucalyptus.ha {release}"
html_static_path = [str(Path(__file__).with_name("static"))]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": _GALAXY["repository"],
}
# Written by ansible_labels.py; nothing is fetched.
intersphinx_mapping = {
    "ansible": ("https://docs.ansible.com/ansible/devel/", str(_ROOT / "build" / "docs" / "ansible.inv"))
}

# Light and dark by the theme's own switch, see site.css.
antsibull_ext_color_scheme = "none"

# `make docs-links-external`; what is inside the site is checked by -W and by check_html.py.
linkcheck_timeout = 20
linkcheck_retries = 2
