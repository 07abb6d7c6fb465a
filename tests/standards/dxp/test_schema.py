"""Our schema of the envelope against the official one (`tests/specimens/dxp`): same verdict on everything generated."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

from lxml import etree

from silkgate.standards.dxp import EnvelopeRefused, unwrap

SPECIMENS = Path(__file__).resolve().parents[2] / "specimens"
ENVELOPES = 3_000
SIGNATURE = (
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
    '<ds:CanonicalizationMethod Algorithm="c"/><ds:SignatureMethod Algorithm="s"/><ds:Reference URI="">'
    '<ds:DigestMethod Algorithm="d"/><ds:DigestValue>QUJD</ds:DigestValue></ds:Reference></ds:SignedInfo>'
    "<ds:SignatureValue>QUJD</ds:SignatureValue></ds:Signature>"
)


class _Beside(etree.Resolver):
    """The signature schema that the official one imports is kept with the messages' schemas."""

    def resolve(self, url: str, public_id: str, context: object) -> object:
        if url.endswith("xmldsig-core-schema.xsd"):
            return self.resolve_filename(str(SPECIMENS / "ceb/xsd/xmldsig-core-schema.xsd"), context)
        return None


@cache
def official() -> etree.XMLSchema:
    parser = etree.XMLParser()
    parser.resolvers.add(_Beside())
    return etree.XMLSchema(etree.parse(SPECIMENS / "dxp/dxp-terminal-202205.xsd", parser))


def _element(name: str, text: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{text}</{name}>"


def _text(random: Random, most: int) -> str:
    return "订A"[random.randrange(2)] * random.choice([0, 1, 1, most, most, most + 1])


def _time(random: Random) -> str:
    return random.choice([
        "2026-06-18T07:01:16", "2026-06-18T07:01:16.123+08:00", "2026-06-18T24:00:00", "2026-06-18", "20260618070116",
        "2026-02-30T00:00:00", "-0001-01-01T00:00:00", "2026-06-18T07:01:16", "2026-06-18 07:01:16", "",
    ])


def _additional(random: Random) -> str:
    parts = [
        _element("FileName", _text(random, 255)),
        _element("IcCard", _text(random, 13)),
        _element("BizKey", "".join(
            _element("Key", _text(random, 64), random.choice(["", f' name="{_text(random, 32)}"', ' other="1"']))
            for _ in range(random.choice([0, 1, 2, 5, 5, 6]))
        )),
        _element("IsText", random.choice(["", "", " ", "x"]),
                 random.choice([' Encode="UTF-8"', f' Encode="{"x" * 51}"', ""])),
        _element("RecMapId", random.choice(["", "5", "<any/>"])),
    ]
    return _element("AddInfo", "".join(_disturb(random, [part for part in parts if random.random() < 0.6], 0.05)))


def _disturb(random: Random, parts: list[str], rate: float = 0.03) -> list[str]:
    """Now and then one element is missing, double, out of order or unknown."""
    if parts and random.random() < rate:
        at = random.randrange(len(parts))
        change = random.randrange(5)
        if change == 0:
            parts = parts[:at] + parts[at + 1:]
        elif change == 1:
            parts = [*parts[:at], parts[at], *parts[at:]]
        elif change == 2:
            parts = random.sample(parts, len(parts))
        elif change == 3:
            parts = [*parts, "<Unknown/>"]
        else:
            parts = [*parts, "text"]
    return parts


def envelope(random: Random) -> str:
    """One DxpMsg, with a fault in about half of them."""
    receivers = [_element("ReceiverId", _text(random, 16)) for _ in range(random.choice([0, 1, 1, 1, 2, 5, 6]))]
    head = [
        _element("CopMsgId", _text(random, 255)),
        _element("SenderId", random.choice(["DXPENT0000410001", _text(random, 16)])),
        _element("ReceiverIds", "".join(_disturb(random, receivers))),
        _element("CreatTime", _time(random)),
        _element("MsgType", _text(random, 30)),
    ]
    if random.random() < 0.7:
        head = [_element("CopMsgId", "1"), _element("SenderId", "S"),
                _element("ReceiverIds", _element("ReceiverId", "R")),
                _element("CreatTime", "2026-06-18T07:01:16"), _element("MsgType", "")]
    body = [
        _element("TransInfo", "".join(_disturb(random, head))),
        _element("Data", random.choice(["", "QUJD", " QU\nJD "]), random.choice(["", "", "", ' a="1"'])),
    ]
    if random.random() < 0.4:
        body.append(_additional(random))
    if random.random() < 0.2:
        body.append(random.choice([SIGNATURE, SIGNATURE, SIGNATURE.replace("DigestValue", "Digest")]))
    version = ' ver="1.0"'
    attributes = random.choice([version] * 8 + [
        ' ver="1.1"', "", f'{version} Id="a1"', f'{version} Id="1"', f'{version} x="1"',
    ])
    return f'<DxpMsg xmlns="http://www.chinaport.gov.cn/dxp"{attributes}>{"".join(_disturb(random, body))}</DxpMsg>'


def test_the_same_verdict_as_the_official_schema() -> None:
    random = Random(20220501)
    verdicts: Counter[bool] = Counter()
    for _ in range(ENVELOPES):
        text = envelope(random)
        root = etree.fromstring(text)
        expected = official().validate(root)
        try:
            unwrap(root)
            found = True
        except EnvelopeRefused:
            found = False
        assert found == expected, f"{text}\n{official().error_log}"
        verdicts[expected] += 1
    assert min(verdicts[True], verdicts[False]) > ENVELOPES // 5, verdicts
