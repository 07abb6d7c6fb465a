"""What must be refused at the door and what must not, each within a second of CPU, without a look outside."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from silkgate.standards.safexml import Limits, XmlRefused, check_size, parse
from standards.safexml.payloads import HARMLESS, REFUSED, Payload, Place

SECRET = "d41d8cd98f00b204-secret"
TESTS = Path(__file__).resolve().parents[2]
CPU_SECONDS_MAX = 1.0
CPU_SECONDS_MAX_TAKEN = 2.0
MEMORY_MB_MAX = 200


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that a fetch would reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def place(listener: socket.socket, tmp_path: Path) -> Place:
    secret = tmp_path / "key.pem"
    secret.write_text(SECRET)
    return Place(secret.as_uri(), f"http://127.0.0.1:{listener.getsockname()[1]}/evil.dtd")


def assert_nobody_called(listener: socket.socket) -> None:
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("payload", REFUSED, ids=lambda payload: payload.id)
def test_refused_with_a_code(payload: Payload, place: Place, listener: socket.socket) -> None:
    raw = payload.build(place)
    started = time.process_time()
    with pytest.raises(XmlRefused) as refused:
        parse(raw)
    assert time.process_time() - started < CPU_SECONDS_MAX
    assert refused.value.code == payload.expected
    assert refused.value.detail.zh
    assert refused.value.detail.en
    assert SECRET not in str(refused.value.detail)
    assert len(refused.value.detail.en) < 200, "a reply must not carry the payload back"
    assert_nobody_called(listener)


@pytest.mark.parametrize("payload", HARMLESS, ids=lambda payload: payload.id)
def test_taken(payload: Payload, place: Place, listener: socket.socket) -> None:
    raw = payload.build(place)
    started = time.process_time()
    root = parse(raw)
    assert time.process_time() - started < CPU_SECONDS_MAX_TAKEN
    assert SECRET not in "".join(root.itertext())
    assert_nobody_called(listener)


@pytest.mark.parametrize("payload", [p for p in HARMLESS if p.id[:5] in ("XA-30", "XA-31", "XA-32", "XA-33")],
                         ids=lambda payload: payload.id)
def test_odd_text_is_handed_on_unchanged(payload: Payload, place: Place) -> None:
    raw = payload.build(place)
    assert (parse(raw)[0].text or "").encode() == raw.partition(b"<n>")[2].partition(b"</n>")[0]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"<m><u>a@x<!-- -->.evil</u></m>", id="XA-26 comment"),
        pytest.param(b"<m><u>a@<![CDATA[x.evil]]></u></m>", id="XA-27 CDATA"),
        pytest.param(b"<m><u>a@x&#46;evil</u></m>", id="reference"),
    ],
)
def test_a_split_identifier_is_read_whole(raw: bytes) -> None:
    """Readers that take `.text` must not see the part before the split only."""
    assert parse(raw)[0].text == "a@x.evil"


def test_limits_are_the_callers() -> None:
    assert parse(b"<a><b/></a>", Limits(max_depth=2)).tag == "a"
    with pytest.raises(XmlRefused):
        parse(b"<a><b/></a>", Limits(max_depth=1))
    check_size(b"12345", Limits(max_bytes=5))
    with pytest.raises(XmlRefused) as refused:
        check_size(b"123456", Limits(max_bytes=5))
    assert refused.value.code == "format.size"
    assert "6" in refused.value.detail.zh


def test_memory_stays_bounded() -> None:
    """Every payload in turn in one fresh process; its peak includes the payloads themselves."""
    program = """
import re
from pathlib import Path
from standards.safexml.payloads import HARMLESS, REFUSED, Place
from silkgate.standards.safexml import XmlRefused, parse
for payload in REFUSED + HARMLESS:
    if payload.expected != "format.size":
        raw = payload.build(Place("file:///nowhere", "http://127.0.0.1:9/"))
        try:
            parse(raw)
        except XmlRefused:
            pass
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=TESTS, capture_output=True, text=True, check=True)
    assert int(done.stdout) / 1024 < MEMORY_MB_MAX
