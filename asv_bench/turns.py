"""Processes that take turns: each waits for a line, works, and answers with a line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping


class Worker:
    """A process that runs ``python ARGS`` and answers lines."""

    def __init__(self, name: str, args: list[str], env: Mapping[str, str]) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, *args],
            env={**os.environ, **env},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, question: str) -> str:
        """The answer to a line."""
        self.send(question)
        return self.answer()

    def send(self, question: str) -> None:
        """Let it work on a line."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its end shows in the answer

    def answer(self) -> str:
        """To the line that was sent first of those without an answer."""
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.name}: its process has ended")
        return answer.rstrip("\n")

    def close(self) -> None:
        """Send it home."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def serve(answer: Callable[[str], object]) -> None:
    """Answer every line of the standard input; what else is printed goes to stderr."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        print(answer(line.rstrip("\n")), file=replies)
