"""The law files: all of them load at every year, each malformed one says what is wrong, every reason has its card."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.tariff import api, files
from silkgate.tariff.domain import LawFileError, Notice, NotInForceError

SPECIMENS = sorted((Path(__file__).parent / "specimens").glob("*.toml"))
ANY_NOTICE = {"n": Notice("n", Text("某通知", "A notice"), Text("某事", "something"), None, None, None, "here", True)}

REASONS = [
    "format.size", "format.xml", "format.unknown", "format.schema",
    "message.guid_reused",
    "sign.missing", "sign.invalid", "sign.certificate",
    "party.unknown", "party.role", "party.sender",
    "document.items", "duplicate.order", "duplicate.payment", "duplicate.waybill", "duplicate.declaration",
    "document.in_use", "document.stale", "document.unknown",
    "field.mode", "mode.unsupported", "buyer.id", "field.amount", "simplified.licence",
    "waiting.order", "waiting.payment", "waiting.waybill", "waiting.receipt",
    "match.ebc", "match.buyer", "match.items", "match.order_sum", "match.amount", "match.payer", "match.payment_no",
    "match.consignee", "match.waybill_order", "match.freight", "match.order_type", "match.receipt", "match.parcel",
    "goods.unknown", "goods.unlisted", "goods.prohibited",
    "limit.single", "limit.annual",
    "book.unknown", "book.mismatch", "book.insufficient",
    "guarantee.insufficient",
    "selection.inspect", "selection.review", "selection.random",
    "officer.release", "officer.detain", "officer.send_back",
    "declaration.unknown", "declaration.state",
    "return.late", "return.quantity", "return.mode", "return.untallied",
    "spare.contract", "spare.warranty", "spare.unknown_part", "spare.serial", "spare.serial_missing",
    "spare.serial_shared", "spare.replaced", "spare.quantity", "spare.free",
    "storage.party", "storage.book", "storage.goods", "storage.duplicate", "storage.guarantee", "storage.insufficient",
    "storage.nothing", "storage.late", "storage.overstay",
]  # fmt: skip
"""Every reason of the platform contract, sections 2 to 7, the officers' decisions, and what there is about the spare
parts of machines and about storage, in the order of checking."""

ENDED = "export.receipt_doc_required"
"""The one parameter whose law has ended."""

DAYS = [date(2016, 4, 8), *(date(year, month, 15) for year in range(2016, 2028) for month in (5, 12))]


def test_every_reason_has_one_card_in_the_order_of_checking() -> None:
    assert list(api.cards()) == REASONS


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_whole_law_loads_on_every_day(day: date) -> None:
    law = api.law_of_rows(day)
    assert law.day == day
    assert law.retail_modes == {"9610", "1210"}
    assert all(card.in_force(day) for card in api.cards().values())
    for name, parameter in api.parameters().items():
        if name != ENDED and parameter.values[0].since <= day:
            assert api.parameter(name, day).value is not None


@pytest.mark.parametrize(
    ("day", "single_cents", "annual_cents"),
    [
        (date(2016, 4, 8), 200_000, 2_000_000),
        (date(2018, 12, 31), 200_000, 2_000_000),
        (date(2019, 1, 1), 500_000, 2_600_000),
        (date(2026, 6, 18), 500_000, 2_600_000),
    ],
    ids=str,
)
def test_limits_by_day(day: date, single_cents: int, annual_cents: int) -> None:
    law = api.law_of_rows(day)
    assert (law.single_limit_cents, law.annual_limit_cents) == (single_cents, annual_cents)


def test_figures_of_the_law() -> None:
    law = api.law_of_rows(date(2026, 6, 18))
    assert law.duty_within_limit_e6 == 0
    assert (law.factor, law.factor_numerator, law.factor_denominator) == (Decimal("0.70"), 7, 10)
    assert law.return_apply_days == 30
    assert law.match_tolerance_e5 == 1_000
    assert (law.max_message_bytes, law.allow_1239, law.random_inspection_rate) == (10_485_760, False, 0)


def test_before_the_first_day_there_is_no_law() -> None:
    with pytest.raises(NotInForceError, match="2016-04-07: no value is in force"):
        api.law_of_rows(date(2016, 4, 7))


def test_an_ended_parameter_has_no_value_from_its_end() -> None:
    assert api.parameter(ENDED, date(2024, 12, 14)).value is True
    with pytest.raises(NotInForceError):
        api.parameter(ENDED, date(2024, 12, 15))


def test_a_parameter_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(LawFileError, match=r"retail_import\.single_limit"):
        api.parameter("retail_import.limit", date(2026, 1, 1))


# --- Policy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, (10_485_760, False, Decimal(0))),
        ({"allow_1239": True}, (10_485_760, True, Decimal(0))),
        ({"max_message_bytes": 2_000}, (2_000, False, Decimal(0))),
        ({"random_inspection_rate": "0.05"}, (10_485_760, False, Decimal("0.05"))),
        ({"random_inspection_rate": 0.1}, (10_485_760, False, Decimal("0.1"))),
        ({"random_inspection_rate": 1}, (10_485_760, False, Decimal(1))),
    ],
)
def test_policy_overrides(policy: dict[str, object], expected: tuple[int, bool, Decimal]) -> None:
    law = api.law_of_rows(date(2026, 6, 18), policy=policy)
    assert (law.max_message_bytes, law.allow_1239, law.random_inspection_rate) == expected


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"allow_1240": True}, "there is no such policy value"),
        ({"allow_1239": 1}, "true or false"),
        ({"max_message_bytes": 0}, "above 0"),
        ({"max_message_bytes": True}, "above 0"),
        ({"random_inspection_rate": "1.01"}, "from 0 to 1"),
        ({"random_inspection_rate": "NaN"}, "from 0 to 1"),
        ({"random_inspection_rate": "often"}, "from 0 to 1"),
        ({"random_inspection_rate": False}, "from 0 to 1"),
    ],
)
def test_policy_that_cannot_be_used(policy: dict[str, object], words: str) -> None:
    with pytest.raises(api.PolicyError, match=words):
        api.law_of_rows(date(2026, 6, 18), policy=policy)


# --- Malformed files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda path: path.stem)
def test_a_malformed_file_says_what_is_wrong_and_where(specimen: Path) -> None:
    """The first lines of a specimen name words that its error must contain; every error is in both languages."""
    wanted = [
        line.removeprefix("# error: ")
        for line in specimen.read_text(encoding="utf-8").splitlines()
        if line.startswith("# error: ")
    ]
    assert wanted
    read = files.read_cards if specimen.name.startswith("card-") else files.read_parameter
    with pytest.raises(LawFileError) as refused:
        read(specimen, ANY_NOTICE)
    assert specimen.name in str(refused.value)
    for words in wanted:
        assert words in refused.value.text.en
    assert any("\u4e00" <= character <= "\u9fff" for character in refused.value.text.zh)


def test_a_slug_cannot_be_given_twice() -> None:
    card = api.cards()["match.amount"]
    with pytest.raises(LawFileError, match=r"SG-8005 is given twice"):
        files.in_order([card, card])


def test_a_folder_without_law_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "REFERENCE", tmp_path)
    with pytest.raises(LawFileError, match="SILKGATE_REFERENCE"):
        files.cards.__wrapped__()


def test_the_version_follows_every_byte_but_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "REFERENCE", tmp_path)
    version = files.law_version.__wrapped__
    (tmp_path / "a.toml").write_bytes(b"x = 1\n")
    (tmp_path / "b.csv").write_bytes(b"code\n1\n")
    first = version()
    (tmp_path / "a.toml").write_bytes(b"x = 1\r\n")
    (tmp_path / "notes.md").write_bytes(b"words for people\n")
    assert version() == first
    (tmp_path / "a.toml").write_bytes(b"x = 2\n")
    second = version()
    assert second != first
    (tmp_path / "a.toml").rename(tmp_path / "c.toml")
    assert version() not in {first, second}
    assert len(first) == 12


# --- Cards -------------------------------------------------------------------------------------------------------

NAMED_STATUSES = [
    # reason, receipt, status
    ("party.unknown", "312", "-10102"),
    ("party.unknown", "622", "-10102"),
    ("party.role", "622", "-10101"),
    ("party.sender", "412", "-621016"),
    ("sign.missing", "622", "-621026"),
    ("sign.invalid", "626", "-621029"),
    ("sign.certificate", "712", "-621015"),
    ("document.items", "312", "-301002"),
    ("document.items", "622", "-621027"),
    ("document.items", "626", "100"),
    ("document.items", "712", "100"),
    ("duplicate.order", "312", "-301010"),
    ("duplicate.payment", "412", "-401007"),
    ("duplicate.waybill", "512", "-504015"),
    ("duplicate.declaration", "622", "-621004"),
    ("document.in_use", "512", "100"),
    ("document.stale", "312", "100"),
    ("document.unknown", "412", "100"),
    ("message.guid_reused", "312", "100"),
    ("waiting.payment", "622", "2"),
    ("match.amount", "622", "100"),
    ("goods.unlisted", "622", "100"),
    ("limit.single", "622", "-621005"),
    ("limit.annual", "622", "-621018"),
    ("book.insufficient", "622", "100"),
    ("guarantee.insufficient", "622", "100"),
    ("selection.inspect", "622", "500"),
    ("selection.review", "622", "300"),
    ("selection.random", "622", "500"),
    ("officer.release", "622", "800"),
    ("officer.detain", "622", "599"),
    ("officer.send_back", "622", "100"),
    ("declaration.unknown", "624", "-623003"),
    ("declaration.unknown", "626", "-625016"),
    ("declaration.state", "624", "-623005"),
    ("declaration.state", "626", "-625022"),
    ("return.late", "626", "100"),
    ("return.quantity", "626", "-625209"),
    ("format.xml", "900", "-1"),
]


@pytest.mark.parametrize(("reason", "kind", "status"), NAMED_STATUSES)
def test_receipt_statuses(reason: str, kind: str, status: str) -> None:
    assert api.cards()[reason].receipt_code(kind) == status


def test_every_status_stands_in_the_code_tables() -> None:
    """CEB900 carries any negative number; every other status is one of the specification's."""
    known = {"-1"}
    for table in ("return-status", "error-codes"):
        with (api.REFERENCE / "codes" / f"{table}.csv").open(encoding="utf-8") as lines:
            known |= {row["code"] for row in csv.DictReader(lines)}
    used = {(slug, code) for slug, card in api.cards().items() for code in card.receipts.values()}
    assert not [pair for pair in used if pair[1] not in known]


