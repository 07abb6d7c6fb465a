"""Trial laws: what they change, that they change nothing else, and that a slip in one is told."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from silkgate.tariff import api as tariff
from silkgate.tariff import files

DAY = date(2026, 6, 18)
TITLE = 'title = { zh = "试算", en = "A trial" }\n'
TARIFF_HEAD = "gcode,name,duty_rate,vat_rate,consumption_rate,unit1,unit2,listed_modes,valid_from,valid_to"
RATES = f"{TARIFF_HEAD}\n3304990039,面霜,0.01,0.13,0.15,035,,9610;1210,,\n0102030405,马,0,0.09,0,035,,1210,,\n"
PROHIBITED = "gcode_prefix,reason,valid_from,valid_to\n0102,活动物,,\n22,酒,,2020-01-01\n"


@pytest.fixture
def loaded(database: str) -> tariff.Law:
    """The law of the day with a small tariff."""
    rows = [dict(zip(TARIFF_HEAD.split(","), line.split(","), strict=True)) for line in (
        "3304990039,面霜,0.05,0.13,0.15,035,,1210,,",
        "9102110000,手表,0.1,0.13,0.2,001,,9610;1210,,",
    )]  # fmt: skip
    tariff.load_tariff(rows, "tariff.csv")
    tariff.load_prohibited(
        [{"gcode_prefix": code, "reason": "禁", "valid_from": "", "valid_to": ""} for code in ("22", "9706")], "p.csv"
    )
    return tariff.law_of(DAY)


def written(folder: Path, text: str, **tables: str) -> Path:
    for name, content in tables.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    file = folder / "trial.toml"
    file.write_text(TITLE + text, encoding="utf-8")
    return file


def changed(law: tariff.Law, other: tariff.Law) -> dict[str, object]:
    """Fields of the second law that are not those of the first; versions aside."""
    return {
        field.name: getattr(other, field.name)
        for field in fields(law)
        if getattr(law, field.name) != getattr(other, field.name) and not field.name.endswith("version")
    }


FIGURES = {
    "[retail_import]\nsingle_limit = 2000": {"single_limit_cents": 200_000},
    "[retail_import]\nannual_limit = 19999.99": {"annual_limit_cents": 1_999_999},
    "[retail_import]\nvat_ct_factor = 0.65": {
        "factor": Decimal("0.65"), "factor_numerator": 13, "factor_denominator": 20,
    },
    "[retail_import]\nduty_rate_within_limit = 0.5": {"duty_within_limit_e6": 500_000},
    "[retail_import]\nreturn_apply_days = 7": {"return_apply_days": 7},
    "[policy]\nrandom_inspection_rate = 0.25": {"random_inspection_rate": Decimal("0.25")},
    "[policy]\nallow_1239 = true": {"allow_1239": True},
    "[retail_import]\nsingle_limit = 1\n[policy]\nallow_1239 = true": {"single_limit_cents": 100, "allow_1239": True},
    "": {},
}  # fmt: skip


@pytest.mark.parametrize("text", FIGURES)
def test_a_figure_changes_its_field_alone(text: str, loaded: tariff.Law, tmp_path: Path) -> None:
    trial = tariff.read_trial(written(tmp_path, text))
    law = tariff.law_of(DAY, trial=trial)
    assert changed(loaded, law) == FIGURES[text]
    assert law.version == f"{loaded.version}+{trial.version}"
    assert changed(loaded, tariff.law_of(DAY)) == {}


def test_figures_hold_on_every_day(loaded: tariff.Law, tmp_path: Path) -> None:
    trial = tariff.read_trial(written(tmp_path, "[retail_import]\nsingle_limit = 3000"))
    assert {tariff.law_of(date(year, 5, 1), trial=trial).single_limit_cents for year in (2017, 2019, 2026)} == {300_000}


@pytest.mark.parametrize("text", ["[policy]\nallow_1239 = false", ""])
def test_the_zone_s_policy_gives_way_to_a_trial_that_names_it(text: str, loaded: tariff.Law, tmp_path: Path) -> None:
    policy = {"allow_1239": True, "random_inspection_rate": 0.1}
    law = tariff.law_of(DAY, policy=policy, trial=tariff.read_trial(written(tmp_path, text)))
    assert (law.allow_1239, law.random_inspection_rate) == (not text, Decimal("0.1"))


def test_rows_take_the_place_of_those_of_their_code(loaded: tariff.Law, tmp_path: Path) -> None:
    text = 'tariff = "rates.csv"\nprohibited = "none.csv"\npermitted = ["9706"]'
    trial = tariff.read_trial(written(tmp_path, text, rates=RATES, none=PROHIBITED))
    law = tariff.law_of(DAY, trial=trial)
    assert set(changed(loaded, law)) == {"rates", "headings", "prohibitions", "prefix_lengths"}
    assert set(law.rates) == {*loaded.rates, "0102030405"}
    assert law.rates["9102110000"] == loaded.rates["9102110000"]
    assert (law.rates["3304990039"].duty_e6, law.rates["3304990039"].modes) == (10_000, {"9610", "1210"})
    assert dict(law.prohibitions) == {"0102": "活动物"}  # 22 ended with the trial's row, 9706 is permitted
    assert law.tariff_version != loaded.tariff_version


def test_the_version_follows_every_file(tmp_path: Path) -> None:
    text = 'tariff = "rates.csv"'
    one = tariff.read_trial(written(tmp_path, text, rates=RATES)).version
    assert tariff.read_trial(written(tmp_path, text, rates=RATES)).version == one
    assert tariff.read_trial(written(tmp_path, text, rates=RATES.replace("0.01", "0.02"))).version != one
    assert tariff.read_trial(written(tmp_path, "#\n" + text, rates=RATES)).version != one


SLIPS = {
    "[retail_import]\nsingel_limit = 2000": "retail_import.singel_limit",
    "[import]\nsingle_limit = 2000": "import.single_limit",
    "single_limit = 2000": "single_limit",
    '[retail_import]\nsingle_limit = "2000"': "single_limit",
    "[retail_import]\nreturn_apply_days = 7.5": "return_apply_days",
    "[policy]\nallow_1239 = 1": "allow_1239",
    'permitted = "22"': "permitted",
    "tariff = 3": "tariff",
    'tariff = "nowhere.csv"': "nowhere.csv",
    "[retail_import": "trial.toml",
    'tariff = "bad.csv"': "duty_rate",
    'prohibited = "rates.csv"': "rates.csv",
}


@pytest.mark.parametrize("text", SLIPS)
def test_a_slip_is_told_with_its_place(text: str, tmp_path: Path) -> None:
    file = written(tmp_path, text, bad=RATES.replace("0.01", "much"), rates=RATES)
    with pytest.raises(tariff.TariffError) as error:
        tariff.read_trial(file)
    assert SLIPS[text] in error.value.text.zh
    assert SLIPS[text] in error.value.text.en


def test_a_title_is_needed(tmp_path: Path) -> None:
    (tmp_path / "trial.toml").write_text("[retail_import]\nsingle_limit = 2000\n", encoding="utf-8")
    with pytest.raises(tariff.LawFileError):
        tariff.read_trial(tmp_path / "trial.toml")


@pytest.mark.parametrize("file", sorted((tariff.REFERENCE / "trials").glob("*.toml")), ids=lambda file: file.stem)
def test_shipped_trials_can_be_read(file: Path) -> None:
    assert tariff.read_trial(file).title.en


def test_a_trial_is_no_law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new trial beside the law does not give the law another version; a new law file does."""
    monkeypatch.setattr(files, "REFERENCE", tmp_path)
    version = files.law_version.__wrapped__
    (tmp_path / "trials").mkdir()
    versions = [version()]
    for name in ("trials/one.toml", "trials/rates.csv", "law.toml"):
        (tmp_path / name).write_text("a = 1\n", encoding="utf-8")
        versions.append(version())
    assert versions[0] == versions[1] == versions[2] != versions[3]
