"""`python -m tests.oracles CASE_DIR…`: whether the second account agrees with `expected/` of each case."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .clearing import compare_case, run_case


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--schemas", type=Path, help="folder of the official schemas (default: tests/specimens)")
    options = parser.parse_args()
    differing = 0
    for case in options.cases:
        found = run_case(case, options.schemas)
        if not (case / "expected").is_dir():
            statuses = sorted(row["status"] for row in found.declarations)
            print(f"{case.name}: nothing expected; {len(found.messages)} messages; {', '.join(statuses)}")
            continue
        lines = compare_case(case, found)
        differing += bool(lines)
        print("\n  ".join([f"{case.name}: {'differs' if lines else 'agrees'}", *lines]))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
