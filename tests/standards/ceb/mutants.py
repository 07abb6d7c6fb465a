"""Mutants of generated messages: a change of a value, of the tree, of the signature or of bytes; right or wrong."""

from __future__ import annotations

import re
from random import Random

from silkgate.standards.ceb.catalogue import MESSAGES, NAMESPACE, Field
from standards.ceb.generator import ALPHABETS, SIGNATURE, Draft, guid

KEY_INFOS = (
    "",
    "text only",
    "<ds:KeyName/>",
    "text <ds:KeyName>7008</ds:KeyName> is allowed here",
    "<ds:KeyName>7008</ds:KeyName><ds:KeyName>7009</ds:KeyName>",
    "<ds:KeyName><ds:KeyName>7008</ds:KeyName></ds:KeyName>",
    "<ds:X509Data></ds:X509Data>",
    "<ds:X509Data>text</ds:X509Data>",
    "<ds:X509Data><ds:X509Certificate></ds:X509Certificate></ds:X509Data>",
    "<ds:X509Data><ds:X509Certificate>MIID</ds:X509Certificate><ds:X509Certificate>MIIE</ds:X509Certificate></ds:X509Data>",
    "<ds:X509Data><ds:X509Certificate>MII\nD MIIE</ds:X509Certificate></ds:X509Data>",
    "<ds:X509Data><ds:X509Certificate>MII</ds:X509Certificate></ds:X509Data>",
    "<ds:X509Data><ds:X509SKI>AB==</ds:X509SKI><ds:X509CRL>AAA=</ds:X509CRL></ds:X509Data>",
    "<ds:X509Data><ds:X509SKI>AQ==</ds:X509SKI><ds:X509CRL>AAE=</ds:X509CRL></ds:X509Data>",
    "<ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName><x xmlns='urn:x' a='1'/></ds:X509Data>",
    "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN</ds:X509IssuerName>"
    "<ds:X509SerialNumber>{}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>",
    "<ds:X509Data><ds:X509IssuerSerial><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>",
    "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
    "<ds:KeyValue><ds:RSAKeyValue><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
    "<ds:KeyValue>text <x xmlns='urn:x'/></ds:KeyValue>",
    "<ds:KeyValue><x xmlns='urn:x'/><x xmlns='urn:x'/></ds:KeyValue>",
    "<ds:KeyValue/>",
    "<ds:KeyValue><ds:DSAKeyValue>{}</ds:DSAKeyValue></ds:KeyValue>",
    "<ds:RetrievalMethod URI='http://a/b' Type='x'/>",
    "<ds:RetrievalMethod URI='%zz'><ds:Transforms><ds:Transform Algorithm='a'/></ds:Transforms></ds:RetrievalMethod>",
    "<ds:PGPData><ds:PGPKeyID>AQAB</ds:PGPKeyID></ds:PGPData>",
    "<ds:PGPData><ds:PGPKeyID>AQAB</ds:PGPKeyID><ds:PGPKeyPacket>AQAB</ds:PGPKeyPacket><x xmlns='urn:x'/></ds:PGPData>",
    "<ds:PGPData><ds:PGPKeyPacket>AQAB</ds:PGPKeyPacket><x xmlns='urn:x'/><x xmlns='urn:x'/></ds:PGPData>",
    "<ds:PGPData><ds:PGPKeyPacket>AQAB</ds:PGPKeyPacket><ds:PGPKeyID>AQAB</ds:PGPKeyID></ds:PGPData>",
    "<ds:PGPData><x xmlns='urn:x'/></ds:PGPData>",
    "<ds:SPKIData><ds:SPKISexp>AQAB</ds:SPKISexp><x xmlns='urn:x'/><ds:SPKISexp>AQAB</ds:SPKISexp></ds:SPKIData>",
    "<ds:SPKIData><x xmlns='urn:x'/></ds:SPKIData>",
    "<ds:MgmtData>any</ds:MgmtData>",
    "<ds:MgmtData xsi:type='ds:X509DataType'>any</ds:MgmtData>",
    "<x xmlns='urn:x'/>",
    "<x xmlns=''/>",
    "<ds:Object/>",
    "<ds:Manifest/>",
    "<ds:Signature/>",
    f"<b:BaseSubscribe xmlns:b='{NAMESPACE}'><b:status>ALL</b:status><b:dxpMode>{{}}</b:dxpMode>"
    "<b:dxpAddress>x</b:dxpAddress></b:BaseSubscribe>",
    f"<b:InvtCancel xmlns:b='{NAMESPACE}'/>",
    f"<b:NoSuchElement xmlns:b='{NAMESPACE}'/>",
)
"""Contents of KeyInfo, right and wrong; `{}` is a place for one of the fillers below."""
FILLERS = (
    "DXP",
    "12",
    "",
    "x",
    " 7 ",
    "<ds:Y>AQAB</ds:Y>",
    "<ds:P>AQAB</ds:P><ds:Y>AQAB</ds:Y>",
    "<ds:P>AQAB</ds:P><ds:Q>AQAB</ds:Q><ds:G>AQAB</ds:G><ds:Y>AQAB</ds:Y><ds:J>AQAB</ds:J>",
    "<ds:Y>AQAB</ds:Y><ds:Seed>AQAB</ds:Seed>",
    "<ds:Y>AQAB</ds:Y><ds:Seed>AQAB</ds:Seed><ds:PgenCounter>AQAB</ds:PgenCounter>",
)
_ALGORITHM = ' Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"'
SIGNATURE_EDITS = (
    (r"<ds:KeyInfo>.*</ds:KeyInfo>", ""),
    (r"<ds:KeyName>.*</ds:KeyName>", ""),
    (r"<ds:X509Data>.*</ds:X509Data>", ""),
    (r"/>", "></ds:SignatureMethod>"),
    (r'/(?=>)(?<=rsa-sha1"/)', "></ds:SignatureMethod"),
    (r"<ds:SignatureMethod[^>]*/>", ""),
    (r"<ds:SignatureMethod[^>]*/>", f"<ds:SignatureMethod{_ALGORITHM}> text </ds:SignatureMethod>"),
    (r"<ds:SignatureMethod[^>]*/>", f"<ds:SignatureMethod{_ALGORITHM}><ds:KeyName/></ds:SignatureMethod>"),
    (_ALGORITHM, ""),
    (_ALGORITHM, ' Algorithm=""'),
    (_ALGORITHM, ' Algorithm="not a uri"'),
    (_ALGORITHM, ' Algorithm="http://[::1"'),
    (_ALGORITHM, ' Algorithm="http://www.chinaport.gov.cn/2022/04/xmldsig#sm3"'),
    (_ALGORITHM, _ALGORITHM + ' Other="x"'),
    (r"<ds:Transforms>.*</ds:Transforms>", ""),
    (r"<ds:Transforms>.*</ds:Transforms>", "<ds:Transforms/>"),
    (r"(<ds:Transform [^>]*)/>", r"\1><ds:XPath>ancestor::x</ds:XPath></ds:Transform>"),
    (r"(<ds:Transform [^>]*)/>", r"\1>t<x xmlns='urn:x'/></ds:Transform>"),
    (r"(<ds:Transform [^>]*)/>", r"\1><ds:KeyName>x</ds:KeyName></ds:Transform>"),
    (r"(<ds:Transform [^>]*/>)", r"\1\1"),
    (r'URI=""', 'URI="#part"'),
    (r'URI=""', 'URI="%zz"'),
    (r' URI=""', ""),
    (r' URI=""', ' Id="a" URI="" Type="urn:t"'),
    (r"<ds:Reference", '<ds:Reference Id="a"'),
    (r"<ds:Signature ", '<ds:Signature Id="a" '),
    (r"<ds:Signature ", '<ds:Signature Id="1 a" '),
    (r"<ds:Signature ", '<ds:Signature Other="a" '),
    (r"(<ds:Reference.*</ds:Reference>)", r"\1\1"),
    (r"<ds:Reference.*</ds:Reference>", ""),
    (r"<ds:SignedInfo>", "<ds:SignedInfo> text "),
    (r"<ds:SignedInfo>", "\n  <ds:SignedInfo>\n    "),
    (r"<ds:SignedInfo>", '<ds:SignedInfo xmlns:ceb="urn:other">'),
    (r"<ds:DigestMethod[^>]*/>", ""),
    (r"PpM=<", "PpN=<"),
    (r"PpM=<", "PpM<"),
    (r"PpM=<", "PpM==<"),
    (r"PpM=<", "P p\nM=<"),
    (r"PpM=<", "<!-- c -->PpM=<"),
    (r"PpM=<", "PpM=\u00e9<"),
    (r"UHjn[^<]*", ""),
    (r"UHjn[^<]*", "=AAA"),
    (r"UHjn[^<]*", "AAAA AA=="),
    (r"<ds:SignatureValue>", '<ds:SignatureValue Id="v">'),
    (r"<ds:SignatureValue>", '<ds:SignatureValue xsi:type="ds:SignatureValueType">'),
    (r"<ds:SignatureValue>", '<ds:SignatureValue xsi:type="ds:CryptoBinary">'),
    (r"<ds:SignatureValue>", "<ds:SignatureValue><ds:KeyName/>"),
    (r"<ds:KeyInfo>", '<ds:KeyInfo Id="k">'),
    (r"<ds:X509Certificate>", '<ds:X509Certificate xsi:type="ds:CryptoBinary">'),
    (r"</ds:Signature>", "<ds:Object/></ds:Signature>"),
    (r"</ds:Signature>", "<!-- c --></ds:Signature>"),
    (r"\Z", SIGNATURE.replace("\\", "")),
    (r"xmldsig#\"><ds:SignedInfo>", 'xmldsig"><ds:SignedInfo>'),
    (r"ds:", "dsig:"),
    (r"7008", "7&#48;08"),
)


