"""Private keys with their certificate, for demonstrations, tests and the zone's own receipts.

Senders sign with a card or a device of their own; no private key of a sender ever comes here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from silkgate.standards.xmldsig import der, sm2
from silkgate.standards.xmldsig.algorithms import Method
from silkgate.standards.xmldsig.certificate import Certificate
from silkgate.standards.xmldsig.keys import RSA_HASHES, Sm2PublicKey

RSA_BITS = 2048
VALIDITY = (datetime(2015, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC))
"""Of generated certificates: wide, so that any day a trial asks about is inside."""
_SM2_WITH_SM3 = der.write(der.SEQUENCE, der.write(der.OBJECT_IDENTIFIER, bytes.fromhex("2a811ccf55018375")))
_SM2_KEY = der.write(
    der.SEQUENCE,
    der.write(der.OBJECT_IDENTIFIER, bytes.fromhex("2a8648ce3d0201")),
    der.write(der.OBJECT_IDENTIFIER, bytes.fromhex("2a811ccf5501822d")),
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, RSA or SM2, and the certificate of its public half."""

    certificate: Certificate
    private: Any = field(repr=False, compare=False)

    @staticmethod
    def generate_rsa(name: str, *, validity: tuple[datetime, datetime] = VALIDITY) -> SigningKey:
        """A new RSA-2048 key with a self-signed certificate for the common name `name`."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_subject(name)).issuer_name(_subject(name)).public_key(private.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(validity[0]).not_valid_after(validity[1])
            .sign(private, hashes.SHA256())
        )
        return SigningKey(Certificate.from_der(certificate.public_bytes(serialization.Encoding.DER)), private)

    @staticmethod
    def generate_sm2(name: str, *, validity: tuple[datetime, datetime] = VALIDITY) -> SigningKey:
        """A new SM2 key with a self-signed certificate, written by hand because no library here builds one."""
        private = sm2.generate_private_key()
        subject = _subject(name).public_bytes()
        body = der.write(
            der.SEQUENCE,
            der.write(der.CONTEXT_0, der.write_integer(2)),
            der.write_integer(x509.random_serial_number()),
            _SM2_WITH_SM3,
            subject,
            der.write(der.SEQUENCE, *(der.write_time(moment) for moment in validity)),
            subject,
            der.write(der.SEQUENCE, _SM2_KEY, der.write(der.BIT_STRING, b"\0", sm2.point_of(private))),
        )
        signature = der.write(der.BIT_STRING, b"\0", sm2.sign_der(private, body))
        return SigningKey(Certificate.from_der(der.write(der.SEQUENCE, body, _SM2_WITH_SM3, signature)), private)

    @staticmethod
    def from_pem(pem: bytes) -> SigningKey:
        """Reads what `to_pem` wrote. ValueError where the private key does not belong to the certificate."""
        certificate = Certificate.from_pem(pem)
        private: Any
        if isinstance(certificate.key, Sm2PublicKey):
            private, method = sm2.private_key_from_pem(pem), Method.SM2_SM3
        else:
            private, method = serialization.load_pem_private_key(pem, password=None), Method.RSA_SHA256
        key = SigningKey(certificate, private)
        if not certificate.key.verify(method, key.value(method, b"pair"), b"pair"):
            raise ValueError("the private key does not belong to the certificate")
        return key

    def to_pem(self) -> bytes:
        """The private key (PKCS #8, not encrypted) and the certificate, one after the other."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            private = self.private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        else:
            private = sm2.private_key_to_pem(self.private)
        certificate = x509.load_der_x509_certificate(self.certificate.der)
        return private + certificate.public_bytes(serialization.Encoding.PEM)

    def value(self, method: Method, octets: bytes) -> bytes:
        """The signature value over `octets`; ValueError where `method` is of another kind of key."""
        is_rsa = isinstance(self.private, rsa.RSAPrivateKey)
        if is_rsa is (method is Method.SM2_SM3):
            raise ValueError(f"{method.title} does not go with this key")
        if is_rsa:
            return self.private.sign(octets, padding.PKCS1v15(), RSA_HASHES[method])
        return sm2.sign(self.private, octets)


def _subject(name: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, name),
    ])
