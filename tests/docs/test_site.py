"""The site: every example has its picture and place; docs/look.py sees faults."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
HELPERS = {"make_page", "real_data"}
SCRIPTS = sorted(p for p in EXAMPLES.rglob("*.py") if p.stem not in HELPERS)


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


look = loaded(ROOT / "docs" / "look.py")
gallery = loaded(ROOT / "docs" / "_ext" / "gallery.py")


def test_every_example_has_a_place_in_the_gallery():
    places = [gallery.as_listed(script.name) for script in SCRIPTS]
    assert len(set(places)) == len(places)
    with pytest.raises(ValueError, match=r"unheard_of.py is listed in none of"):
        gallery.as_listed("unheard_of.py")


def test_every_example_has_a_picture():
    assert [s for s in SCRIPTS if not gallery.picture_of(s.stem)] == []


def test_pages_are_those_of_the_site_not_of_the_theme(tmp_path):
    for name in ("index.html", "a/b.html", "_static/c.html", "d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert look.pages_of(tmp_path) == ["a/b.html", "index.html"]


PAGE = """<!doctype html><html><meta name="viewport" content="width=device-width">
<script>document.documentElement.dataset.theme = localStorage.theme</script>
<style>[data-theme=dark] body {{ color: white; background: black }}</style>
<body><article>{}</article></body></html>"""
PAGES = {
    "good": "<p>Words</p><div style='overflow-x: auto'><pre>{}</pre></div>",
    "wide": "<p style='width: 700px'>Words</p>",
    "lost": "<img src='none.png'>",
    "faint": "<p style='color: #888; background: #999'>Words</p>",
    "search": "<ul class='search'></ul><script>if (location.search == '?q=words') "
    "document.querySelector('ul').innerHTML = '<li>Words</li>'</script>",
}
ALWAYS = [
    "lost.html: no picture none.png",
    "faint.html: contrast 1.2",
    "a search for none finds nothing",
]
WRONG = {"desktop": ALWAYS, "phone": [*ALWAYS, "wide.html: 318 px too wide: <p"]}


@pytest.mark.skipif(look.installed() is None, reason="there is no Chromium")
@pytest.mark.parametrize(("size", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_look_sees_what_is_wrong(size, theme, tmp_path, monkeypatch):
    monkeypatch.setattr(look, "PATIENCE", 100)
    for name, body in PAGES.items():
        text = PAGE.format(body.replace("{}", "code " * 500))
        (tmp_path / f"{name}.html").write_text(text)
    browser = look.Browser(look.installed(), tmp_path)
    found = browser.look(look.pages_of(tmp_path), size, theme, ["words", "none"])
    assert len(found) == len(WRONG[size]), found
    for line in WRONG[size]:
        assert [f for f in found if f.startswith(line)], (line, found)
