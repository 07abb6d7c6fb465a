"""NATS servers of a test: real ones, on loopback, with the configuration that docs/nats.md gives to operators."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PASSWORD = "change-me"
"""The platform's in the documented configuration; firms have another."""
FIRM_PASSWORD = "change-me-too"
_USER = re.compile(r"      \{ user: \"41019600P1\".*?\] \} \}\n", re.DOTALL)
_START_SECONDS = 30.0
WAIT_SECONDS = 60.0


def nats_server() -> str:
    """The server's program. Skips the test where there is none; fails it where one is required."""
    found = shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        reason = "no nats-server; on Debian: apt-get install nats-server"
        if os.environ.get("SILKGATE_NATS") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def wait_until(met: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Until `met` is true; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


class Node:
    """One server: started, killed, started again with what is on its disk."""

    def __init__(self, program: str, name: str, folder: Path, configuration: str, port: int) -> None:
        self.name, self.port, self._folder, self._program = name, port, folder, program
        folder.mkdir(parents=True)
        (folder / "nats.conf").write_text(configuration, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self._folder / "nats.conf")], stdout=log, stderr=log
            )  # fmt: skip
        wait_until(self._answers, f"{self.name} listens: {self._folder / 'log'}", _START_SECONDS)

    def kill(self) -> None:
        """As if its machine had died."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Servers:
    """One or several servers and who may connect to them."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = {node.name: node for node in nodes}

    def url(self, user: str = "platform", password: str = PASSWORD) -> str:
        return ",".join([f"nats://{user}:{password}@127.0.0.1:{node.port}" for node in self.nodes.values()])

    @contextlib.asynccontextmanager
    async def client(self, user: str = "platform", **options: Any) -> Any:
        """A connected client, of the platform or of a firm, that stays connected to whoever is left."""
        import nats

        firm = user != "platform"
        options = {"error_cb": _ignore} | options
        made = await nats.connect(
            self.url(user, FIRM_PASSWORD if firm else PASSWORD).split(","), inbox_prefix=f"_INBOX_{user}",
            max_reconnect_attempts=-1, reconnect_time_wait=0.2, connect_timeout=2, **options,
        )  # fmt: skip
        try:
            yield made
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(made.close(), 5)


async def _ignore(error: Exception) -> None:
    """Servers that a test has killed are away; what matters is what comes of it."""


def _documented(codes: Sequence[str]) -> str:
    """The configuration of docs/nats.md with these firms as its users."""
    page = (ROOT / "docs" / "nats.md").read_text(encoding="utf-8")
    block = re.search(r"```\n(server_name: .*?)```", page, re.DOTALL)
    assert block is not None
    firm = _USER.search(block.group(1))
    assert firm is not None
    return block.group(1).replace(firm.group(), "".join([firm.group().replace("41019600P1", code) for code in codes]))


@contextlib.contextmanager
def servers(folder: Path, codes: Sequence[str], count: int) -> Iterator[Servers]:
    """`count` servers (a cluster where more than one) that these firms may use; killed at the end."""
    program = nats_server()
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(2 * count)]
    ports = [opened.getsockname()[1] for opened in taken]
    routes = ", ".join([f'"nats://127.0.0.1:{port}"' for port in ports[count:]])
    nodes = []
    for number in range(count):
        place = folder / f"node{number}"
        text = _documented(codes)
        text = text.replace("server_name: node1", f"server_name: node{number}")
        text = text.replace("listen: 127.0.0.1:4222", f"listen: 127.0.0.1:{ports[number]}")
        text = text.replace("/var/lib/nats", str(place / "store"))
        text = text.replace("listen: 127.0.0.1:6222", f"listen: 127.0.0.1:{ports[count + number]}")
        text = re.sub(r"routes: \[.*?\]", f"routes: [ {routes} ]", text)
        if count == 1:
            text = re.sub(r"cluster \{.*?\n\}\n", "", text, flags=re.DOTALL)
        nodes.append(Node(program, f"node{number}", place, text, ports[number]))
    for opened in taken:
        opened.close()
    made = Servers(nodes)
    try:
        for node in nodes:
            node.start()
        wait_until(lambda: asyncio.run(_has_jetstream(made)), "JetStream answers", _START_SECONDS)
        yield made
    finally:
        for node in nodes:
            node.kill()


async def _has_jetstream(made: Servers) -> bool:
    async with made.client() as client:
        try:
            await client.jetstream(timeout=1).account_info()
        except Exception:
            return False
        return True
