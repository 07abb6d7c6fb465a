"""The distribution's PostgreSQL, as a server of its own for a test or for a whole run of tests.

`python tests/system_postgres.py COMMAND…` runs a command with SILKGATE_TEST_DATABASE_URL naming such a server, which is
made in a temporary folder, listens on this machine only and is gone afterwards. It differs from the embedded one
wherever servers of the field do: release, TCP with a password, collation of the language instead of plain bytes.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from silkgate.site.postgres.account import Account, give, run_as, server_account

INSTALLATIONS = Path("/usr/lib/postgresql")
ABSENT = "no PostgreSQL in /usr/lib/postgresql; on Debian: apt-get install postgresql"
URL_VARIABLE = "SILKGATE_TEST_DATABASE_URL"
ROLE = "zone"


def newest_bin() -> Path | None:
    """Folder of the newest installed server's programs; None where there is none."""
    found = [bin for bin in INSTALLATIONS.glob("*/bin") if (bin / "postgres").exists() and (bin / "initdb").exists()]
    numbered = [bin for bin in found if re.fullmatch(r"\d+", bin.parent.name)]
    return max(numbered, key=lambda bin: int(bin.parent.name), default=None)


class SystemPostgres:
    """A server in `folder`, which other accounts must be able to pass through. `create`, then `start`."""

    def __init__(self, folder: Path, bin: Path) -> None:
        self.bin = bin
        self.account: Account | None = server_account(folder / "data")
        self.sockets = self.own(folder / "run")
        self.data = folder / "data"
        self.log = self.sockets / "server.log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.password = secrets.token_hex(8)

    @property
    def url(self) -> str:
        """Over TCP with a password, as an account that may make databases and nothing more."""
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def superuser_url(self) -> str:
        """By the socket."""
        return f"postgresql://postgres@/postgres?host={self.sockets}&port={self.port}"

    def own(self, folder: Path) -> Path:
        """A folder of the server's account."""
        folder.mkdir()
        give(self.account, folder)
        return folder

    def run(self, program: str, *words: str | Path) -> None:
        """One of the server's programs, as its account. Raises AssertionError with what it said where it failed."""
        outcome = run_as(self.account, [self.bin / program, *words])
        log = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        assert outcome.returncode == 0, f"{program}: {outcome.stdout}{outcome.stderr}{log}"

    def create(self) -> None:
        """The data directory, in the language's own order of letters, which is not that of bytes."""
        self.own(self.data)
        icu = ["--locale-provider=icu", "--icu-locale=zh"] if int(self.bin.parent.name) >= 15 else []
        self.run("initdb", "-D", self.data, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256",
                 "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", *icu)  # fmt: skip

    def configure(self, settings: Mapping[str, str]) -> None:
        """Add settings; the last one of a name counts."""
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self) -> None:
        """Returns when it answers."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.sockets}"
        self.run("pg_ctl", "-D", self.data, "-l", self.log, "-o", options, "-w", "-t", "60", "start")

    def stop(self, how: str = "fast") -> None:
        """Does nothing where it does not run. `how`: fast or immediate."""
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", self.data, "-m", how, "-w", "-t", "60", "stop")

    def add_role(self) -> None:
        """The account of `url`."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(f"create role {ROLE} login createdb password '{self.password}'")  # type: ignore[call-overload]


@contextmanager
def server(settings: Mapping[str, str]) -> Iterator[SystemPostgres]:
    """A running server with its role, gone after the block."""
    bin = newest_bin()
    assert bin is not None, ABSENT
    folder = Path(tempfile.mkdtemp(prefix="sg-server-", dir="/tmp"))
    folder.chmod(0o711)
    made = SystemPostgres(folder, bin)
    try:
        made.create()
        made.configure(settings)
        made.start()
        made.add_role()
        yield made
    finally:
        made.stop("immediate")
        shutil.rmtree(folder)


def main(command: list[str]) -> int:
    """Run `command` on a server of its own; its exit code."""
    if newest_bin() is None:
        print(ABSENT, file=sys.stderr)
        return 2
    # A test's data need not outlive the machine's power supply.
    with server({"fsync": "off", "shared_buffers": "64MB", "max_connections": "120"}) as made:
        print(f"PostgreSQL {made.bin.parent.name}, {made.data}", file=sys.stderr)
        return subprocess.run(command, env=os.environ | {URL_VARIABLE: made.url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
