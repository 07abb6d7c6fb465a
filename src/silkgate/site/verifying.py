"""`silkgate verify` and `verify-statement`: files and a verdict. Know no database, no web framework and no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from silkgate.site.language import language
from silkgate.site.problem import Problem
from silkgate.standards.conformance import verify_statement
from silkgate.standards.tlog.verify import verify_receipt


def verify(receipt: Path, proof: Path, checkpoint: Path, keys: Sequence[str], consistency: Path | None) -> int:
    """Print whether the receipt is in the log, in one sentence; 0 where it is, else 1. Raises Problem."""
    verdict = verify_receipt(
        _read(receipt), _read(proof), _read(checkpoint), keys, _read(consistency) if consistency else None
    )
    typer.echo(verdict.text.in_language(language()), err=not verdict.holds)
    return 0 if verdict.holds else 1


def verify_conformance(statement: Path, keys: Sequence[str]) -> int:
    """Print whether a statement of conformance is genuine, in one sentence; 0 where it is, else 1. Raises Problem."""
    verdict = verify_statement(_read(statement), keys)
    typer.echo(verdict.text.in_language(language()), err=not verdict.holds)
    return 0 if verdict.holds else 1


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Problem(f"无法读取{file}：{error.strerror}。", f"{file} cannot be read: {error.strerror}.") from error
