"""The demo zone is a filing that would be accepted, and follows from its seed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from silkgate.site.traffic.enterprises import ENTERPRISES, credit_code
from silkgate.site.traffic.goods import ARTICLES, STOCKED, TARIFF, TARIFF_BY_CODE, Article
from silkgate.site.traffic.people import check_character, person
from silkgate.site.traffic.zone import Zone
from silkgate.standards.xmldsig import SigningKey

HEADERS = {
    "enterprises": "code,name,roles,credit_class,dxp_id,certificate",
    "tariff": "gcode,name,duty_rate,vat_rate,consumption_rate,unit1,unit2,listed_modes,valid_from,valid_to,"
    "consumption_specific,consumption_threshold",
    "prohibited": "gcode_prefix,reason,valid_from,valid_to",
    "books": "ems_no,area_code,item_record_no,gcode,unit,qty",
    "allowances": "buyer_id_number,year,used",
    "guarantees": "assure_code,balance",
    "selection": "kind,value,action",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zone")
    Zone(seed=7).write(folder)
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("table", HEADERS)
def test_a_table_has_the_columns_of_a_case(written: Path, table: str) -> None:
    file = written / f"{table}.csv"
    assert file.read_text(encoding="utf-8").splitlines()[0] == HEADERS[table]
    assert rows(file)


def test_the_same_seed_writes_the_same_tables(written: Path, tmp_path: Path) -> None:
    Zone(seed=7).write(tmp_path)
    for table in HEADERS:
        assert (tmp_path / f"{table}.csv").read_bytes() == (written / f"{table}.csv").read_bytes()


def test_another_seed_has_other_buyers() -> None:
    first, second = ({buyer.id_number for buyer, _ in Zone(seed).spent_buyers} for seed in (1, 2))
    assert not first & second


def test_certificates_are_those_of_the_signing_keys(written: Path) -> None:
    filed = {row["code"]: row["certificate"] for row in rows(written / "enterprises.csv") if row["certificate"]}
    assert set(filed) == {firm.code for firm in ENTERPRISES if firm.key}
    for code, name in filed.items():
        pem = (written / "certs" / name).read_bytes()
        assert b"PRIVATE" not in pem
        assert type(Zone().key(code).certificate).from_pem(pem) == Zone().key(code).certificate


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    agent = Zone().in_role("agent")[0].code
    first = Zone(keys_dir=tmp_path).key(agent)
    assert Zone(keys_dir=tmp_path).key(agent).certificate == first.certificate
    file = tmp_path / f"{agent}.pem"
    assert file.stat().st_mode & 0o077 == 0
    assert SigningKey.from_pem(file.read_bytes()).certificate == first.certificate


def test_every_role_is_filled() -> None:
    count = {
        role: len(Zone().in_role(role)) for role in ("ebp", "ebc", "pay", "logistics", "area", "agent", "operator")
    }
    assert count == {"ebp": 3, "ebc": 12, "pay": 3, "logistics": 3, "area": 3, "agent": 4, "operator": 1}
    assert {firm.key for firm in Zone().in_role("agent")} == {"rsa", "sm2"}


def test_codes_have_the_right_form() -> None:
    assert len({firm.code for firm in ENTERPRISES}) == len({firm.dxp_id for firm in ENTERPRISES}) == len(ENTERPRISES)
    for firm in ENTERPRISES:
        assert len(firm.code) == 10 or firm.code == credit_code(firm.code[:17])
        assert len(firm.dxp_id) == 16


@pytest.mark.parametrize("article", STOCKED, ids=lambda article: article.sku)
def test_an_article_fits_its_tariff_line(article: Article) -> None:
    line = TARIFF_BY_CODE[article.gcode]
    assert "1210" in line.listed_modes
    assert bool(line.unit2) == bool(article.second_e5)
    assert article.statutory_e5 > 0
    assert article.price_from < article.price_to
    assert {item.ems_no for item in Zone().books if item.item_record_no == Zone().record_no(article)} == {
        shop.ems_no for shop in Zone().shops
    }


def test_goods_are_of_every_kind_of_tax_and_list() -> None:
    assert 20 <= len(ARTICLES) <= 40
    sold = [TARIFF_BY_CODE[article.gcode] for article in ARTICLES]
    assert any(line.consumption_specific for line in sold)
    assert any(line.consumption_threshold for line in sold)
    assert {line.listed_modes for line in TARIFF} == {"9610;1210", "1210", ""}


def test_a_shop_s_guarantor_is_one_of_its_parties_and_has_a_balance() -> None:
    zone = Zone()
    for shop in zone.shops:
        assert shop.assure_code in (shop.ebp.code, shop.ebc.code, shop.logistics.code)
        assert "assure" in zone.enterprise(shop.assure_code).roles
        assert shop.assure_code != zone.without_guarantee


def test_people_differ_and_their_numbers_are_valid() -> None:
    numbers = [person(index).id_number for index in range(5_000)]
    assert len(set(numbers)) == len(numbers)
    assert all(number[-1] == check_character(number[:17]) for number in numbers)
    assert {person(index).telephone[:3] for index in range(500)} == {"100"}
