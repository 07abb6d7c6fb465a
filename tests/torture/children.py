"""A process that makes the service's processes by forking: they are up in milliseconds, so that many can be killed.

Reads a role a line, answers with the process id of a new process in that role. Run as a script:
`children.py LISTENING_DESCRIPTOR AS_OF`. At the end of its input it kills all that it made.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from importlib import import_module


def engine(as_of: datetime) -> None:
    """The engine of the service, on the clock of the case."""
    from silkgate.clearance import worker

    worker.now = lambda: as_of
    worker.run_engine(threading.Event())


def web(descriptor: int) -> None:
    """The web server on the socket that all its successors share, as `silkgate run` does it."""
    from silkgate.site import web as site_web

    site_web.server().run(sockets=[socket.socket(fileno=descriptor)])


def intake() -> None:
    """The folder drop."""
    from silkgate.exchange.api import watch
    from silkgate.site.home import current_home

    watch(current_home().drop, threading.Event())


def log() -> None:
    """The process that seals the verifiable log."""
    from silkgate.site.home import current_home
    from silkgate.site.logkeeping import keep

    keep(current_home(), threading.Event())


def main(descriptor: int, as_of: datetime) -> None:
    """Import everything once, then fork."""
    from silkgate.site.application import set_up

    set_up()
    for room in ("clearance.worker", "exchange.api", "site.asgi", "site.web", "site.logkeeping"):
        import_module(f"silkgate.{room}")
    roles: dict[str, Callable[[], None]] = {
        "engine": lambda: engine(as_of),
        "web": lambda: web(descriptor),
        "web 2": lambda: web(descriptor),
        "intake": intake,
        "log": log,
    }
    faulthandler.register(signal.SIGUSR1)  # whoever hangs can be asked where
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no burial
    made = []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                roles[line.strip()]()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        with suppress(ProcessLookupError):
            made.append(os.pidfd_open(pid))  # names this child for ever: the number of a dead one may be a stranger's
        print(pid, flush=True)
    for child in made:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(child, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
