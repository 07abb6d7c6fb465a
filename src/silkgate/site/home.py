"""Where an installation keeps what is its own: database files, secret key, folders for messages."""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from silkgate.site.problem import Problem

HOME_VARIABLE = "SILKGATE_HOME"


@dataclass(frozen=True)
class Home:
    """The directories of one installation, all below `root`."""

    root: Path

    @property
    def postgres(self) -> Path:
        """Everything that the embedded database owns."""
        return self.root / "postgres"

    @property
    def drop(self) -> Path:
        """Files put here are taken in as messages."""
        return self.root / "drop"

    @property
    def evidence(self) -> Path:
        """Files that belong to cases, by their SHA-256."""
        return self.root / "evidence"

    @property
    def secret_key_file(self) -> Path:
        """Signs sessions and forms; made once, readable by its owner only."""
        return self.root / "secret_key"

    @property
    def log_key_file(self) -> Path:
        """Signs the checkpoints of the verifiable log; made once, readable by its owner only."""
        return self.root / "log_key"

    @property
    def log_published(self) -> Path:
        """The last published checkpoint. No backup holds it: it shows that a database was rolled back."""
        return self.root / ".log_published"

    @property
    def run_lock(self) -> Path:
        """Held by the one `silkgate run` of this home."""
        return self.root / "run.lock"

    @property
    def restart_request(self) -> Path:
        """There while `silkgate restart` waits for the run of this home."""
        return self.root / "restart.request"

    @property
    def demo(self) -> Path:
        """The demo zone's files, keys and counter."""
        return self.root / "demo"

    @property
    def demo_officer(self) -> Path:
        """Name and password of the demo's officer, readable by their owner only."""
        return self.demo / "officer"

    def prepare(self) -> Home:
        """Make the directory. Raises Problem where that is impossible."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(
                f"无法创建数据目录{self.root}：{error.strerror}。请检查权限，或用环境变量{HOME_VARIABLE}指定其他目录。",
                f"The data directory {self.root} cannot be made: {error.strerror}. "
                f"Check its permissions or name another one in {HOME_VARIABLE}.",
            ) from error
        return self

    def secret_key(self) -> str:
        """The installation's secret key; the first caller makes it, whoever else comes at the same time reads it."""
        return self._made_once(self.secret_key_file, lambda: secrets.token_urlsafe(64))

    def log_key(self) -> str:
        """The private key of the verifiable log, 32 bytes in base64; made once like the secret key."""
        return self._made_once(self.log_key_file, lambda: b64encode(secrets.token_bytes(32)).decode())

    def _made_once(self, file: Path, make: Callable[[], str]) -> str:
        self.prepare()
        fresh = self.root / f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}"
        if not file.exists():
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as opened:
                opened.write(make())
            try:
                # A link, unlike a rename, never replaces the key that another process has just made.
                os.link(fresh, file)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return file.read_text(encoding="ascii").strip()


def current_home() -> Home:
    """`SILKGATE_HOME`, else `var/` of the checkout, else (installed without one) the user's data directory."""
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Home(Path(named).expanduser().absolute())
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file():
        return Home(checkout / "var")
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Home(Path(data).expanduser().absolute() / "silkgate")
