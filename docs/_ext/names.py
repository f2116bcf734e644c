"""``.. names:: module``: a table of its public names, and then each with its docstring.

What is public is what ``__all__`` holds, so that no name can be forgotten.
"""

from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


def public(module: ModuleType) -> list[str]:
    """Its names, without ``__version__`` and modules, which have pages of their own."""
    names: list[str] = module.__all__
    return [
        name
        for name in names
        if not name.startswith("_")
        and not isinstance(getattr(module, name), ModuleType)
    ]


class Names(SphinxDirective):
    """See the module."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Parse what would otherwise be written by hand."""
        module = import_module(self.arguments[0])
        names = sorted(public(module), key=str.lower)
        table = [".. autosummary::", "   :nosignatures:", ""]
        table += [f"   {name}" for name in names]  # the page has its py:module
        each = [line for name in names for line in self.entry(module, name)]
        container = nodes.Element()
        lines = StringList([*table, "", *each], source=module.__name__)
        self.state.nested_parse(lines, self.content_offset, container)
        return container.children

    def entry(self, module: ModuleType, name: str) -> list[str]:
        """The directive of one name."""
        value = getattr(module, name)
        full = f"{module.__name__}.{name}"
        if isinstance(value, type):
            options = ["   :members:"]
            if name == "Tensor":  # its methods are in classes that it is made of
                options += ["   :inherited-members:"]
            return [f".. autoclass:: {full}", *options, ""]
        kind = "autofunction" if callable(value) else "autodata"
        return [f".. {kind}:: {full}", ""]


def skip(
    app: Any, what: str, name: str, value: Any, skipped: bool, options: Any
) -> Any:
    """What scikit-learn gives its estimators, and PyTorch's names that are not ours."""
    foreign = (getattr(value, "__module__", None) or "").startswith("sklearn")
    foreign |= name.endswith("_request") or name == "get_metadata_routing"
    return True if foreign or type(value).__name__ == "Elsewhere" else None


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("names", Names)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
