"""`silkgate run`: database, tables, law, demo zone, web, engine, intake and sample traffic as one program."""

from __future__ import annotations

import fcntl
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import psycopg
from rich.console import Console
from rich.text import Text as Styled

from silkgate.kernel.text import Text
from silkgate.site import carrier, logs, web
from silkgate.site.database import URL_VARIABLE, check_server, named_url
from silkgate.site.home import Home, current_home
from silkgate.site.language import language
from silkgate.site.lifeline import stop_event
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.problem import Problem
from silkgate.site.supervisor import Program, Supervisor

_READY_SECONDS = 60
_TEND_SECONDS = 0.5
_COLOURS = {
    "web": "cyan",
    "engine": "green",
    "intake": "yellow",
    "demo": "magenta",
    "database": "blue",
    "watch": "white",
    "log": "bright_black",
    "webhooks": "bright_blue",
    "nats": "bright_yellow",
}


class Run:
    """One run of the whole site in `home`; `main` returns when it was told to stop and everything has ended."""

    def __init__(self, home: Home, host: str, port: int | None, parcels_per_second: float, parent: int | None) -> None:
        self.home = home
        self.host = host
        self.port = port
        self.parcels_per_second = parcels_per_second
        self.console = Console(highlight=False, soft_wrap=True)
        self.parent = parent
        self.stop = stop_event()

    def main(self) -> None:
        """Start everything, tend it, stop it. Raises Problem for what a person can mend."""
        with _only_run(self.home) as lock, web.listen(self.host, self.port) as listening:
            address = web.address(listening)
            lock.write(address)
            lock.flush()
            self._tell_port(listening)
            with self._database() as database:
                if self._prepare():
                    self._serve(listening, address, database)
                self._tell("正在停止数据库……", "Stopping the database…")
        self._tell("已全部停止，数据保留。", "All stopped; the data stays.")

    def _serve(self, listening: socket.socket, address: str, database: EmbeddedPostgres | None) -> None:
        supervisor = Supervisor(self._programs(listening.fileno()), self._say)
        supervisor.start()
        try:
            announced = False
            deadline = time.monotonic() + _READY_SECONDS
            while not self.stop.wait(_TEND_SECONDS) and self.parent in (None, os.getppid()):
                self._tend_database(database)
                supervisor.tend()
                self._restart_if_asked(supervisor)
                if not announced and _is_ready(listening):
                    announced = True
                    self._announce(address)
                elif not announced and time.monotonic() > deadline:
                    announced = True
                    self._tell(
                        "网页服务尚未就绪，原因见上面的日志。",
                        "The web server is not ready yet; its log above says why.",
                    )
        finally:
            self._tell("正在停止……", "Stopping…")
            supervisor.stop()

    def _programs(self, listening: int) -> list[Program]:
        """Those of the service, and the traffic of the demo."""
        shown = programs(listening)
        if self.parcels_per_second > 0:
            rate = f"{self.parcels_per_second:g}"
            shown.append(Program("demo", _silkgate("demo", "--per-second", rate), may_finish=True))
        return shown

    @contextmanager
    def _database(self) -> Iterator[EmbeddedPostgres | None]:
        """The database, its URL in the environment of our children; None where somebody else keeps it running."""
        url = named_url()
        if url:
            check_server(url)
            yield None
            return
        self._tell("正在启动数据库……", "Starting the database…")
        with EmbeddedPostgres(self.home.postgres) as server:
            os.environ[URL_VARIABLE] = server.url
            yield server

    def _prepare(self) -> bool:
        """Tables, law and demo zone; False where the user has stopped us meanwhile."""
        self._tell("正在准备数据表、法规和演示园区……", "Preparing tables, law and demo zone…")
        for words in (("migrate",), ("load", "--if-empty")):
            if self.stop.is_set():
                return False
            outcome = subprocess.run(
                _silkgate(*words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                check=False,
            )
            if outcome.returncode != 0:
                command = " ".join(["silkgate", *words])
                raise Problem(f"{command}失败，原因见上。", f"{command} failed; the reason is above.")
        return not self.stop.is_set()

    def _restart_if_asked(self, supervisor: Supervisor) -> None:
        """One process after the other; the port stays open, and who asks meanwhile is answered by another, or waits."""
        if not self.home.restart_request.exists():
            return
        for name in list(supervisor.pids()):
            if self.stop.is_set():
                return
            self._say(name, "restarts, as it was asked to")
            supervisor.restart(name)
        self.home.restart_request.unlink(missing_ok=True)

    def _tend_database(self, database: EmbeddedPostgres | None) -> None:
        if database is None or database.is_running():
            return
        self._say("database", "ended; starting again")
        try:
            database.start()
        except Problem as problem:
            self._say("database", problem.text.in_language(language()))
        except psycopg.Error as error:  # killed again while it was starting: the next look starts it once more
            self._say("database", " ".join(str(error).split()))

    def _tell_port(self, listening: socket.socket) -> None:
        port = listening.getsockname()[1]
        if self.port is None and port != web.DEFAULT_PORT:
            self._tell(
                f"端口{web.DEFAULT_PORT}已被占用，改用{port}。",
                f"Port {web.DEFAULT_PORT} is taken; using {port} instead.",
            )

    def _announce(self, address: str) -> None:
        text = Text(f"丝关已就绪：{address}（按Ctrl-C停止）", f"Silkgate is ready: {address} (Ctrl-C stops it)")
        self._tell(*text, style="bold")
        if self.home.demo_officer.exists():
            name, password = self.home.demo_officer.read_text(encoding="utf-8").split()
            self._tell(f"演示关员登录：{name}，密码{password}", f"Demo officer: {name}, password {password}")

    def _tell(self, zh: str, en: str, style: str = "") -> None:
        text = Text(zh, en).in_language(language())
        if logs.is_structured():
            self._say("run", text)
        else:
            self.console.print(Styled(text, style=style))

    def _say(self, name: str, line: str) -> None:
        _say(self.console, name, line)


def programs(listening: int) -> list[Program]:
    """The processes of the service in order of start; the reverse is the order of stop: web, webhooks, log, watch,
    intake and engine.

    `listening` is the descriptor of the port, which all web processes share.
    """
    workers = [
        Program("engine", _silkgate("worker", "--role", "engine")),
        Program("intake", _silkgate("worker", "--role", "intake")),
        Program("watch", _silkgate("worker", "--role", "watch")),
        Program("log", _silkgate("worker", "--role", "log")),
        Program("webhooks", _silkgate("worker", "--role", "webhooks")),
        *[Program(role, _silkgate("worker", "--role", role)) for role in carriers()],
    ]
    serve = _silkgate("serve", "--descriptor", str(listening))
    names = ["web", *[f"web {number}" for number in range(2, web.processes() + 1)]]
    return workers + [Program(name, serve, descriptors=(listening,)) for name in names]


def _say(console: Console, name: str, line: str) -> None:
    """A line of a process under us: with its name in front, or as JSON lines where logs are."""
    if logs.is_structured():
        console.out(logs.relayed(name.split()[0], line), highlight=False)
    else:
        prefix = Styled(f"{name:>8} │ ", style=_COLOURS.get(name.split()[0], ""))
        console.print(prefix + Styled.from_ansi(line))


def carriers() -> list[str]:
    """Roles of workers that run only where the settings name what they work with."""
    return ["nats"] if carrier.is_named() else []


def run_workers(roles: Sequence[str]) -> None:
    """Several workers in one terminal, until stopped."""
    console = Console(highlight=False, soft_wrap=True)
    stop = stop_event()
    programs = [Program(role, _silkgate("worker", "--role", role)) for role in roles]
    supervisor = Supervisor(programs, lambda name, line: _say(console, name, line))
    supervisor.start()
    try:
        while not stop.wait(_TEND_SECONDS):
            supervisor.tend()
    finally:
        supervisor.stop()


def is_running(home: Home) -> str | None:
    """The address of the run that has this home now; None where there is none."""
    try:
        with home.run_lock.open("r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "?"
    except OSError:
        return None
    return None


def restart(home: Home) -> None:
    """Have the processes of the run of this home start again one by one, on the code that is there now. Problem."""
    if is_running(home) is None:
        raise Problem(
            f"{home.root}中没有正在运行的丝关，无需重启。", f"No Silkgate runs in {home.root}: nothing to restart."
        )
    home.restart_request.touch()
    while home.restart_request.exists():
        if is_running(home) is None:
            home.restart_request.unlink(missing_ok=True)
            raise Problem(f"{home.root}中的丝关已停止。", f"The Silkgate in {home.root} has stopped meanwhile.")
        time.sleep(_TEND_SECONDS)


@contextmanager
def _only_run(home: Home) -> Iterator[TextIO]:
    with home.prepare().run_lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            address = file.read().strip()
            raise Problem(
                f"丝关已在{home.root}运行（{address}）。请先停止它，或用SILKGATE_HOME另设数据目录。",
                f"Silkgate already runs in {home.root} ({address}). Stop it first or name another SILKGATE_HOME.",
            ) from None
        file.truncate(0)
        yield file
        file.truncate(0)


def _is_ready(listening: socket.socket) -> bool:
    host, port = listening.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    connection = http.client.HTTPConnection(reachable, port, timeout=1)
    try:
        connection.request("GET", "/health/ready", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _silkgate(*words: str) -> list[str]:
    return [sys.executable, "-m", "silkgate", *words]


def run(host: str, port: int | None, parcels_per_second: float, *, end_with_parent: bool = False) -> None:
    """The command `silkgate run`. `end_with_parent`: stop when the process that called us (make) is gone."""
    Run(current_home(), host, port, parcels_per_second, os.getppid() if end_with_parent else None).main()
