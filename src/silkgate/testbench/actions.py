"""Writes of the test bench, all within its own tables and within bounds: the oldest runs of an organisation go."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec
from django.db import connection, transaction
from django.db.models import Sum

from silkgate.kernel.text import Text
from silkgate.standards.xmldsig import Certificate
from silkgate.testbench import models
from silkgate.testbench.domain import BYTES_KEPT, CERTIFICATES_KEPT, CUSTOMS, RUNS_KEPT, YOU, Refused, Scenario
from silkgate.testbench.playing import Firm, Ran, play
from silkgate.testbench.scenarios import published

EARLIEST, LATEST = date(2016, 4, 8), date(2099, 12, 31)


def run(
    organisation: tuple[str, str],
    raws: Sequence[bytes],
    *,
    day: date,
    scenario: Scenario | None,
    by: str,
    at: datetime,
) -> models.Run:
    """Play messages of an organisation (code, name) and keep what came of it. Raises Refused, with nothing kept."""
    if not EARLIEST <= day <= LATEST:
        raise Refused(
            Text(f"法规日期应不早于{EARLIEST}。", f"The day of the law is not before {EARLIEST}."),
        )
    code, name = organisation
    ran = play(Firm(code, name, tuple(certificates_of(code))), day, raws, scenario)
    with transaction.atomic():
        _alone(code)
        made = _keep(code, ran, day, scenario, by, at)
        _bound(code)
    return made


def _keep(code: str, ran: Ran, day: date, scenario: Scenario | None, by: str, at: datetime) -> models.Run:
    report, version = ran.report, published().version
    made = models.Run.objects.create(
        organisation_code=code,
        scenario=scenario.id if scenario else "",
        law_day=day,
        program=ran.program,
        law_version=ran.law_version,
        set_version=version,
        passed=report.passed,
        report=msgspec.to_builtins(report),
        size_bytes=sum(len(item.raw) for item in ran.items) + sum(len(one.body) for one in ran.receipts),
        played_by=by,
        played_at=at,
    )
    files = [
        models.File(run=made, number=number, who=item.who, kind=told.kind, message=number, body=item.raw)
        for number, (item, told) in enumerate(zip(ran.items, report.messages, strict=True), start=1)
    ]
    files += [
        models.File(run=made, number=number, who=CUSTOMS, kind=one.kind, message=one.message, body=one.body)
        for number, one in enumerate(ran.receipts, start=len(files) + 1)
    ]
    models.File.objects.bulk_create(files)
    if scenario is not None:
        models.Result.objects.update_or_create(
            organisation_code=code,
            scenario=scenario.id,
            defaults={
                "passed": bool(report.passed),
                "run_number": made.id,
                "law_day": day,
                "program": ran.program,
                "law_version": ran.law_version,
                "set_version": version,
                "inputs_sha256": inputs_sha256(item.raw for item in ran.items if item.who == YOU),
                "at": at,
            },
        )
    return made


def inputs_sha256(raws: Iterable[bytes]) -> str:
    """SHA-256, hexadecimal, over the SHA-256 of each message in order."""
    return hashlib.sha256(b"".join(hashlib.sha256(raw).digest() for raw in raws)).hexdigest()


def _alone(code: str) -> None:
    """One write at a time for an organisation, so that its bounds hold."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"testbench {code}"])


def _bound(code: str) -> None:
    """Drop the oldest runs beyond what is kept; the newest always stays."""
    own = models.Run.objects.filter(organisation_code=code)
    own.filter(id__in=list(own.order_by("-id").values_list("id", flat=True)[RUNS_KEPT:])).delete()
    while (own.aggregate(size=Sum("size_bytes"))["size"] or 0) > BYTES_KEPT and own.count() > 1:
        oldest = own.order_by("id").first()
        assert oldest is not None
        oldest.delete()


def certificates_of(code: str) -> list[Certificate]:
    """Certificates that the organisation has uploaded to the bench, oldest first."""
    rows = models.Certificate.objects.filter(organisation_code=code).order_by("id").values_list("pem", flat=True)
    return [Certificate.from_pem(pem.encode("ascii")) for pem in rows]


def upload_certificate(code: str, pem: bytes, *, by: str, at: datetime) -> models.Certificate:
    """A certificate that counts on the bench; the oldest goes where there are too many. Raises Refused."""
    try:
        certificate = Certificate.from_pem(pem)
        text = pem.decode("ascii")
    except ValueError as error:
        raise Refused(
            Text(
                "文件不是PEM格式的RSA或SM2证书（以-----BEGIN CERTIFICATE-----开头），请导出后重新上传。",
                "The file is no RSA or SM2 certificate in PEM (-----BEGIN CERTIFICATE-----): export it so.",
            )
        ) from error
    if "PRIVATE KEY" in text:
        raise Refused(
            Text(
                "文件里有私钥，没有保存。请只上传证书；私钥不要交给任何人。",
                "The file holds a private key; nothing was kept. Upload the certificate alone, give the key to nobody.",
            )
        )
    with transaction.atomic():
        _alone(code)
        kept, _ = models.Certificate.objects.get_or_create(
            organisation_code=code,
            fingerprint_sha256=certificate.fingerprint,
            defaults={"pem": text, "uploaded_by": by, "uploaded_at": at},
        )
        own = models.Certificate.objects.filter(organisation_code=code)
        own.filter(id__in=list(own.order_by("-id").values_list("id", flat=True)[CERTIFICATES_KEPT:])).delete()
    return kept
