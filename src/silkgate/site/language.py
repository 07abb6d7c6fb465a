"""The language of the command line: `--lang`, else what the terminal asks for."""

from __future__ import annotations

import os

VARIABLE = "SILKGATE_LANG"
"""Set by `--lang`, so that child processes speak it too."""


def language() -> str:
    """`zh` or `en`. The terminal's own wish (LC_ALL, LC_MESSAGES, LANG) counts; without one it is English, as in C."""
    for variable in (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
