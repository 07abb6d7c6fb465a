"""The compiled recogniser by itself: every cut, every odd byte, every bound; `test_recognise` has the mutants of both.

It takes nothing that the regular expressions leave alone, and packs what an encoder makes of the values they find.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random

import msgspec
import pytest

from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.standards.ceb.fast import VARIABLE, FastRecogniser, Kept, Shape, fast_recogniser, is_compiled
from silkgate.standards.ceb.message import Packed
from standards.ceb.generator import SIGNATURE, Draft
from standards.ceb.packing import SHAPES, packed
from standards.ceb.test_recognise import RECOGNISER, plain_draft, with_lines

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(
    not is_compiled(), reason="编译识别器未安装或已停用 · the compiled recogniser was not built or is switched off"
)


def fast(shapes: dict[str, Shape] = SHAPES) -> FastRecogniser:
    made = fast_recogniser(shapes)
    assert made is not None
    return made


FAST = fast() if is_compiled() else None


def recognise(raw: bytes) -> Packed | None:
    assert FAST is not None
    return FAST.recognise(raw)


def assert_agrees(raw: bytes) -> bool:
    """What it takes, the regular expressions take too, with the same values; whether it does."""
    quick = recognise(raw)
    if quick is None:
        return False
    found = RECOGNISER.recognise(raw)
    assert found is not None, raw
    assert quick == packed(found, raw), raw
    return True


def signed(code: str, seed: int = 1) -> Draft:
    made = plain_draft(Random(seed), MESSAGES[code])
    if MESSAGES[code].inbound:
        made.signature = SIGNATURE
    return made


def with_value(name: str, value: str, code: str = "621") -> bytes:
    """A message with `value` in every element of that name."""
    made = signed(code)
    leaves = [leaf for leaf in made.root.leaves() if leaf.name == name]
    assert leaves
    for leaf in leaves:
        leaf.content = value
    return made.text().encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("code", ["311", "411", "621", "711", "900", "303", "507", "603", "792"])
def test_a_message_cut_off_anywhere_is_not_taken(code: str) -> None:
    raw = signed(code, 2).text().rstrip().encode()
    assert assert_agrees(raw)
    assert [end for end in range(len(raw)) if recognise(raw[:end]) is not None] == []


@pytest.mark.parametrize("code", ["411", "621", "505"])
def test_one_odd_byte_anywhere(code: str) -> None:
    """Replaced or inserted: what it still takes has the values that the regular expressions find."""
    raw = signed(code).text().encode()
    taken: Counter[bool] = Counter()
    for at, odd in product(range(len(raw)), (b"<", b">", b"&", b'"', b"\r", b"\0", b"\x7f", b"\x80", b"\xff", b"0")):
        taken[assert_agrees(raw[:at] + odd + raw[at + 1 :])] += 1
        taken[assert_agrees(raw[:at] + odd + raw[at:])] += 1
    assert min(taken.values()) > 100, taken


def test_every_kind_of_byte_sequence() -> None:
    """All first bytes beyond ASCII, followed by bytes at the bounds of UTF-8 and of XML, in a text and in a guid."""
    bounds = bytes.fromhex("00 22 3c 7f 80 8f 90 9f a0 bd be bf c0 ff")
    made = signed("411")
    made.root.attributes = f' guid="{"G" * 35}@" version="1.0"'
    for leaf in made.root.leaves():
        if leaf.name == "payName":
            leaf.content = "@" * 2
    before, after = made.text().encode().split(b"@@")
    guid_before, guid_after = before.split(b"@")
    taken: Counter[bool] = Counter()
    for first in range(0x80, 0x100):
        rest = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        for others in product(bounds, repeat=rest):
            odd = bytes((first, *others))
            for raw in (guid_before + b"@" + guid_after + odd + after, guid_before + odd + guid_after + b"@@" + after):
                try:
                    character = odd.decode()
                    allowed = len(character) == 1 and character not in "\ufffe\uffff"
                except UnicodeDecodeError:
                    allowed = False
                assert (recognise(raw) is not None) is allowed, odd
                taken[allowed] += 1
    assert taken[True] > 500, taken


@pytest.mark.parametrize(
    "amount",
    [
        *("0", "-0", "0.00000", "-0.00001", "0.1", "7", "12.3", "-12.34567", "00000000000007.5", "1.27", "0.00127"),
        *("0.00128", "0.00255", "0.00256", "0.65535", "0.65536", "42949.67295", "42949.67296", "-0.00032", "-0.00033"),
        *("-0.00128", "-0.00129", "-0.32768", "-0.32769", "-21474.83648", "-21474.83649", "92233720368547.75807"),
        "-92233720368547.75807",
    ],
)
def test_amounts(amount: str) -> None:
    """Each length of a packed number."""
    assert assert_agrees(with_value("freight", amount))


@pytest.mark.parametrize("amount", ["92233720368547.75808", "-92233720368547.75808", "99999999999999.99999"])
def test_amounts_beyond_63_bits_are_left_to_the_regular_expressions(amount: str) -> None:
    raw = with_value("freight", amount)
    assert recognise(raw) is None
    assert RECOGNISER.recognise(raw) is not None


@pytest.mark.parametrize("amount", ["", "+1", ".5", "5.", "1e5", "1E5", "0x1", " 1", "--1", "-", "1.123456", "1" * 15])
def test_what_is_no_plain_amount(amount: str) -> None:
    assert recognise(with_value("freight", amount)) is None


@pytest.mark.parametrize("number", ["0", "-1", "127", "128", "65536", "999999999", "-999999999", "-32", "-33"])
def test_whole_numbers(number: str) -> None:
    assert assert_agrees(with_value("gnum", number))


@pytest.mark.parametrize("number", ["", "-0", "007", "+1", "1.0", "1000000000", "-", "1 "])
def test_what_is_no_plain_whole_number(number: str) -> None:
    assert recognise(with_value("gnum", number)) is None


@pytest.mark.parametrize("length", [0, 1, 31, 32, 255, 256, 65_535, 65_536, 1_000_000])
@pytest.mark.parametrize("character", ["A", "关", "𠮷"])
def test_texts_of_every_length(length: int, character: str) -> None:
    """The one element without a bound; its text is packed with each length of a length."""
    assert assert_agrees(with_value("oriBizMessage", character * length, code="900"))


@pytest.mark.parametrize("character", ["A", "é", "关", "𠮷"])
@pytest.mark.parametrize(("length", "allowed"), [(0, False), (1, True), (18, True), (19, False)])
def test_lengths_are_counted_in_characters(character: str, length: int, allowed: bool) -> None:
    raw = with_value("ebpCode", character * length)
    assert (recognise(raw) is not None) is allowed
    assert (RECOGNISER.recognise(raw) is not None) is allowed


@pytest.mark.parametrize("lines", [1, 15, 16, 99])
@pytest.mark.parametrize("documents", [1, 15, 16, 100])
def test_arrays_of_every_length(documents: int, lines: int) -> None:
    made = signed("311")
    parts = made.root.content
    assert isinstance(parts, list)
    assert isinstance(parts[0].content, list)
    parts[0].content[1:] = parts[0].content[1:2] * lines
    made.root.content = parts[:1] * documents + [part for part in parts if part.name == "BaseTransfer"]
    assert assert_agrees(made.text().encode())


@pytest.mark.parametrize("lines", [0, 1, 15, 16, 100])
@pytest.mark.parametrize("code", ["507", "701", "792"])
def test_documents_that_may_have_no_lines(code: str, lines: int) -> None:
    made = with_lines(code)
    parts = made.root.content
    assert isinstance(parts, list)
    assert isinstance(parts[0].content, list)
    parts[0].content[1:] = parts[0].content[1:2] * lines
    raw = made.text().encode()
    assert assert_agrees(raw)
    without = fast({code: Shape([("guid", Kept.TEXT)])}).recognise(raw)
    assert without is not None
    assert [len(record) for record in msgspec.msgpack.decode(without.records)] == [1] * without.document_count


@pytest.mark.parametrize(
    ("goods", "taken"),
    [
        *(("", True), ("a", True), ("a b", True), ("茶 叶 𠮷", True), ("\u00a0a", True), ("a" * 200, True)),
        *((" ", False), (" a", False), ("a ", False), ("a  b", False), ("a\tb", False), ("a\n", False)),
        *(("a" * 201, False), ("a" * 200 + " ", False)),
    ],
)
def test_text_of_which_the_schema_collapses_the_white_space(goods: str, taken: bool) -> None:
    raw = with_value("goodsInfo", goods, code="505")
    assert assert_agrees(raw) is taken
    assert (RECOGNISER.recognise(raw) is not None) is taken


def test_values_come_in_the_order_wanted() -> None:
    raw = signed("311", 8).text().encode()
    shape = Shape([("orderNo", Kept.TEXT), ("goodsValue", Kept.AMOUNT_E5), ("guid", Kept.TEXT)], [("gnum", Kept.INT)])
    found, everything = fast({"311": shape}).recognise(raw), recognise(raw)
    assert found is not None
    assert everything is not None
    heads = [name for name, _ in SHAPES["311"].head]
    lines = [name for name, _ in SHAPES["311"].line or ()]
    assert msgspec.msgpack.decode(found.records) == [
        [
            *(record[heads.index(name)] for name in ("orderNo", "goodsValue", "guid")),
            [[line[lines.index("gnum")]] for line in record[-1]],
        ]
        for record in msgspec.msgpack.decode(everything.records)
    ]


def test_lines_may_be_left_out() -> None:
    raw = signed("311").text().encode()
    found = fast({"311": Shape([("orderType", Kept.TEXT)])}).recognise(raw)
    assert found is not None
    assert [len(record) for record in msgspec.msgpack.decode(found.records)] == [1] * found.document_count


def test_a_message_without_a_shape_is_not_taken() -> None:
    raw = signed("411").text().encode()
    assert fast({"311": SHAPES["311"]}).recognise(raw) is None
    assert fast({"411": SHAPES["411"]}).recognise(raw) is not None


@pytest.mark.parametrize(
    ("code", "shape"),
    {
        "an element that is not there": ("411", Shape([("orderNumber", Kept.TEXT)])),
        "an element of another part": ("311", Shape([("gnum", Kept.INT)])),
        "a text as an amount": ("411", Shape([("orderNo", Kept.AMOUNT_E5)])),
        "an amount as a whole number": ("411", Shape([("amountPaid", Kept.INT)])),
        "lines of a message without lines": ("411", Shape([], [("gnum", Kept.INT)])),
        "the same element twice": ("411", Shape([("orderNo", Kept.TEXT), ("orderNo", Kept.TEXT)])),
    }.values(),
)
def test_shapes_that_the_catalogue_does_not_allow(code: str, shape: Shape) -> None:
    with pytest.raises(ValueError, match=r"cannot be kept|has no lines|wanted twice"):
        fast({code: shape})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda library, plan: library.recognise(plan, "text"),
        lambda library, plan: library.recognise(plan),
        lambda library, plan: library.recognise(object(), b""),
        lambda library, plan: library.plan([]),
        lambda library, plan: library.plan(((), b"", ((), b"\x09"), ())),
        lambda library, plan: library.plan((("",), b"", ((), b""), ())),
        lambda library, plan: library.plan(((), b"", ((), bytes(129)), ())),
        lambda library, plan: library.plan(((), b"", (((b"", b"", b"", b"", b"", 9, 0, 0, 1, 1, 0, -1),), b""), ())),
        lambda library, plan: library.plan(((), b"", (((b"", b"", b"", b"", b"", 0, 0, 0, 1, 1, 0, 0),), b""), ())),
        lambda library, plan: library.plan(((), b"", ((), b""), ((b"311",),))),
    ],
)
def test_what_the_library_is_given_is_checked(spoil: Callable[..., object]) -> None:
    """An error, never a crash, where Python code calls it with the wrong things."""
    from silkgate.standards.ceb import _fast

    plan = _fast.plan(((), b"<ceb:CEB", ((), b""), ()))
    with pytest.raises((TypeError, ValueError, SystemError)):
        spoil(_fast, plan)


def test_it_can_be_switched_off() -> None:
    said = "from silkgate.standards.ceb.fast import *; print(is_compiled(), fast_recogniser({}))"
    for value, expected in (("0", "False None"), ("1", "True <"), ("", "True <")):
        done = subprocess.run(
            [sys.executable, "-c", said], env=os.environ | {VARIABLE: value}, capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith(expected), value


def test_without_a_compiler_the_package_still_builds(tmp_path: Path) -> None:
    """The library is left out in peace; with a compiler it is there."""
    built = {}
    for compiler in ("cc", "false"):
        place = tmp_path / compiler
        subprocess.run(
            [sys.executable, "setup.py", "--quiet", "build_ext", f"--build-lib={place}", f"--build-temp={place}/made"],
            cwd=ROOT, env=os.environ | {"CC": compiler}, capture_output=True, check=True,
        )  # fmt: skip
        built[compiler] = bool(list(place.rglob("_fast*.so")))
    assert built == {"cc": True, "false": False}
