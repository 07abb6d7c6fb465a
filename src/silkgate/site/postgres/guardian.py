"""The server's parent process: it outlives whoever started the server and ends the server when its last user is gone.

Users hold a shared lock on one file. A user that is killed loses the lock like one that leaves, so the guardian,
waiting for the exclusive lock, notices both. Run as a file with the standard library alone, so that it stays small.

Arguments: postgres program, data directory, log file, users' lock file, user id, group id (-1 where it stays ours).
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading

FAST_SHUTDOWN_SECONDS = 60


def _stop_when_unused(users_lock: str, server: subprocess.Popen[bytes]) -> None:
    descriptor = os.open(users_lock, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    # Kept until this process ends: a new user waits for it and then finds no server, instead of one about to go.
    server.send_signal(signal.SIGINT)
    try:
        server.wait(FAST_SHUTDOWN_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)


def main(program: str, data: str, log: str, users_lock: str, uid: str, gid: str) -> int:
    """Run the server to its end and return its exit code."""
    command = [program, "-D", data]
    environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"}
    with open(log, "ab") as output:  # noqa: PTH123 - pathlib would be a third of this process's memory
        if int(uid) < 0:
            server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", env=environment
            )
        else:
            server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=environment,
                user=int(uid),
                group=int(gid),
                extra_groups=[],
            )
    threading.Thread(target=_stop_when_unused, args=(users_lock, server), daemon=True).start()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
