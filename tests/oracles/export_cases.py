"""The example cases of exports, written from docs/exports.md (its sections are their §§) and the regulation facts.

`python -m tests.oracles.export_cases [NAME…]` writes them anew under tests/cases/clearing: with the keys of this
machine's temporary folder, so every certificate and signature is another; all else stays the same.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from . import stories_afterwards, stories_of_lists

CASES = Path(__file__).parents[1] / "cases" / "clearing"
STORIES: dict[str, Callable[[Path], None]] = {
    "15-export-direct-9610": stories_of_lists.direct,
    "16-export-bonded-1210": stories_of_lists.bonded,
    "17-export-receipt-of-money": stories_of_lists.receipts,
    "18-export-receipt-not-needed": stories_of_lists.no_receipts,
    "19-export-waiting": stories_of_lists.waiting,
    "20-export-match": stories_of_lists.match,
    "21-export-parties-and-fields": stories_of_lists.fields,
    "22-export-simplified-and-full": stories_of_lists.simplified,
    "23-export-cancellation": stories_afterwards.cancellation,
    "24-export-transports": stories_afterwards.transports,
    "25-export-returns": stories_afterwards.returns,
    "26-export-intake": stories_afterwards.intake,
    "27-export-beside-imports": stories_afterwards.beside_imports,
    "28-export-selection": stories_afterwards.selection,
    "29-export-no-platform-code": stories_afterwards.no_code,
}


def main(names: list[str]) -> None:
    for name in names or STORIES:
        shutil.rmtree(CASES / name, ignore_errors=True)
        STORIES[name](CASES / name)


if __name__ == "__main__":
    main(sys.argv[1:])