ODD_VALUES = {
    "decimal": (
        *(
            "",
            " ",
            "0",
            "-0",
            "+1",
            ".5",
            "5.",
            ".",
            "1e5",
            "1,5",
            " 1.5\n",
            "NaN",
            "INF",
            "0x1",
            "１",
            "٣",
            "1 2",
            "--1",
        ),
        *("12345678901234", "123456789012345", "1234567890123456789", "12345678901234567890", "0001.50000"),
        *(
            "1.12345",
            "1.123456",
            "1.1234500",
            "12345678901234.12345",
            "123456789012345.12345",
            "00000000000000000000001",
        ),
        *("0.00000", "0.000001", "-12345678901234.12345", "1<!--c-->2", "<![CDATA[12]]>", "&#49;2", "1\r\n", "1\t"),
    ),
    "int": (
        *("", " ", "0", "-0", "+1", "007", "1.0", " 12\n", "2147483647", "2147483648", "-2147483648", "-2147483649"),
        *(
            "999999999",
            "1000000000",
            "-999999999",
            "-1000000000",
            "0000000000000012",
            "١",
            "1e3",
            "1<!--c-->2",
            "&#49;",
        ),
    ),
    "string": (
        *(
            "",
            " ",
            "\t",
            "\n",
            "a\tb",
            "a\nb",
            "a\rb",
            "a\r\nb",
            "&lt;",
            "&amp;amp;",
            "&#13;",
            "&#x20;",
            "a>b",
            "]]&gt;",
        ),
        *(
            "<![CDATA[a<b]]>",
            "a<!-- c -->b",
            "a<?p i?>b",
            "<b/>",
            "\ufffd",
            "\ufeff",
            "\ufffe",
            "\uffff",
            "\x7f",
            "\x85",
        ),
        *(
            "\u2028",
            "\x00",
            "\x01",
            "\x1f",
            "&unknown;",
            "&#0;",
            "&#x1F600;",
            "𠮷",
            "a" * 1001,
            "中" * 61,
            "142",
            "143",
            "1",
        ),
    ),
    "any": ("", "text", "<x/>", "<x/><y/>", "<ceb:Order/>", "<x><y>1</y></x>", "<!-- c -->", "<x/>text"),
}


