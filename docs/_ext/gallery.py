"""The gallery's pictures, which are committed, and its order, that of the pages."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("examples/README.md", "docs/course.md")
LISTED = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)


def as_listed(filename: str) -> int:
    """A sorting key of sphinx-gallery."""
    found = re.search(rf"[(/]{re.escape(Path(filename).name)}\)", LISTED)
    if found is None:
        raise ValueError(f"{filename} is listed in none of {', '.join(PAGES)}")
    return found.start()


def picture_of(example: str) -> Path | None:
    """The committed picture of an example, wherever below docs/gallery it is."""
    if example == "digits":  # the demo's, which the README shows
        return ROOT / "docs" / "learning-curve.png"
    return next(iter(sorted((ROOT / "docs" / "gallery").rglob(f"{example}.png"))), None)
