"""Which recogniser takes a message is not seen in what intake finds: the same records, sender, verdict, guid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import msgspec
import pytest

from silkgate.exchange import intake
from silkgate.exchange.domain import Found
from silkgate.site.traffic import samples
from silkgate.site.traffic.documents import Document
from silkgate.site.traffic.messages import messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone
from silkgate.standards.ceb import fast
from silkgate.standards.xmldsig import Certificate

INVT_NO = "46122026I000000001"
EVERY_KIND: dict[str, Callable[[], Document]] = {
    "311": samples.order,
    "411": samples.payment,
    "511": samples.waybill,
    "513": samples.waybill_status,
    "621": samples.declaration,
    "623": lambda: samples.cancel(INVT_NO),
    "625": lambda: samples.return_request(INVT_NO),
    "711": samples.delivery,
}


class Never:
    """A recogniser that leaves everything to the next one."""

    def recognise(self, raw: bytes) -> None:
        return None


def found(raw: bytes) -> Found:
    """By whatever recognisers are in place."""

    def none(code: str) -> tuple[Certificate, ...]:
        return ()

    return intake.examine(raw, none, max_message_bytes=1 << 22).found


def assert_all_agree(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> Found:
    """All recognisers, then the regular expressions first, then the reference alone."""
    usual = found(raw)
    with monkeypatch.context() as changed:
        changed.setattr(intake, "_fast_recogniser", None)
        assert found(raw) == usual
        changed.setattr(intake, "_recogniser", Never())
        assert found(raw) == usual
    return usual


@pytest.mark.parametrize("code", EVERY_KIND)
def test_every_kind(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = samples.message(code, None, [EVERY_KIND[code](), EVERY_KIND[code]()][: 1 if code == "711" else 2])
    usual = assert_all_agree(raw, monkeypatch)
    assert usual.refusal == ""
    assert len(usual.records()) == usual.document_count


@pytest.mark.parametrize("per_message", [1, 30])
def test_generated_traffic(per_message: int, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone(seed=5, as_of=datetime(2026, 12, 1, tzinfo=UTC))
    parcels = islice(Parcels(zone, 5, faults=0.2, late=0.02), 60)
    kinds: Counter[str] = Counter()
    for item in messages(parcels, zone, per_message=per_message, seed=5):
        kinds[assert_all_agree(item.raw, monkeypatch).code] += 1
    assert {"311", "411", "511", "621"} <= kinds.keys()


def test_numbers_beyond_64_bits_take_the_wide_way(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = samples.message("311", None, [samples.order()])
    start, end = raw.index(b"<ceb:goodsValue>") + 16, raw.index(b"</ceb:goodsValue>")
    for amount, e5, wide in (
        (b"92233720368547.75807", 9_223_372_036_854_775_807, False),
        (b"99999999999999.99999", 9_999_999_999_999_999_999, False),
        (b"-99999999999999", -9_999_999_999_999_900_000, True),
    ):
        usual = assert_all_agree(raw[:start] + amount + raw[end:], monkeypatch)
        assert (usual.records()[0].goods_value_e5, usual.wide) == (e5, wide)


@pytest.mark.skipif(not fast.is_compiled(), reason="编译识别器未安装或已停用 · no compiled recogniser")
def test_generated_traffic_is_taken_by_the_compiled_recogniser() -> None:
    zone = Zone(seed=6, as_of=datetime(2026, 12, 1, tzinfo=UTC))
    recogniser = intake._fast_recogniser
    assert recogniser is not None
    for item in messages(islice(Parcels(zone, 6, faults=0.2, late=0.02), 60), zone, per_message=5, seed=6):
        taken = recogniser.recognise(item.raw)
        assert taken is not None
        assert len(msgspec.msgpack.decode(taken.records)) == taken.document_count == item.documents