def odd_value(random: Random, field: Field) -> str:
    """A value at or over a bound, or in an unusual form; some of them are valid."""
    if field.type == "string" and random.random() < 0.5:
        bounds = [field.min_length - 1, field.min_length]
        if field.max_length is not None:
            bounds += [field.max_length, field.max_length + 1]
        return "".join(random.choices(random.choice(ALPHABETS), k=max(0, random.choice(bounds))))
    return random.choice(ODD_VALUES[field.type])


def mutate_tree(random: Random, made: Draft) -> None:
    """Changes one value, one element or one attribute of the draft."""
    leaves, parents = made.root.leaves(), made.root.parents()
    if not leaves:  # an earlier mutation took the only document away
        return
    leaf, parent = random.choice(leaves), random.choice(parents)
    children = parent.content
    assert isinstance(children, list)
    place = random.randrange(len(children)) if children else 0
    field = made.fields.get(id(leaf))
    choice = random.randrange(16)
    if choice < 6 and field:
        leaf.content = odd_value(random, field)
    elif choice == 6 and children:
        del children[place]
    elif choice == 7 and children:
        children.insert(place, children[place])
    elif choice == 8 and len(children) > 1:
        children[place - 1], children[place] = children[place], children[place - 1]
    elif choice == 9:
        leaf.name += random.choice(("x", "", "-", ".1"))
    elif choice == 10:
        odd = (' a="1"', ' xsi:nil="true"', ' xsi:type="ceb:XMLElement"', " xmlns:x='urn:x'", ' xml:lang="zh"', " ")
        random.choice((leaf, parent)).attributes += random.choice(odd)
    elif choice == 11:
        other = random.choice(list(MESSAGES.values()))
        random.choice(parents).name = random.choice((other.root, other.document, other.head or "X", other.line or "Y"))
    elif choice == 12:
        made.root.attributes = random.choice(
            (
                f' version="1.0" guid="{guid(random)}"',
                f' guid="{guid(random)}"',
                ' version="1.0"',
                f' guid="{guid(random)}" version=""',
                f' guid="{guid(random)}" version="12345678901"',
                f' guid="{guid(random)[1:]}" version="1.0"',
                f' guid="{guid(random)}0" version="1.0"',
                f" guid='{guid(random)}' version='1.0'",
                f' guid="{"中" * 36}" version="1"',
                f' guid="{" " * 36}" version="\t"',
                f' guid="{guid(random)[:-1]}&gt;" version=">"',
                f' guid="{guid(random)}" version="1.0" xsi:schemaLocation="a b"',
                f' guid="{guid(random)}" version="1.0" version="1.0"',
                f' guid="{guid(random)}" version="1.0" ',
                f'  guid="{guid(random)}"  version="1.0"',
            )
        )
    elif choice == 13:
        made.prefix = random.choice(("", "ceb:", "x:"))
    elif choice == 14:
        made.declaration = random.choice(
            (
                "",
                "\n",
                "\ufeff<?xml version='1.0' encoding='utf-8'?>",
                "<?xml version='1.0'?>",
                '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>',
                '<?xml version="1.1" encoding="UTF-8"?>',
                '<?xml version="1.0" encoding="GBK"?>',
                ' <?xml version="1.0" encoding="UTF-8"?>',
                '<?xml version="1.0" encoding="UTF-8"?><!-- c -->',
                '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE x>',
                '<?xml version="1.0" encoding="UTF-8"?>x',
                '<?xml version="1.0" encoding="ISO-8859-1"?>',
            )
        )
    else:
        made.signature = odd_signature(random)


