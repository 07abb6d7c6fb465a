"""Certificates and keys: what is read from them, which are accepted, and the self-signed ones that we make."""

from __future__ import annotations

import base64
import hashlib
import pickle
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from silkgate.standards.xmldsig import Certificate, Method, SigningKey, Verdict, der, sign, sm2, verify
from standards.xmldsig.forge import METHODS, key, key_for, message

CERTS = Path(__file__).resolve().parents[2] / "cases/clearing/14-senders-and-redeclaration/certs"


def _self_signed(private: CertificateIssuerPrivateKeyTypes) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    algorithm = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        .serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=1))
        .sign(private, algorithm).public_bytes(serialization.Encoding.DER)
    )


@pytest.mark.parametrize(
    ("file", "serial", "method"),
    [("4101980B01.pem", 7008, Method.RSA_SHA256), ("4101980B02.pem", 7009, Method.SM2_SM3)],
)
def test_what_a_certificate_says(file: str, serial: int, method: Method) -> None:
    pem = (CERTS / file).read_bytes()
    certificate = Certificate.from_pem(pem)
    body = b"".join(line for line in pem.splitlines() if not line.startswith(b"-"))
    assert certificate.der == base64.b64decode(body)
    assert certificate.fingerprint == hashlib.sha256(certificate.der).hexdigest()
    assert certificate.serial == serial
    assert file.removesuffix(".pem") in certificate.subject
    assert (certificate.not_before.year, certificate.not_after.year) == (2015, 2045)
    assert certificate.not_before.tzinfo is not None
    assert not certificate.key.verify(method, bytes(64), b"")


def test_certificates_are_values() -> None:
    certificate = key("sm2").certificate
    assert Certificate.from_der(bytes(bytearray(certificate.der))) is certificate, "read once"
    assert pickle.loads(pickle.dumps(certificate)) == certificate
    assert len({certificate, Certificate.from_der(certificate.der), key().certificate}) == 2


@pytest.mark.parametrize(
    "private",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
        dsa.generate_private_key(1024),
    ],
    ids=["P-256", "Ed25519", "DSA"],
)
def test_other_kinds_of_key(private: CertificateIssuerPrivateKeyTypes) -> None:
    with pytest.raises(ValueError, match="neither RSA nor SM2"):
        Certificate.from_der(_self_signed(private))


def test_a_long_rsa_exponent() -> None:
    """A stranger's certificate must not choose how long verifying takes."""
    private = rsa.generate_private_key(65537, 1024)
    certificate = _self_signed(private)
    assert Certificate.from_der(certificate)
    exponent, long = der.write_integer(65537), der.write_integer(65537 + (1 << 62))
    longer = _with_exponent(certificate, exponent, long)
    with pytest.raises(ValueError, match="exponent"):
        Certificate.from_der(longer)


def _with_exponent(certificate: bytes, old: bytes, new: bytes) -> bytes:
    """The certificate with another exponent and every length around it written anew; its own signature is off."""

    def rewrite(data: bytes) -> bytes:
        parts = []
        at = 0
        while at < len(data):
            tag, start, end = der.read(data, at)
            contents = data[start:end]
            if data[at:end] == old:
                parts.append(new)
            elif tag in (der.SEQUENCE, der.CONTEXT_0):
                parts.append(der.write(tag, rewrite(contents)))
            elif tag == der.BIT_STRING and contents[1:2] == b"\x30":
                parts.append(der.write(tag, b"\0", rewrite(contents[1:])))
            else:
                parts.append(data[at:end])
            at = end
        return b"".join(parts)

    return rewrite(certificate)


