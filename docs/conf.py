"""How Sphinx builds the site: `make docs`. Nothing is fetched from the network."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(ROOT / "kernels"), str(HERE / "_ext")]

from gallery import picture_of  # noqa: E402
from sphinx.errors import ExtensionError  # noqa: E402

import autograd_core as ag  # noqa: E402

project = "autograd-core"
author = copyright = "the autograd-core developers"
version = release = ag.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "names",
]
exclude_patterns = [
    "_build",
    "benchmarks.md",
    "gallery-*/**/*.ipynb",
    "gallery-*/**/*.py",
]
default_role = "py:obj"  # `name` in a docstring links where there is such a name
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
napoleon_custom_sections = [("Settings", "params_style")]  # of optimizers
autodoc_typehints = "none"  # signatures stay readable; the text says shapes and dtypes
autosummary_generate = False

html_theme = "pydata_sphinx_theme"
html_title = f"autograd-core {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_domain_indices = False
templates_path = ["_templates"]
html_sidebars = {"index": [], "**": ["menu"]}
html_theme_options = {
    "logo": {"text": "autograd-core"},
    "show_toc_level": 1,
    "navbar_center": [],  # the menu at the side has all pages
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

# Examples are shown, not run: tests run them, their pictures are committed. A folder
# below examples/ is a section, if it has a GALLERY_HEADER.txt.
GALLERY = "gallery-examples"
EXAMPLES = ROOT / "examples"
sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": [GALLERY],
    "plot_gallery": False,
    "nested_sections": False,
    "within_subsection_order": "gallery.as_listed",
    "ignore_pattern": "make_page|real_data",
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
}


def place_pictures(app: Any) -> None:
    """Put each picture where sphinx-gallery looks for what a script has drawn."""
    for script in EXAMPLES.rglob("*.py"):
        if picture := picture_of(script.stem):
            images = HERE / GALLERY / script.parent.relative_to(EXAMPLES) / "images"
            images.mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, images / f"sphx_glr_{script.stem}_001.png")


CODE = "\n.. code-block:: Python\n"
TITLE = re.compile(r"(\.\. _sphx_glr_[^\n]*:\n\n)([^\n]+)\n(?![=-])")


def complete(app: Any, docname: str, source: list[str]) -> None:
    """An example's page: its first line as a title, its picture before the code."""
    folder, _, example = docname.rpartition("/")
    if folder.startswith(GALLERY) and example != "index":
        source[0] = TITLE.sub(titled, source[0], count=1)
    image = HERE / folder / "images" / f"sphx_glr_{example}_001.png"
    if folder.startswith(GALLERY) and image.exists():
        picture = f"\n.. image:: /{image.relative_to(HERE).as_posix()}\n"
        source[0] = source[0].replace(CODE, picture + CODE, 1)


def titled(found: re.Match[str]) -> str:
    """The line with what makes a title of it."""
    line = found[2].rstrip(".")
    return f"{found[1]}{line}\n{'=' * len(line)}\n"


def all_written(app: Any, error: Exception | None) -> None:
    """Sphinx's parallel writers may lose pages and still be content."""
    pages = app.env.found_docs if app.builder.name == "html" and not error else ()
    lost = [p for p in pages if not Path(app.builder.get_outfilename(p)).exists()]
    if lost:
        raise ExtensionError(f"pages were not written: {', '.join(sorted(lost))}")


def setup(app: Any) -> None:
    """Before sphinx-gallery looks, as each page is read, and at the end."""
    app.connect("builder-inited", place_pictures, priority=1)
    app.connect("source-read", complete)
    app.connect("build-finished", all_written)
