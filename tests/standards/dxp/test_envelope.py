"""Envelopes as the cases carry them, written and read back, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silkgate.kernel.clock import CHINA
from silkgate.standards import safexml
from silkgate.standards.dxp import EnvelopeRefused, is_envelope, unwrap, wrap

CASES = Path(__file__).resolve().parents[2] / "cases" / "clearing"
MORNING = datetime(2026, 6, 18, 7, 1, 16, tzinfo=CHINA)
HEAD = {"cop_msg_id": "91A59F78-0BC1", "sender_id": "DXPENT0000410001", "msg_type": "CEB311Message"}
RECEIVERS = ["DXPEDCCEB0000002"]


def _wrapped(message: bytes = b"<a/>") -> bytes:
    return wrap(message, receiver_ids=RECEIVERS, created=MORNING, **HEAD)


@pytest.mark.parametrize(
    ("case", "file", "sender", "msg_type"),
    [
        ("02-happy-direct-9610", "00009-311.xml", "DXPENT0000410001", "CEB311Message"),
        ("02-happy-direct-9610", "00012-621.xml", "DXPENT0000410002", "CEB621Message"),
        ("12-hostile-intake", "00019-411.xml", "DXPENT0000410004", "CEB411Message"),
    ],
)
def test_the_envelopes_of_the_cases(case: str, file: str, sender: str, msg_type: str) -> None:
    """With a prefix, and in the default namespace."""
    root = safexml.parse((CASES / case / "inbox" / file).read_bytes())
    assert is_envelope(root)
    envelope = unwrap(root)
    assert envelope.sender_id == sender
    assert envelope.receiver_ids == ("DXPEDCCEB0000002",)
    assert envelope.msg_type == msg_type
    assert envelope.created_at is not None
    assert envelope.created_at.date().isoformat() == "2026-06-18"
    assert envelope.data.startswith(b"<?xml")
    assert msg_type.encode() in envelope.data


def test_a_doctype_inside_is_found_when_the_message_is_read() -> None:
    envelope = unwrap(safexml.parse((CASES / "12-hostile-intake/inbox/00019-411.xml").read_bytes()))
    with pytest.raises(safexml.XmlRefused):
        safexml.parse(envelope.data)


def test_a_business_message_is_no_envelope() -> None:
    assert not is_envelope(safexml.parse(b'<ceb:CEB311Message xmlns:ceb="http://www.chinaport.gov.cn/ceb"/>'))
    assert not is_envelope(safexml.parse(b'<DxpMsg xmlns="urn:another"/>'))


CHARACTERS = st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc"])
IDS = st.text(CHARACTERS, min_size=1, max_size=16)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), IDS, IDS, st.lists(IDS, min_size=1, max_size=5), st.datetimes(
    min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_is_wrapped_is_unwrapped(
    message: bytes, cop_msg_id: str, sender: str, receivers: list[str], created: datetime
) -> None:
    raw = wrap(message, cop_msg_id=cop_msg_id, sender_id=sender, receiver_ids=receivers, created=created, msg_type="")
    envelope = unwrap(safexml.parse(raw))
    assert envelope.data == message
    assert (envelope.cop_msg_id, envelope.sender_id, envelope.receiver_ids) == (cop_msg_id, sender, tuple(receivers))
    assert envelope.created_at == created.replace(microsecond=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cop_msg_id", ""), ("cop_msg_id", "x" * 256), ("sender_id", ""), ("sender_id", "x" * 17),
        ("receiver_ids", []), ("receiver_ids", ["x"] * 6), ("receiver_ids", [""]), ("msg_type", "x" * 31),
        ("created", datetime(2026, 6, 18)),  # noqa: DTZ001 - the point
    ],
)
def test_an_envelope_that_the_schema_would_refuse_is_not_written(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wrap(b"", **{**HEAD, "receiver_ids": RECEIVERS, "created": MORNING, name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("data", ["*", "QUJ", "QUJD=", "QUJD*QUJD", "====", "QQ=", "=QUJ", "文"])
def test_data_that_is_not_base64(data: str) -> None:
    raw = _wrapped().replace(b"<dxp:Data>", f"<dxp:Data>{data}".encode())
    with pytest.raises(EnvelopeRefused) as refused:
        unwrap(safexml.parse(raw))
    assert refused.value.code == "format.schema"
    assert refused.value.detail.zh
    assert refused.value.detail.en


@pytest.mark.parametrize("data", ["", "QUJD", " Q U\nJD\t", "QQ==", "Q\n\nQ=\n=\n"])
def test_white_space_in_data_does_not_count(data: str) -> None:
    raw = _wrapped(b"").replace(b"<dxp:Data>", f"<dxp:Data>{data}".encode())
    assert unwrap(safexml.parse(raw)).data in (b"", b"ABC", b"A")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-06-18T07:01:16", MORNING),
        ("2026-06-18T07:01:16.000+08:00", MORNING),
        ("2026-06-17T23:01:16Z", MORNING),
        ("12026-06-18T07:01:16", None),
    ],
)
def test_the_time_of_creation(written: str, moment: datetime | None) -> None:
    raw = _wrapped().replace(b"2026-06-18T07:01:16", written.encode())
    assert unwrap(safexml.parse(raw)).created_at == moment


def test_a_refusal_names_line_and_element() -> None:
    raw = _wrapped().replace(b"DXPENT0000410001", b"DXPENT00004100012")
    with pytest.raises(EnvelopeRefused) as refused:
        unwrap(safexml.parse(raw))
    assert "SenderId" in refused.value.detail.zh
    assert "SenderId" in str(refused.value)
