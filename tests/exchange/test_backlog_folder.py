"""The folder drop keeps the same shares: who has his share waiting waits in the folder, the others go past him."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from exchange.conftest import Clock, Firms
from silkgate.exchange import api as exchange
from silkgate.exchange import folder
from silkgate.site.traffic.messages import write_envelope


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    place = tmp_path / "drop"
    place.mkdir()
    return place


@pytest.fixture
def receiver(database: str, firms: Firms, clock: Clock) -> Iterator[exchange.Receiver]:
    """A receiver with a share of twenty for one sender, thirteen for each of two, five at least."""
    connect = lambda: psycopg.connect(database, autocommit=True)  # noqa: E731
    made = exchange.Receiver(connect)
    made.backlog = exchange.Backlog(connect, quotas=lambda: exchange.Quotas(40, 5), clock=clock)
    yield made
    made.close()


def put(drop: Path, prefix: str, raws: list[bytes]) -> list[str]:
    """Files of these messages; their names."""
    names = [f"{prefix}-{number:04d}.xml" for number in range(len(raws))]
    for name, raw in zip(names, raws, strict=True):
        (drop / name).write_bytes(raw)
    return names


def left(drop: Path) -> list[str]:
    """Names of the files that are still there."""
    return sorted(file.name for file in drop.iterdir() if file.is_file())


def senders(database: str) -> list[str]:
    """Of what was kept, in the recorded order."""
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute("select sender from exchange_message order by id").fetchall()]


def guids(database: str) -> list[str]:
    """Of what was kept, in the recorded order."""
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute("select guid from exchange_message order by id").fetchall()]


def test_files_above_a_share_stay_and_others_go_past_them(
    drop: Path, receiver: exchange.Receiver, firms: Firms, database: str
) -> None:
    flooder, other = firms.platforms()[:2]
    flood = put(drop, "a", firms.orders(flooder, 30))
    put(drop, "b", firms.orders(other, 3))
    files = folder.DropFolder(drop, receiver)
    assert files.take() == 23
    assert left(drop) == flood[20:]
    assert senders(database) == [flooder] * 20 + [other] * 3
    assert files.take() == 0, "no room yet, nothing moved"


def test_files_left_behind_are_taken_in_order_once_there_is_room(
    drop: Path, receiver: exchange.Receiver, firms: Firms, clock: Clock, decide: Callable[[], int], database: str
) -> None:
    raws = [raw for size in (8, 8, 8, 1, 8) for raw in firms.orders(firms.platforms()[0], 1, per_message=size)]
    put(drop, "a", raws)
    sent = [receiver.examine(raw, "folder").found.guid for raw in raws]
    files = folder.DropFolder(drop, receiver)
    assert files.take() == 2
    assert left(drop) == ["a-0002.xml", "a-0003.xml", "a-0004.xml"], "the small one does not overtake the large one"
    decide()
    clock.seconds += 1
    assert files.take() == 3
    assert left(drop) == []
    assert guids(database) == sent


def test_a_file_that_waits_is_not_examined_again_and_again(
    drop: Path, receiver: exchange.Receiver, firms: Firms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at a folder where nothing finds room examines one file of each sender, however many wait."""
    flooder, other = firms.platforms()[:2]
    put(drop, "a", firms.orders(flooder, 60))
    put(drop, "b", firms.orders(other, 60))
    files = folder.DropFolder(drop, receiver)
    while files.take():
        pass
    examined = []
    examine = receiver.examine
    monkeypatch.setattr(receiver, "examine", lambda raw, channel: examined.append(raw) or examine(raw, channel))
    assert files.take() == 0
    assert len(examined) == 2


def test_senders_take_turns_where_a_folder_holds_more_than_is_taken_at_once(
    drop: Path, receiver: exchange.Receiver, firms: Firms, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setattr(folder, "FILES_AT_ONCE", 10)
    flooder, other = firms.platforms()[:2]
    flood = put(drop, "a", firms.orders(flooder, 200))
    put(drop, "b", firms.orders(other, 4))
    assert folder.DropFolder(drop, receiver).take() == 10
    assert left(drop) == flood[6:]
    assert senders(database) == [flooder] * 6 + [other] * 4, "within one take the order of names stays"


def test_a_disguised_flood_gets_no_second_share(
    drop: Path, receiver: exchange.Receiver, firms: Firms, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    """Plain, in an envelope, or with another code in a comment: it is the message itself that says who pays."""
    monkeypatch.setattr(folder, "FILES_AT_ONCE", 8)
    flooder, other = firms.platforms()[:2]
    enterprise, created = firms.zone.enterprise(flooder), firms.zone.as_of
    plain = firms.orders(flooder, 15)
    enveloped = [
        write_envelope(raw, "CEB311Message", enterprise, f"{number:036d}", created)
        for number, raw in enumerate(firms.orders(flooder, 15))
    ]
    disguised = [
        raw.replace(b"</ceb:CEB311Message>", b"<!-- <copCode>%s< --></ceb:CEB311Message>" % other.encode())
        for raw in firms.orders(flooder, 15)
    ]
    for prefix, raws in (("a", plain), ("b", enveloped), ("c", disguised)):
        put(drop, prefix, raws)
    files = folder.DropFolder(drop, receiver)
    while files.take():
        pass
    assert senders(database) == [flooder] * 20
    put(drop, "d", firms.orders(other, 2))
    while files.take():
        pass
    assert senders(database)[20:] == [other] * 2


def test_an_archive_is_taken_whole_or_stays(
    drop: Path, receiver: exchange.Receiver, firms: Firms, database: str
) -> None:
    """Messages of several senders in one file: while one of them has no room, none is taken, and order stays."""
    flooder, other = firms.platforms()[:2]
    put(drop, "a", firms.orders(flooder, 20))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, raw in enumerate(firms.orders(other, 2) + firms.orders(flooder, 1)):
            archive.writestr(f"{number}.xml", raw)
    (drop / "b.zip").write_bytes(packed.getvalue())
    put(drop, "c", firms.orders(other, 1))
    put(drop, "d", firms.orders(firms.platforms()[2], 1))
    files = folder.DropFolder(drop, receiver)
    for _ in range(3):
        files.take()
        assert left(drop) == ["b.zip", "c-0000.xml"]
    assert senders(database) == [flooder] * 20 + [firms.platforms()[2]]


def test_with_no_room_for_anybody_everything_stays(
    drop: Path, receiver: exchange.Receiver, firms: Firms, tmp_path: Path
) -> None:
    receiver.backlog = exchange.Backlog(
        receiver._connect, quotas=lambda: exchange.Quotas(40, 5, min_free_disk_bytes=2**62, disks=(tmp_path,))
    )
    names = put(drop, "a", firms.orders(firms.platforms()[0], 3))
    assert folder.DropFolder(drop, receiver).take() == 0
    assert left(drop) == names


def test_one_take_holds_a_bounded_number_of_bytes(
    drop: Path, receiver: exchange.Receiver, firms: Firms, monkeypatch: pytest.MonkeyPatch
) -> None:
    raws = firms.orders(firms.platforms()[0], 6)
    monkeypatch.setattr(folder, "BYTES_AT_ONCE", len(raws[0]) + len(raws[1]))
    names = put(drop, "a", raws)
    assert folder.DropFolder(drop, receiver).take() == 2
    assert left(drop) == names[2:]
