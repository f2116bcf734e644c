"""Saving and loading a model with its optimizer: M has 0.5 million parameters, L 7."""

from __future__ import annotations

import os
import tempfile

from .common import SIZES, classifier, if_known, on_one_thread


class Checkpoint:
    """Parameters, buffers and Adam's two moments, as safetensors, in a new file."""

    params = (["M", "L"],)
    param_names = ("size",)
    repeat = (3, 5, 2.0)
    timeout = 120

    def setup(self, size: str) -> None:
        on_one_thread()
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "checkpoint.safetensors")
        with if_known():
            from autograd_core import optim
            from autograd_core.train import checkpoint

            self.checkpoint = checkpoint
            self.model = classifier(SIZES[size][1])
            self.opt = optim.Adam(self.model.parameters())
            self.save()

    def teardown(self, size: str) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def save(self) -> None:
        tree = {"model": self.model.state_dict(), "optimizer": self.opt.state_dict()}
        self.checkpoint.save(self.path, tree)

    def time_save(self, size: str) -> None:
        self.save()

    def time_load(self, size: str) -> None:
        tree = self.checkpoint.load(self.path)
        self.model.load_state_dict(tree["model"])
        self.opt.load_state_dict(tree["optimizer"])

    def track_bytes(self, size: str) -> int:
        return os.path.getsize(self.path)

    track_bytes.unit = "bytes"  # type: ignore[attr-defined]
