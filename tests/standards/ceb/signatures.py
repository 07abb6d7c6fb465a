"""Signatures, right and wrong: contents of KeyInfo, and edits of the signature that cards write."""

from __future__ import annotations

import re
from random import Random

from silkgate.standards.ceb.catalogue import NAMESPACE
from standards.ceb.generator import SIGNATURE

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
RICH_KEY_INFO = (
    "<ds:KeyName>7008</ds:KeyName>"
    "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    "<ds:KeyValue><ds:DSAKeyValue><ds:P>AQAB</ds:P><ds:Q>AQAB</ds:Q><ds:G>AQAB</ds:G><ds:Y>AQAB</ds:Y><ds:J>AQAB</ds:J>"
    "<ds:Seed>AQAB</ds:Seed><ds:PgenCounter>AQAB</ds:PgenCounter></ds:DSAKeyValue></ds:KeyValue>"
    "<ds:RetrievalMethod URI='u' Type='t'><ds:Transforms><ds:Transform Algorithm='a'>"
    "<ds:XPath>x</ds:XPath></ds:Transform></ds:Transforms></ds:RetrievalMethod>"
    "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber>"
    "</ds:X509IssuerSerial><ds:X509SKI>AQAB</ds:X509SKI><ds:X509SubjectName>CN</ds:X509SubjectName>"
    "<ds:X509Certificate>AQAB</ds:X509Certificate><ds:X509CRL>AQAB</ds:X509CRL><x xmlns='urn:x'/></ds:X509Data>"
    "<ds:PGPData><ds:PGPKeyID>AQAB</ds:PGPKeyID><ds:PGPKeyPacket>AQAB</ds:PGPKeyPacket><x xmlns='urn:x'/></ds:PGPData>"
    "<ds:PGPData><ds:PGPKeyPacket>AQAB</ds:PGPKeyPacket><x xmlns='urn:x'/></ds:PGPData>"
    "<ds:SPKIData><ds:SPKISexp>AQAB</ds:SPKISexp><x xmlns='urn:x'/></ds:SPKIData>"
    "<ds:MgmtData>m</ds:MgmtData><x xmlns='urn:x'/>"
)
"""Every element that may stand in KeyInfo."""
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
