"""Made-up enterprises, people and papers for the registry's tests."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from silkgate.casework import api as casework
from silkgate.identity.api import PERSON, Actor
from silkgate.kernel.clock import CHINA
from silkgate.registry import api as registry
from silkgate.registry import rules
from silkgate.registry.declared import papers_of

NOW = datetime(2026, 11, 23, 10, tzinfo=CHINA)
DAY = timedelta(days=1)

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(number: int) -> str:
    """A unified social credit code that is right, one for each number."""
    body = f"91410100MA{number:07d}"
    return next(body + check for check in _ALPHABET if rules.valid_credit_code(body + check))


CODE, OTHER = credit_code(1), credit_code(2)


def member(code: str = CODE, name: str = "merchant") -> Actor:
    """A filing clerk of the organisation `code`."""
    return Actor(name, PERSON, 1, roles={code: frozenset({"filer"})})


def officer(name: str, *duties: str, agency: str = "customs") -> Actor:
    """An officer with duties."""
    return Actor(name, PERSON, 2, agency=agency, duties=frozenset(duties))


REVIEWER, APPROVER = officer("chen", "filings"), officer("zhao", "approvals")

ANSWERS = {
    "name_zh": "豫见优选商贸有限公司",
    "name_en": "Yujian Select Trading",
    "credit_code": CODE,
    "legal_representative": "李明华",
    "legal_representative_id": "410105198803129810",
    "address": "郑州市经开区航海东路1号",
    "contact_name": "王芳",
    "contact_phone": "13800000000",
    "truth_promise": "yes",
    "domestic": "yes",
    "shop_address": "https://shop.example",
    "platform_name": "豫见优选",
    "website": "https://yujian.example",
    "icp_record": "豫ICP备12345678号",
    "server_place": "郑州",
    "seller_check": "逐户核对营业执照，每年复核",
}


def answers(roles: tuple[str, ...] = ("ebc",), code: str = CODE, **changes: str) -> dict[str, str]:
    """Answers that are right for `ebc` and `ebp`, with changes; an empty value leaves a field out."""
    asked = {item.field.key for item in registry.asked_of(roles)}
    given = {key: value for key, value in ANSWERS.items() if key in asked} | {"credit_code": code} | changes
    return {key: value for key, value in given.items() if value}


def picture(seed: int) -> bytes:
    """A small PNG, another one for each seed."""
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0" + seed.to_bytes(3, "big"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def bring_papers(actor: Actor, case_id: int, roles: tuple[str, ...], at: datetime = NOW) -> None:
    """All papers that the roles need."""
    for seed, paper in enumerate(papers_of(roles)):
        registry.add_paper(actor, case_id, paper.key, f"{paper.key}.png", picture(seed + case_id * 100), at=at)


def apply_and_submit(
    roles: tuple[str, ...] = ("ebc",), code: str = CODE, at: datetime = NOW, **changes: str
) -> casework.Case:
    """An application with all its papers, sent for review."""
    actor = member(code)
    case = registry.apply(actor, code, roles, answers(roles, code, **changes), at=at)
    bring_papers(actor, case.id, roles, at)
    return registry.submit(actor, case.id, at=at)


def approve(case_id: int, at: datetime = NOW) -> casework.Case:
    """Reviewed by one officer, approved by another."""
    casework.move(REVIEWER, case_id, "take", at=at)
    casework.move(REVIEWER, case_id, "review", reason="材料齐全，同意", rule="2018年第194号", at=at)
    return casework.move(APPROVER, case_id, "approve", reason="同意备案", rule="2018年第194号", at=at)


def on_file(roles: tuple[str, ...] = ("ebc",), code: str = CODE, at: datetime = NOW, **changes: str) -> None:
    """An enterprise whose filing was approved at `at`."""
    approve(apply_and_submit(roles, code, at, **changes).id, at)


def engine_sees(code: str = CODE) -> frozenset[str]:
    """Roles that the engine sees of an enterprise."""
    with connection.cursor() as cursor:
        found = registry.enterprises(cursor).get(code)
    return found.roles if found else frozenset()