@pytest.mark.parametrize("slug", REASONS)
def test_a_card_speaks_for_its_example(slug: str) -> None:
    """Both languages say what the example holds, leave no brace over, and end like a sentence."""
    card = api.cards()[slug]
    told, advice = api.tell(card.example), card.advise(card.example)
    assert not {"{", "}"} & set(told.zh + told.en + advice.zh + advice.en)
    for name in files.placeholders(card.sentence.zh) - {"detail"}:
        value = getattr(card.example, name)
        assert value or slug == "field.mode", f"the example says no {name}"
        assert value in told.zh
        assert value in told.en
    for text in (told, advice):
        assert text.zh.endswith("。")
        assert text.en.endswith(".")
    assert card.law_text.zh
    assert card.law_text.en


def test_words_of_a_check_stand_in_their_language() -> None:
    told = api.tell(Finding("format.schema", "", "报关单号缺失", "the number is missing"))
    assert told == Text("报文不符合规范：报关单号缺失。", "The message breaks the schema: the number is missing.")


def test_an_empty_value_and_a_line_are_told() -> None:
    told = api.tell(Finding("field.mode", "itemRecordNo", "", "1210", line=3))
    assert told.zh == "第3项：itemRecordNo为空；贸易方式1210必须填写这一栏。"
    assert told.en == "Line 3: itemRecordNo is empty; trade mode 1210 needs it."
    assert api.tell(Finding("return.quantity", "gnum", "7")).en.endswith("it allows: none.")


def test_values_of_any_size_and_shape_can_be_told() -> None:
    """What a sender wrote goes into the sentence as it is, braces and all, and is cut before it fills a receipt."""
    told = api.tell(Finding("match.consignee", "consigneeAddress", "{found}" * 400, "%s{0}" * 400))
    assert "{found}{found}" in told.zh
    assert max(len(told.zh), len(told.en)) < 500


# --- Code tables -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "code", "zh"),
    [
        ("units", "035", "千克"),
        ("countries", "142", "中国"),
        ("currencies", "142", "人民币"),
        ("transport-modes", "5", "航空运输"),
        ("supervision-modes", "1210", "保税跨境贸易电子商务"),
        ("customs-districts", "4612", ""),
        ("wrap-types-1char", "2", "纸箱"),
        ("return-status", "800", "放行"),
    ],
)
def test_code_tables(table: str, code: str, zh: str) -> None:
    words = api.codes(table)[code]
    assert zh in words.zh
    assert words.zh
    assert words.en


def test_a_code_table_that_is_not_there() -> None:
    with pytest.raises(LawFileError, match="there is no such code table"):
        api.codes("colours")
