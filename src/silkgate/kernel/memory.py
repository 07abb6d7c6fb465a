"""How the C library keeps memory: large buffers go back to the system as soon as they are let go."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3), by their numbers in glibc's malloc.h."""
LARGE_BYTES = 2**20


def give_back_memory() -> bool:
    """Have this process keep little of what it has let go; False where the C library is not glibc.

    Left alone, glibc takes ever larger buffers from heaps that can only shrink at their end, one heap for each few
    threads: after a while a web process keeps several times what it works on.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    wanted = ((_MMAP_THRESHOLD, LARGE_BYTES), (_TRIM_THRESHOLD, 8 * LARGE_BYTES), (_ARENA_MAX, 2))
    answers = [mallopt(parameter, value) for parameter, value in wanted]
    return all(answers)
