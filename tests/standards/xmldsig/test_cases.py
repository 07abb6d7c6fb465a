"""Every signed message of the example cases has the verdict that the case's expected/messages.csv stands for."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from silkgate.standards import dxp, safexml
from silkgate.standards.xmldsig import Certificate, Method, Verdict, verify

CASES = Path(__file__).resolve().parents[2] / "cases" / "clearing"
SIGN = {Verdict.ABSENT: "sign.missing", Verdict.INVALID: "sign.invalid", Verdict.CERTIFICATE: "sign.certificate"}
MUST_SIGN = ("621", "623", "625", "711", "603", "607", "507", "509")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _filed(case: Path) -> dict[str, Certificate]:
    return {
        row["code"]: Certificate.from_pem((case / "certs" / row["certificate"]).read_bytes())
        for row in _rows(case / "enterprises.csv") if row["certificate"]
    }


def _business_message(raw: bytes) -> bytes:
    root = safexml.parse(raw)
    return dxp.unwrap(root).data if dxp.is_envelope(root) else raw


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_the_messages_of_a_case(case: str) -> None:
    """Both ways to a verdict agree, and a refusal for its signature is expected exactly where it is found."""
    folder = CASES / case
    filed = _filed(folder)
    signed = 0
    for row in _rows(folder / "expected" / "messages.csv"):
        if row["reasons"].startswith("format."):
            continue
        raw = _business_message((folder / "inbox" / row["file"]).read_bytes())
        root = safexml.parse(raw)
        sender = root.findtext("{*}BaseTransfer/{*}copCode", "")
        certificates = [filed[sender]] if sender in filed else []
        verdict = verify(raw, certificates, root=root)
        assert verify(raw, certificates, canonical=True) is verdict
        is_draft = root.findtext(".//{*}appStatus") == "1"
        must_sign = root.tag.rpartition("CEB")[2][:3] in MUST_SIGN and not is_draft
        if verdict is Verdict.VALID or (verdict is Verdict.ABSENT and not must_sign):
            assert not row["reasons"].startswith("sign."), row
        else:
            assert row["reasons"] == SIGN[verdict], row
        signed += verdict is not Verdict.ABSENT
    assert signed or case == "04-waiting-companions" or "expected" not in case


def test_the_cases_show_every_method_and_every_verdict() -> None:
    methods: Counter[Method] = Counter()
    for path in CASES.glob("*/inbox/*.xml"):
        raw = path.read_bytes()
        methods.update(method for method in Method if f'SignatureMethod Algorithm="{method.uri}"'.encode() in raw)
    assert set(methods) == set(Method)
    reasons = {row["reasons"] for path in CASES.glob("*/expected/messages.csv") for row in _rows(path)}
    assert set(SIGN.values()) <= reasons
