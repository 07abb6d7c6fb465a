"""The log over HTTP: what a stranger fetches is enough to check everything, and nothing comes out that is another's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from django.test import Client

from exchange.logbook import decide, open_database, sealing, signer
from silkgate.exchange import api as exchange
from silkgate.exchange.naming import message_name
from silkgate.standards.tlog.merkle import leaf_hash, verify_consistency
from silkgate.standards.tlog.note import read_key
from silkgate.standards.tlog.proof import read_checkpoint, read_consistency, read_proof
from silkgate.standards.tlog.tiles import Tile, Tree, address, hashes_of, width_in
from silkgate.standards.tlog.verify import verify_receipt

CASE = "14-senders-and-redeclaration"
KEY = str(signer().key)


@pytest.fixture
def log(database: str, tmp_path: Path) -> Iterator[psycopg.Connection]:
    """A case that was decided, sealed after each batch."""
    with sealing(database, tmp_path / "published") as sealer:
        decide(database, CASE, step=sealer.seal)
        sealer.drain()
    with open_database(database) as connection:
        yield connection


def get(path: str) -> bytes:
    answer = Client().get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return bytes(answer.content)


def test_a_stranger_reads_the_whole_log(log: psycopg.Connection) -> None:
    """Checkpoint, key, tiles, bundles: they fit each other, as c2sp.org/tlog-tiles says."""
    (key,) = get("/log/key").decode().split()
    assert key == KEY
    checkpoint, note = read_checkpoint(get("/log/checkpoint"), [read_key(key)])
    assert note.verified

    def fetch(level: int, number: int) -> bytes:
        tile = Tile(level, number, width_in(checkpoint.size, level, number))
        return get(f"/log/tile/{address(tile)}")

    assert Tree(checkpoint.size, fetch).root() == checkpoint.root
    leaves = hashes_of(fetch(0, 0))
    bundle = fetch(-1, 0)
    entries = [bundle[i + 2 : i + 34] for i in range(0, len(bundle), 34)]
    assert all(bundle[i : i + 2] == b"\x00\x20" for i in range(0, len(bundle), 34))
    assert [leaf_hash(entry) for entry in entries] == leaves
    assert len(leaves) == checkpoint.size


def test_every_signed_size_has_its_partial_tiles_and_its_link(log: psycopg.Connection) -> None:
    sizes = [row[0] for row in log.execute("select size from journal_logcheckpoint order by size").fetchall()]
    newest, _ = read_checkpoint(get("/log/checkpoint"))
    assert len(sizes) > 5
    for size in sizes:
        tree = Tree(size, lambda level, number, size=size: get(  # type: ignore[misc]
            f"/log/tile/{address(Tile(level, number, width_in(size, level, number)))}"))  # fmt: skip
        link = read_consistency(get(f"/log/consistency/{size}"))
        assert link.old == size
        assert read_checkpoint(link.checkpoint)[0] == newest
        verify_consistency(size, newest.size, link.path, tree.root(), newest.root)


NOWHERE = (
    "/log/tile/0/001",
    "/log/tile/0/000",
    "/log/tile/0/000.p/255",
    "/log/tile/9/000.p/1",
    "/log/tile/entries/000",
    "/log/tile/",
    "/log/tile/0/000.p/0",
    "/log/tile/x/000",
    "/log/tile/0/x999/999.p/1",
    "/log/consistency/999999",
    "/log/consistency/99999999999999999999",
    "/log/tile/0/" + "x999/" * 5 + "999",
)


def test_what_the_log_has_not_is_not_found(log: psycopg.Connection) -> None:
    found = {path: Client().get(path).status_code for path in NOWHERE}
    assert found == dict.fromkeys(NOWHERE, 404)


def test_before_the_first_checkpoint_there_is_none(database: str) -> None:
    for path in ("/log/checkpoint", "/log/tile/0/000.p/1", "/log/consistency/0"):
        assert Client().get(path).status_code == 404
    assert get("/log/key") == b""


def test_what_may_change_is_not_kept_and_what_cannot_is(log: psycopg.Connection) -> None:
    client = Client()
    assert client.get("/log/checkpoint")["Cache-Control"] == "no-cache"
    assert client.get("/log/checkpoint")["Content-Type"] == "text/plain; charset=utf-8"
    tile = client.get("/log/tile/0/000.p/1")
    assert "immutable" in tile["Cache-Control"]
    assert tile["Content-Type"] == "application/octet-stream"
    assert client.post("/log/checkpoint").status_code == 405


def test_each_receipt_says_where_its_proof_is(log: psycopg.Connection) -> None:
    number, digest = log.execute("select id, sha256 from exchange_message order by id limit 1").fetchone()
    listed = json.loads(get(f"/api/v1/messages/{message_name(number, digest)}/receipts"))["receipts"]
    assert listed
    for receipt in listed:
        proof, checkpoint = get(receipt["proof"]), get("/log/checkpoint")
        assert verify_receipt(receipt["xml"].encode(), proof, checkpoint, [KEY]).holds


def test_a_proof_for_a_checkpoint_that_one_has(log: psycopg.Connection) -> None:
    receipt = exchange.all_receipts(log, 0)[0]
    path = f"/api/v1/receipts/{message_name(receipt.id, sha256(receipt.body).digest())}/proof"
    for size, note in log.execute("select size, note from journal_logcheckpoint order by size").fetchall():
        proof = get(f"{path}?size={size}")
        assert read_proof(proof).checkpoint == note.encode()
        assert verify_receipt(receipt.body, proof, note.encode(), [KEY]).holds
    for wrong in (0, -1, 1 << 70, size + 1):
        answer = Client().get(f"{path}?size={wrong}")
        assert (answer.status_code, answer.json()["code"]) == (404, "exchange.not_logged")
        assert answer["Retry-After"]


def test_only_who_has_a_receipt_gets_its_proof(log: psycopg.Connection) -> None:
    """The statement in it would let others try what the receipt says."""
    receipt = exchange.all_receipts(log, 0)[0]
    right = sha256(receipt.body).hexdigest()[:16]
    for name in (f"{receipt.id}-{'0' * 16}", f"{receipt.id}", f"{receipt.id}-", f"999999-{right}", "x-y", "1" * 40):
        answer = Client().get(f"/api/v1/receipts/{name}/proof")
        assert (answer.status_code, answer.json()["code"]) == (404, "exchange.no_receipt"), name


def test_what_is_not_sealed_yet_says_so(database: str) -> None:
    decide(database, CASE)
    with open_database(database) as connection:
        receipt = exchange.all_receipts(connection, 0)[0]
    name = message_name(receipt.id, sha256(receipt.body).digest())
    answer = Client().get(f"/api/v1/receipts/{name}/proof")
    assert (answer.status_code, answer.json()["code"]) == (404, "exchange.not_logged")
