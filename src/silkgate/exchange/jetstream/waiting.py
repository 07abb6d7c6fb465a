"""Waiting for several things, or for a thread, without leaving any of them behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def all_of(works: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """What they return, in their order. Raises the first error once all of them have ended."""
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    values: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        values.append(outcome)
    return values


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` returns, done in a thread. Whoever cancels us waits until the thread has ended: a transaction is not
    left to itself."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