def test_an_sm2_key_that_is_no_point_of_the_curve() -> None:
    certificate = key("sm2").certificate.der
    at = certificate.index(bytes.fromhex("03420004")) + 4
    with pytest.raises(ValueError, match=r".+"):
        Certificate.from_der(certificate[:at] + bytes(64) + certificate[at + 64 :])


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["rsa", "sm2"]), st.data())
def test_a_broken_certificate_is_a_value_error(kind: str, data: st.DataObject) -> None:
    """A byte changed or the end cut: it reads, or it is a ValueError, whatever the parser meets."""
    raw = bytearray(key(kind).certificate.der)
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.sampled_from([len(raw), len(raw), len(raw) - 1, len(raw) // 2]))]
    try:
        certificate = Certificate.from_der(bytes(raw))
    except ValueError:
        return
    assert not certificate.key.verify(Method.RSA_SHA256, bytes(256), b"")


def test_an_overlong_certificate() -> None:
    with pytest.raises(ValueError, match="is not read"):
        Certificate.from_der(bytes(100_000))


@pytest.mark.parametrize("kind", ["rsa", "sm2"])
def test_keys_are_kept_as_pem(kind: str) -> None:
    signer = key(kind)
    pem = signer.to_pem()
    again = SigningKey.from_pem(pem)
    method = Method.SM2_SM3 if kind == "sm2" else Method.RSA_SHA256
    assert again.certificate == signer.certificate
    assert again.certificate.key.verify(method, again.value(method, b"octets"), b"octets")
    other = key(f"{kind} other").to_pem()
    mixed = pem[: pem.index(b"-----BEGIN CERT")] + other[other.index(b"-----BEGIN CERT") :]
    with pytest.raises(ValueError, match="does not belong"):
        SigningKey.from_pem(mixed)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
def test_a_key_signs_by_its_own_methods(method: Method) -> None:
    for kind in ("rsa", "sm2"):
        fits = (kind == "sm2") is (method is Method.SM2_SM3)
        if fits:
            assert verify(sign(message(), key(kind), method), [key(kind).certificate]) is Verdict.VALID
        else:
            with pytest.raises(ValueError, match="does not go with"):
                sign(message(), key(kind), method)


def test_what_cannot_be_signed() -> None:
    signed = sign(message(), key(), Method.RSA_SHA256)
    with pytest.raises(ValueError, match="already"):
        sign(signed, key(), Method.RSA_SHA256)
    with pytest.raises(ValueError, match="end tag"):
        sign(b"<a/>", key(), Method.RSA_SHA256)
    with pytest.raises(ValueError, match="end tag"):
        sign(b"<a></a><!-- </a> -->", key(), Method.RSA_SHA256)


@pytest.mark.parametrize(
    ("validity", "tags"),
    [
        ((datetime(2015, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)), "1717"),
        ((datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)), "1718"),
    ],
)
def test_a_certificate_of_ours_with_an_sm2_key(validity: tuple[datetime, datetime], tags: str) -> None:
    """Written by hand, so read by another program's eyes: its dates, its name, and its own signature."""
    certificate = SigningKey.generate_sm2("张三商行", validity=validity).certificate
    assert (certificate.not_before, certificate.not_after) == validity
    assert "张三商行" in certificate.subject
    theirs = x509.load_der_x509_certificate(certificate.der)
    assert theirs.version is x509.Version.v3
    tbs = theirs.tbs_certificate_bytes
    fields = der.children(tbs, *der.read(tbs)[1:])
    assert "".join(f"{tag:x}" for tag, _ in der.children(fields[4][1], 0, len(fields[4][1]))) == tags
    _, start, end = der.read(theirs.signature)
    r, s = (int.from_bytes(contents, "big") for _, contents in der.children(theirs.signature, start, end))
    point = certificate.der[certificate.der.index(bytes.fromhex("03420004")) + 3 :][:65]
    assert sm2.verify(sm2.public_key(point), r.to_bytes(32, "big") + s.to_bytes(32, "big"), tbs)


def test_the_sm2_example_of_the_standard() -> None:
    """GB/T 32918.5-2017 Annex A.2: the recommended curve, message "message digest", user id 1234567812345678."""
    point = bytes.fromhex(
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    value = bytes.fromhex(
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    assert sm2.verify(sm2.public_key(point), value, b"message digest")
    assert not sm2.verify(sm2.public_key(point), value, b"message digest.")
    assert not sm2.verify(sm2.public_key(point), bytes(64), b"message digest")


def test_openssl_agrees_on_sm2(tmp_path: Path) -> None:
    """An independent program verifies what we sign with the certificate that we wrote."""
    if "SM2" not in _openssl("ecparam", "-list_curves"):
        pytest.skip("the machine's openssl knows no SM2")
    signer = key_for(Method.SM2_SM3)
    (tmp_path / "certificate.der").write_bytes(signer.certificate.der)
    _openssl("x509", "-inform", "DER", "-in", str(tmp_path / "certificate.der"), "-pubkey", "-noout",
             "-out", str(tmp_path / "public.pem"))
    value = signer.value(Method.SM2_SM3, b"octets")
    integers = (int.from_bytes(half, "big") for half in (value[:32], value[32:]))
    (tmp_path / "value").write_bytes(der.write(der.SEQUENCE, *map(der.write_integer, integers)))
    (tmp_path / "octets").write_bytes(b"octets")
    said = _openssl(
        "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pubin", "-inkey", str(tmp_path / "public.pem"),
        "-in", str(tmp_path / "octets"), "-sigfile", str(tmp_path / "value"), "-pkeyopt", "distid:1234567812345678")
    assert "Signature Verified Successfully" in said


def _openssl(*arguments: str) -> str:
    try:
        return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("no openssl on this machine")
