"""Layers one after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self, overload

from autograd_core.nn.module import Module
from autograd_core.tensor import Tensor


class Sequential(Module):
    """Layers one after another, by place or by name.

    ``Sequential(a, b)``, of ``layers``, names them "0" and "1"; ``Sequential({"body":
    a})`` takes the names of the mapping. ``model[0]``, ``model[-1]``, ``model["body"]``
    are layers, ``model[:2]`` is a Sequential of the same layers under the same names.
    Raises TypeError for what is no layer, as a class that was not called.

    >>> from autograd_core import nn
    >>> nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))[0]
    Linear(4, 8): 40 parameters
    """

    def __init__(self, *layers: Any) -> None:
        self._layers: dict[str, Module] = {}
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            for name, layer in layers[0].items():
                self._put(name, layer)
        else:
            for layer in layers:
                self.append(layer)

    def forward(self, x: Tensor) -> Tensor:
        """Each layer on what the one before it gives."""
        for layer in self._layers.values():
            x = layer(x)
        return x

    def append(self, layer: Module) -> Self:
        """Add a layer at the end, named by its place."""
        name = str(len(self._layers))
        if name in self._layers:
            raise ValueError(f"Sequential: a layer named {name!r} is there already")
        self._put(name, layer)
        return self

    def members(self) -> Iterator[tuple[str, Any]]:
        """(name, layer) in order, then what a subclass's attributes hold."""
        yield from self._layers.items()
        for name, value in super().members():
            if not name.startswith("_layers."):
                yield name, value

    def _put(self, name: Any, layer: Any) -> None:
        if not isinstance(name, str) or not name or "." in name:
            raise ValueError(
                f"Sequential: a name must be a string without dots, got {name!r}"
            )
        if not isinstance(layer, Module):
            raise TypeError(
                f"Sequential: layer {name!r} must be a Module, got {layer!r:.60}"
                f"{_meant(layer)}"
            )
        self._layers[name] = layer

    def _name(self, index: int | str) -> str:
        if isinstance(index, str):
            if index not in self._layers:
                known = ", ".join(self._layers)
                raise KeyError(f"Sequential: no layer {index!r}; there are: {known}")
            return index
        if not -len(self) <= index < len(self):
            raise IndexError(f"Sequential: no layer {index}; there are {len(self)}")
        return list(self._layers)[index]

    @overload
    def __getitem__(self, index: int | str) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | str | slice) -> Module:
        if isinstance(index, slice):
            return Sequential(dict(list(self._layers.items())[index]))
        return self._layers[self._name(index)]

    def __setitem__(self, index: int | str, layer: Module) -> None:
        self._put(self._name(index), layer)

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._layers.values())


def _meant(layer: Any) -> str:
    """What a layer that is none should have been."""
    if isinstance(layer, type):
        return ": write it as a call"
    if isinstance(layer, list | tuple):
        return ": give the layers one by one, Sequential(*layers)"
    if callable(layer):
        return ": a function goes into the forward of an nn.Module"
    return ""
