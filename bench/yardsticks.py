"""What the machine can do at best, measured in the session of the figures."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from bench import machine
from bench.stream import Stream


class Yardsticks(NamedTuple):
    """Median, lowest and highest of each over some rounds."""

    pace_ms: tuple[float, float, float]
    """A fixed piece of Python."""
    rsa_verify_us: tuple[float, float, float]
    """RSA-2048, SHA-256, 400 bytes."""
    sha256_gb_per_second: tuple[float, float, float]
    lxml_mb_per_second: tuple[float, float, float]
    """Messages of the stream parsed to a tree, nothing looked at."""
    fsync_ms: tuple[float, float, float]
    """8 KiB written and on disk."""


def yardsticks(stream: Stream, place: Path, rounds: int) -> Yardsticks:
    """All of them on one core; processor time but for the disk."""
    measures = (
        machine.pace_milliseconds,
        _rsa_verify_us(),
        _sha256_gb_per_second,
        _lxml_mb_per_second(stream),
        lambda: machine.fsync_milliseconds(place),
    )
    return Yardsticks(*[_of_rounds(measure, rounds) for measure in measures])


def _of_rounds(measure: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    values = sorted(measure() for _ in range(rounds))
    return median(values), values[0], values[-1]


def _cpu(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start


def _rsa_verify_us() -> Callable[[], float]:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    public, told, scheme, digest = key.public_key(), b"x" * 400, padding.PKCS1v15(), hashes.SHA256()
    signature = key.sign(told, scheme, digest)
    return lambda: _cpu(lambda: [public.verify(signature, told, scheme, digest) for _ in range(2_000)]) / 2_000 * 1e6


def _sha256_gb_per_second() -> float:
    data = b"x" * 2**20
    return 200 * len(data) / _cpu(lambda: [hashlib.sha256(data).digest() for _ in range(200)]) / 1e9


def _lxml_mb_per_second(stream: Stream) -> Callable[[], float]:
    raws = stream.request(0)
    size = sum(map(len, raws))
    return lambda: size / _cpu(lambda: [etree.fromstring(raw) for raw in raws]) / 1e6
