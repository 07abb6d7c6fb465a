"""Certificates are filed once, found by enterprise, and a change is seen in time; officers have strong passwords."""

from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from django.contrib.auth import authenticate
from django.db import connection

from silkgate.identity import api as identity
from silkgate.identity.models import Officer
from silkgate.kernel.clock import CHINA
from silkgate.standards.xmldsig import SigningKey


@pytest.fixture(scope="module")
def keys() -> list[SigningKey]:
    return [SigningKey.generate_rsa("one"), SigningKey.generate_rsa("two")]


@pytest.fixture
def cursor(database: str):
    with connection.cursor() as opened:
        yield opened


def pem(key: SigningKey) -> bytes:
    return load_der_x509_certificate(key.certificate.der).public_bytes(Encoding.PEM)


def test_a_certificate_is_filed_once(cursor, keys) -> None:
    for _ in range(2):
        identity.file_certificate(cursor, "4101980B01", pem(keys[0]))
    identity.file_certificate(cursor, "4101980B01", pem(keys[1]))
    filed = identity.certificates(cursor)["4101980B01"]
    assert [certificate.der for certificate in filed] == [keys[0].certificate.der, keys[1].certificate.der]


def test_what_is_no_certificate_is_not_filed(cursor) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the library's
        identity.file_certificate(
            cursor, "4101980B01", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        )
    assert identity.certificates(cursor) == {}


def test_the_directory_sees_a_change_when_its_look_is_old(cursor, keys) -> None:
    clock = [datetime(2026, 6, 18, 10, tzinfo=CHINA)]
    looks = []

    @contextmanager
    def counted():
        looks.append(clock[0])
        yield cursor

    directory = identity.CertificateDirectory(counted, lambda: clock[0], timedelta(seconds=2))
    assert directory("4101980B01") == ()
    identity.file_certificate(cursor, "4101980B01", pem(keys[0]))
    assert directory("4101980B01") == ()
    clock[0] += timedelta(seconds=3)
    assert [certificate.der for certificate in directory("4101980B01")] == [keys[0].certificate.der]
    assert len(looks) == 2


def test_an_officer_signs_in_with_the_last_password(database: str) -> None:
    identity.add_officer("guan", "silk-gate-2026-a")
    identity.add_officer("guan", "silk-gate-2026-b")
    assert authenticate(username="guan", password="silk-gate-2026-b") is not None
    assert authenticate(username="guan", password="silk-gate-2026-a") is None


@pytest.mark.parametrize("password", ["12345678", "guan", "password"])
def test_a_weak_password_is_refused(database: str, password: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        identity.add_officer("guan", password)
    assert authenticate(username="guan", password=password) is None


def test_what_is_not_said_of_a_known_officer_stays(database: str) -> None:
    identity.add_officer("guan", "silk-gate-2026-a")
    assert set(Officer.objects.get().duties) == set(identity.DUTIES)
    identity.add_officer("guan", "silk-gate-2026-a", "tax", ["audit", "filings"])
    identity.add_officer("guan", "silk-gate-2026-b")
    officer = Officer.objects.get()
    assert (officer.agency, officer.duties) == ("tax", ["audit", "filings"])


@pytest.mark.parametrize("said", [{"agency": "police"}, {"duties": ["audit", "everything"]}])
def test_an_unknown_agency_or_duty_is_named_and_nothing_is_made(database: str, said: dict) -> None:
    with pytest.raises(KeyError, match=r"police|everything"):
        identity.add_officer("guan", "silk-gate-2026-a", **said)
    assert not Officer.objects.exists()
