"""The folder drop: files are taken in the order of their names, moved when they are durable, answered by files."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from lxml import etree

from exchange.conftest import Firms
from exchange.door import zipped
from silkgate.exchange import api as exchange
from silkgate.exchange.folder import WHOLE_FILE_FACTOR, DropFolder, ReceiptWriter, watch


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    place = tmp_path / "drop"
    for name in ("taken", "refused", "receipts"):
        (place / name).mkdir(parents=True)
    return place


@pytest.fixture
def files(drop: Path, firms: Firms) -> Iterator[DropFolder]:
    receiver = exchange.Receiver()
    yield DropFolder(drop, receiver)
    receiver.close()


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


def kept(connection: psycopg.Connection) -> list[bytes]:
    """SHA-256 of what the inbox holds, in the recorded order."""
    return [bytes(row[0]) for row in connection.execute("select sha256 from exchange_message order by id").fetchall()]


def digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def below(place: Path) -> dict[str, bytes]:
    """Bytes by name of all files below a folder."""
    return {
        path.name: path.read_bytes() for path in place.rglob("*") if path.is_file() and not path.name.startswith(".")
    }


def written(drop: Path) -> dict[str, bytes]:
    """Receipts by folder and name."""
    place = drop / "receipts"
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.glob("*/*.xml"))}


# --- Taking ------------------------------------------------------------------------------------------------------


def test_files_are_taken_in_the_order_of_their_names_and_moved(
    firms: Firms, drop: Path, files: DropFolder, connection: psycopg.Connection
) -> None:
    raws = dict(zip(("b.xml", "a.xml", "a10.xml", "订单.xml"), firms.orders(firms.platforms()[0], 4), strict=True))
    for name, raw in raws.items():
        (drop / name).write_bytes(raw)
    assert files.take() == 4
    assert kept(connection) == [digest(raws[name]) for name in sorted(raws)]
    assert below(drop / "taken") == raws
    assert files.take() == 0


def test_what_is_not_finished_or_no_message_stays(
    firms: Firms, drop: Path, files: DropFolder, connection: psycopg.Connection
) -> None:
    (raw,) = firms.orders(firms.platforms()[0], 1)
    for name in ("half.xml.part", "half.tmp", "notes.txt", "noending"):
        (drop / name).write_bytes(raw)
    (drop / "folder.xml").mkdir()
    assert files.take() == 0
    assert kept(connection) == []
    (drop / "half.xml.part").rename(drop / "half.xml")
    assert files.take() == 1


def test_links_are_not_followed(drop: Path, files: DropFolder, connection: psycopg.Connection, tmp_path: Path) -> None:
    """Else a link would bring any file of the machine into a receipt."""
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (drop / "link.xml").symlink_to(tmp_path / "secret")
    (drop / "nowhere.xml").symlink_to(tmp_path / "nothing")
    assert files.take() == 0
    assert kept(connection) == []


def test_an_archive_is_its_members(firms: Firms, drop: Path, files: DropFolder, connection: psycopg.Connection) -> None:
    raws = firms.orders(firms.platforms()[0], 3)
    (drop / "many.zip").write_bytes(zipped((f"{number}.xml", raw) for number, raw in enumerate(raws)))
    assert files.take() == 1
    assert kept(connection) == [digest(raw) for raw in raws]
    assert [path.name for path in (drop / "taken").rglob("*.zip")] == ["many.zip"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bomb.zip", zipped([("bomb.xml", b"<a>" + b" " * 15_000_000 + b"</a>")])),
        ("slip.zip", zipped([("../../outside.xml", b"<a/>")])),
        ("none.zip", b"no archive"),
        ("empty.zip", zipped([])),
        ("huge.xml", b" " * (WHOLE_FILE_FACTOR * 10 * 2**20 + 1)),
    ],
)
def test_what_cannot_be_taken_is_set_aside_with_the_reason(
    firms: Firms, drop: Path, files: DropFolder, connection: psycopg.Connection, name: str, content: bytes
) -> None:
    (raw,) = firms.orders(firms.platforms()[0], 1)
    (drop / name).write_bytes(content)
    (drop / "z-good.xml").write_bytes(raw)
    files.take()
    assert kept(connection) == [digest(raw)]  # nobody else has to wait for it
    assert below(drop / "taken") == {"z-good.xml": raw}
    aside = below(drop / "refused")
    reason = aside.pop(f"{name}.txt").decode()
    assert aside == {name: content}
    assert " / " in reason  # in both languages


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"<a/>", b" " * (10 * 2**20 + 1)], ids=["empty", "text", "xml", "large"]
)
def test_any_other_file_is_a_message_and_is_answered(
    drop: Path, files: DropFolder, connection: psycopg.Connection, decide: Callable[[], int], content: bytes
) -> None:
    (drop / "odd.xml").write_bytes(content)
    assert files.take() == 1
    assert decide() == 1
    assert ReceiptWriter(drop / "receipts", connection).write_new() == 1
    (name,) = written(drop)
    assert name.startswith("unknown/")
    assert name.endswith("CEB900Message.xml")


# --- Receipts ----------------------------------------------------------------------------------------------------


def test_receipts_are_written_once_for_messages_of_the_folder(
    firms: Firms, drop: Path, files: DropFolder, connection: psycopg.Connection, decide: Callable[[], int]
) -> None:
    for number, raw in enumerate(firms.parcel()):
        (drop / f"{number}.xml").write_bytes(raw)
    files.take()
    _, by_http = exchange.shared_receiver().admit(firms.parcel(), "http", "")
    decide()
    writer = ReceiptWriter(drop / "receipts", connection)
    while writer.write_new():
        pass
    receipts = [receipt for receipt in exchange.all_receipts(connection, 0) if receipt.message_id not in by_http]
    expected = {f"{r.recipient}/{r.id:012d}-{r.kind}.xml": r.body for r in receipts}
    assert written(drop) == expected
    assert sorted(receipt.kind[3:6] for receipt in receipts) == ["312", "412", "512", "622", "816"]
    for path in (drop / "receipts").glob("*/*"):
        path.unlink()  # its owner has fetched them
    assert ReceiptWriter(drop / "receipts", connection).write_new() == 0
    assert written(drop) == {}


def test_a_crash_before_the_place_was_noted_writes_the_same_files_again(
    firms: Firms, drop: Path, files: DropFolder, connection: psycopg.Connection, decide: Callable[[], int]
) -> None:
    (drop / "a.xml").write_bytes(firms.parcel()[0])
    files.take()
    decide()
    writer = ReceiptWriter(drop / "receipts", connection)
    writer.write_new()
    before = written(drop)
    (drop / "receipts" / ".place").unlink()
    assert ReceiptWriter(drop / "receipts", connection).write_new() == 1
    assert written(drop) == before
    assert list((drop / "receipts").rglob("*.part")) == []


# --- Crashes -----------------------------------------------------------------------------------------------------


class KilledError(BaseException):
    """Stands for the end of the process."""


def test_a_crash_between_commit_and_move_is_a_duplicate(
    firms: Firms,
    drop: Path,
    files: DropFolder,
    connection: psycopg.Connection,
    decide: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = firms.parcel()[0]
    (drop / "a.xml").write_bytes(raw)

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KilledError):
            files.take()
    assert kept(connection) == [digest(raw)]
    assert (drop / "a.xml").exists()
    assert files.take() == 1
    assert below(drop / "taken") == {"a.xml": raw}
    decide()
    outcomes = connection.execute("select outcome, original_id is null from exchange_answer order by message_id")
    assert outcomes.fetchall() == [("accepted", True), ("duplicate", False)]
    ReceiptWriter(drop / "receipts", connection).write_new()
    assert len(written(drop)) == 1


def test_nothing_is_moved_that_was_not_kept(firms: Firms, drop: Path, files: DropFolder, database: str) -> None:
    """The database is away: the files wait."""
    (drop / "a.xml").write_bytes(firms.parcel()[0])
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("alter table exchange_segment rename to away")
        with pytest.raises(psycopg.Error):
            files.take()
        assert (drop / "a.xml").exists()
        assert below(drop / "taken") == {}
        other.execute("alter table away rename to exchange_segment")
    assert files.take() == 1


# --- As a process runs it ----------------------------------------------------------------------------------------


def test_watching_takes_answers_and_stops(firms: Firms, tmp_path: Path, decide: Callable[[], int]) -> None:
    drop, stop = tmp_path / "fresh", threading.Event()
    drop.mkdir()
    thread = threading.Thread(target=watch, args=(drop, stop))
    thread.start()
    try:
        raws = firms.parcel()
        for number, raw in enumerate(raws):
            (drop / f"{number}.part").write_bytes(raw)
            (drop / f"{number}.part").rename(drop / f"{number}.xml")
        deadline = time.monotonic() + 30
        decided = 0
        while len(written(drop)) < 5 and time.monotonic() < deadline:
            decided += decide()
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert decided == len(raws)
    assert {etree.fromstring(body).xpath("local-name()") for body in written(drop).values()} == {
        f"CEB{kind}Message" for kind in (312, 412, 512, 622, 816)
    }
