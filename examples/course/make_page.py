"""Run every script of the course; write docs/course.md and its pictures.

python examples/course/make_page.py
"""

import ast
import io
import runpy
import sys
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

from PIL import Image

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
ORDER = [
    "bias_variance",
    "l2",
    "l1",
    "max_norm",
    "dropout",
    "augmentation",
    "early_stopping",
    "normalisation",
    "initialisation",
    "gradient_checking",
    "batch_size",
    "averages",
    "race",
    "decay",
    "find_lr",
    "batch_norm",
    "softmax",
    "imbalance",
    "search",
]
HEAD = """# The course, topic by topic

Improving deep networks, as the second course of a deep-learning specialisation teaches
it: each topic with the script that shows it on real data (digits, breast cancer and
diabetes of scikit-learn), its picture and its numbers. "Hold-out" rows, a third, were
not trained on. The scripts are in `examples/course/`, `real_data.py` there loads the
data, and `python examples/course/make_page.py` makes this page.
"""


def run(name, plot):
    """What a script prints, and the names that it leaves."""
    out = io.StringIO()
    path = [str(HERE), *sys.path]
    script = str(HERE / f"{name}.py")
    argv = [name, "--plot", str(plot)]
    changed = patch.multiple(sys, argv=argv, path=path)
    with changed, redirect_stdout(out):
        found = runpy.run_path(script, run_name="__main__")
    return out.getvalue(), found


def section(name, printed):
    """A script as a part of the page."""
    source = (HERE / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    title, text = ast.get_docstring(tree).split(".\n\n", 1)
    body = [s for s in tree.body[1:] if not isinstance(s, ast.Import | ast.ImportFrom)]
    code = "\n".join(source.splitlines()[body[0].lineno - 1 :])
    return (
        f"## {title}\n\n{text}\n\n"
        f"```python\n{code}\n```\n\n![{title}](gallery/course/{name}.png)\n\n"
        f"```text\n{printed.rstrip()}\n```\n\n"
        f"The whole script: [{name}.py](../examples/course/{name}.py)\n"
    )


def shrink(picture):
    """128 colours are enough, and a third of the bytes."""
    Image.open(picture).convert("RGB").quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    sections = [HEAD]
    for name in ORDER:
        picture = DOCS / "gallery" / "course" / f"{name}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        sections.append(section(name, run(name, picture)[0]))
        shrink(picture)
    (DOCS / "course.md").write_text("\n".join(sections), encoding="utf-8")
