"""A reason why something could not be done, told to a person in one sentence."""

from __future__ import annotations

from silkgate.kernel.text import Text


class Problem(Exception):  # noqa: N818 - it is told to a person, who has done nothing wrong
    """Stops a command. `text` is the one sentence, in both languages, that its user reads."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)
