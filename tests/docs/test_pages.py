"""Pages of docs/: blocks of code run, links lead somewhere, tables name what exists."""

import re

import pytest
from pages import REFERENCE, ROOT, blocks_of, check_block, check_names, text_of

import autograd_core as ag

OWN_TESTS = {"compile.md", "course.md", "eager.md", "numpy.md", "own_op.md"}
OWN_TESTS |= {"parallel.md", "precision.md", "tuning.md"}
PAGES = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
BLOCKS = [
    pytest.param(block, id=f"{page}-{i}")
    for page in PAGES
    if page not in OWN_TESTS
    for i, block in enumerate(blocks_of(text_of(page)))
]
MODULES = ("estimators", "nn", "optim", "train", "special")


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_run(block, tmp_path):
    pytest.importorskip("sklearn")
    check_block(block, "", tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_names_exist(page):
    text = text_of(page)
    check_names(text)
    # In a table of names the left column is another library's.
    ours = "\n".join(line.split("|", 2)[-1] for line in text.splitlines())
    for module, name in re.findall(r"`(?:\w+\()?(\w+)\.(\w+)", ours):
        if module in MODULES:
            assert hasattr(getattr(ag, module), name), f"{module}.{name}"


def anchors(path):
    """What MyST calls the headings of a page."""
    heads = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {word.strip().replace(" ", "-") for word in words}


@pytest.mark.parametrize("page", [f"docs/{page}" for page in PAGES] + ["README.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES)
def test_no_heading_is_a_link_to_a_file(page):
    """Sphinx's parallel writers leave pages out, in silence, if there is one."""
    heads = re.findall(r"^#+ .*", text_of(page), re.MULTILINE)
    assert [head for head in heads if "](" in head] == []


def test_every_page_is_in_the_menu():
    menu = text_of("index.md")
    for page in PAGES:
        stem = page.removesuffix(".md")
        assert stem in ("index", "benchmarks") or f"\n{stem}\n" in menu, page


def test_the_reference_has_all_modules():
    below = ("nn", "nn.functional", "nn.init", *MODULES[2:], "estimators")
    assert set(REFERENCE) == {"autograd_core", *(f"autograd_core.{m}" for m in below)}