def edited_signature(text: str, edit: tuple[str, str], count: int = 0) -> str:
    """`text` with one edit of SIGNATURE_EDITS, everywhere or `count` times."""
    return re.sub(*edit, text, count=count, flags=re.DOTALL)


def with_key_info(text: str, content: str) -> str:
    """`text` with another content of KeyInfo."""
    return re.sub("<ds:KeyInfo>.*</ds:KeyInfo>", lambda _: f"<ds:KeyInfo>{content}</ds:KeyInfo>", text)


def odd_signature(random: Random) -> str:
    """A signature with one or two changes, right or wrong; or none."""
    text = random.choice((SIGNATURE, SIGNATURE, SIGNATURE, ""))
    for _ in range(random.choice((1, 1, 2))):
        text = edited_signature(text, random.choice(SIGNATURE_EDITS), random.choice((0, 1)))
    if random.random() < 0.3:
        text = with_key_info(text, random.choice(KEY_INFOS).replace("{}", random.choice(FILLERS)))
    return text


PIECES = (
    *(b"<", b">", b"&", b'"', b"'", b"/", b"\r", b"\n", b" ", b"\t", b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80"),
    *(
        b"\xef\xbf\xbe",
        b"\xef\xbb\xbf",
        b"\xe4\xb8",
        b"]]>",
        b"<!---->",
        b"<![CDATA[]]>",
        b"<?x?>",
        b"&#10;",
        b"x",
        b"0",
    ),
    *(
        b"ceb:",
        b"ds:",
        b'xmlns:ds="urn:x"',
        b"<ceb:note></ceb:note>",
        b"<ceb:note/>",
        b"</ceb:note>",
        b"142",
        b"-",
        b".",
    ),
)


def mutate_bytes(random: Random, raw: bytes) -> bytes:
    """Inserts, deletes, doubles or replaces a few bytes somewhere."""
    at = random.randrange(len(raw) + 1)
    length = random.choice((0, 0, 1, 1, 2, 7, 40))
    piece = random.choice((b"", raw[at : at + length] * 2, random.choice(PIECES), bytes([random.randrange(256)])))
    return raw[:at] + piece + raw[at + length :]
