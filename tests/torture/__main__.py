"""`make torture`: the long run. Exit code 0 where nothing was lost, doubled or different, else 1."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime

from silkgate.kernel.clock import china_day
from silkgate.site.application import set_up
from silkgate.site.home import HOME_VARIABLE


def main() -> int:
    """Torture, judge, print, and refresh the page."""
    asked = argparse.ArgumentParser(prog="make torture", description=__doc__)
    asked.add_argument("--faults", type=int, default=220, help="how many (default 220)")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--no-page", action="store_true", help="leave docs/reliability.md as it is")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="silkgate-torture-", dir="/tmp") as home:
        os.environ[HOME_VARIABLE] = home
        set_up()
        # They read the settings, which are made for the home.
        from torture import checks, report
        from torture.run import Plan, tortured

        with tortured(Plan(chosen.faults, chosen.seed)) as aftermath:
            verdict = checks.judge(aftermath)
            figures = report.text(aftermath, verdict, facts())
            slowest = max(seconds for _, seconds in aftermath.recoveries())
    print(figures)
    for line in verdict.findings[:100]:
        print(line, file=sys.stderr)
    if not chosen.no_page:
        report.refresh(report.PAGE, "torture", figures)
        print(f"→ {report.PAGE}")
    return 1 if verdict.findings or slowest >= report.RESTART_SECONDS else 0


def facts() -> str:
    """The machine and the day, in a sentence."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Measured on {china_day(datetime.now(UTC)).isoformat()} by `{' '.join(['make torture', *sys.argv[1:]])}`:"
        f" {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.release().split('-')[0]},"
        f" Python {platform.python_version()}; load before it {os.getloadavg()[2]:.1f}."
    )


if __name__ == "__main__":
    sys.exit(main())
